import { describe, expect, it } from 'vitest';
import { seeded } from '../../fixtures/data/random.ts';
import { minuteMs } from '../../health/bins.ts';
import { type Course, endingWarning, hourMs, trendOf, warningOf, weekMs } from '../../health/foresight.ts';

const nowMs = Date.UTC(2026, 10, 23, 14);

/** Sum of twelve: near enough to normal. */
const normal = (random: () => number) => Array.from({ length: 12 }, random).reduce((sum, each) => sum + each, -6);

interface Drawn {
  readonly start: number;
  readonly perMinute: number;
  readonly noise: number;
  readonly outliers?: number;
}

function course(seed: number, { start, perMinute, noise, outliers = 0 }: Drawn, endMinute: number): Course {
  const random = seeded(seed);
  const values = Array.from({ length: 180 }, (_, minute) => {
    const value = start + perMinute * minute + noise * normal(random);
    return random() < outliers ? value * 3 : value;
  });
  const points = values.slice(0, endMinute + 1).map((value, minute) => ({ atMs: nowMs + minute * minuteMs, value }));
  return { id: 'ru@contoso', title: 'RU', place: 'contoso', unit: 'RU/s', bound: 4_000, within: 'hour', points };
}

const seeds = Array.from({ length: 100 }, (_, i) => i + 1);

describe('foresight', () => {
  it.each([
    ['steady', { start: 1_000, perMinute: 20, noise: 0 }],
    ['noisy', { start: 1_000, perMinute: 20, noise: 100 }],
    ['with outliers', { start: 1_000, perMinute: 20, noise: 50, outliers: 0.1 }],
  ])('warns of a %s ramp before its bound, in all of 100', (_, drawn) => {
    for (const seed of seeds) {
      const crossing = (4_000 - drawn.start) / drawn.perMinute;
      // From forty minutes before the bound on, in every minute up to ten before it.
      for (const before of [40, 30, 20, 10]) {
        const at = nowMs + (crossing - before) * minuteMs;
        const warning = warningOf(course(seed, drawn, crossing - before), at);
        expect(warning, `seed ${seed}, ${before} minutes before`).toBeDefined();
        expect(Math.abs((warning?.expectedMs ?? 0) - (nowMs + crossing * minuteMs))).toBeLessThan(20 * minuteMs);
      }
    }
  });

  it('says nothing of noise, in 100 courses of two hours', () => {
    const said = seeds.flatMap((seed) =>
      Array.from({ length: 24 }, (_, i) => 59 + 5 * i)
        .map((minute) => warningOf(course(seed, { start: 3_000, perMinute: 0, noise: 250 }, minute), nowMs + minute * minuteMs))
        .filter((warning) => warning !== undefined),
    );
    expect(said).toEqual([]);
  });

  it('says nothing of a ramp that needs more than an hour', () => {
    expect(warningOf(course(1, { start: 1_000, perMinute: 10, noise: 5 }, 120), nowMs + 120 * minuteMs)).toBeUndefined();
  });

  it.each([
    // At minute 120 it stands at 3,400, and reaches 4,000 in minute 150.
    ['at once', 120, 150],
    ['a quarter of an hour later', 135, 150],
    ['when it should be there already', 160, 160],
  ])('counts from the latest point, asked %s', (_, asked, expected) => {
    const warning = warningOf(course(1, { start: 1_000, perMinute: 20, noise: 0 }, 120), nowMs + asked * minuteMs);
    expect(((warning?.expectedMs ?? 0) - nowMs) / minuteMs).toBeCloseTo(expected, 3);
    expect(((warning?.earliestMs ?? 0) - nowMs) / minuteMs).toBeCloseTo(expected, 3);
  });

  it('warns of a bound within the hour from now, that is more than an hour after the latest point', () => {
    const drawn = course(1, { start: 1_000, perMinute: 20, noise: 0 }, 80);
    expect(warningOf(drawn, nowMs + 89 * minuteMs)).toBeUndefined();
    expect(warningOf(drawn, nowMs + 91 * minuteMs)?.expectedMs).toBeCloseTo(nowMs + 150 * minuteMs, -3);
  });

  it('says nothing of what falls, of what has crossed, and of too few points', () => {
    expect(warningOf(course(1, { start: 3_900, perMinute: -20, noise: 5 }, 60), nowMs)).toBeUndefined();
    expect(warningOf(course(1, { start: 3_900, perMinute: 20, noise: 5 }, 60), nowMs)).toBeUndefined();
    expect(trendOf(course(1, { start: 1, perMinute: 1, noise: 0 }, 8).points)).toBeUndefined();
    expect(trendOf(course(1, { start: 1, perMinute: 1, noise: 0 }, 9).points)?.slope).toBeCloseTo(1 / minuteMs, 12);
  });

  it.each([
    ['a week and a minute', weekMs + minuteMs, false],
    ['a week', weekMs, true],
    ['an hour', hourMs, true],
    ['nothing: it has ended', 0, false],
  ])('a certificate with %s left', (_, left, warns) => {
    const ending = { id: 'certificate@global', title: 'certificate', place: 'global', endsAtMs: nowMs + left };
    expect(endingWarning(ending, nowMs) !== undefined).toBe(warns);
  });
});
