import { describe, expect, it } from 'vitest';
import { breakOf, wantedAt } from '../../load/verdict/breakpoint.ts';
import { driftOf } from '../../load/verdict/drift.ts';
import { judge } from '../../load/verdict/judge.ts';
import type { Samples } from '../../load/verdict/observation.ts';
import type { Verdict } from '../../load/verdict/verdict.ts';
import { type Changes, observed } from './sample-load.ts';

const startMs = Date.UTC(2026, 0, 5);
type Second = Samples['seconds'][number];
/** Seconds at a rate, each changed by its number. */
const secondsAt = (rateAt: (second: number) => number, count: number, change: (second: number) => Partial<Second> = () => ({})) =>
  Array.from({ length: count }, (_, i): Second => {
    return { atMs: startMs + i * 1000, requests: Math.round(rateAt(i)), failed: 0, p50Ms: 20, p95Ms: 40, ...change(i) };
  });
const judged = (scenario: string, changes: Changes) => judge(observed({ ...changes, wanted: { scenario, ...changes.wanted } }));
const named = (name: RegExp, scenario: string, changes: Changes) =>
  judged(scenario, changes).judgements.find((judgement) => name.test(judgement.name));

const ramp = {
  corners: [
    { atSeconds: 0, ratePerSecond: 15 },
    { atSeconds: 60, ratePerSecond: 135 },
  ],
  durationSeconds: 60,
  ratePerSecond: 75,
};
const rampRate = (second: number) => 15 + 2 * (second + 0.5);

describe('breakpoint', () => {
  it.each([
    { at: 0, rate: 15 },
    { at: 30, rate: 75 },
    { at: 60, rate: 135 },
    { at: 70, rate: 135 },
  ])('knows the rate that is wanted at $at s', ({ at, rate }) => expect(wantedAt(ramp, at)).toBe(rate));

  interface Row {
    readonly title: string;
    readonly change?: (second: number) => Partial<Second>;
    readonly seconds?: number;
    readonly verdict: Verdict;
    readonly name: string;
    readonly generator?: Changes['generator'];
    readonly reason?: RegExp;
  }
  const late = (from: number, change: Partial<Second>) => (second: number) => (second >= from ? change : {});
  it.each<Row>([
    {
      title: 'errors first',
      change: late(10, { failed: 5 }),
      verdict: 'fail',
      name: 'breaking rate (errors)',
      reason: /^errors .* over 1 % at 3\d\/s, under the target rate of 60\/s/,
    },
    {
      title: 'latency first',
      change: late(15, { p95Ms: 450 }),
      verdict: 'fail',
      name: 'breaking rate (latency p95)',
      reason: /^latency p95 450 ms is over 200 ms at 4\d\/s/,
    },
    {
      title: 'the rate first',
      change: late(15, { requests: 20 }),
      verdict: 'fail',
      name: 'breaking rate (rate)',
      reason: /were answered at/,
    },
    { title: 'beyond the target', change: late(40, { failed: 9 }), verdict: 'pass', name: 'breaking rate (errors)' },
    { title: 'not at all', verdict: 'pass', name: 'breaking rate (none broke)' },
    {
      title: 'not, but cut short',
      seconds: 12,
      verdict: 'inconclusive',
      name: 'breaking rate (none broke)',
      reason: /no objective broke up to 3\d\/s, under/,
    },
    {
      title: 'for one slow second',
      change: (s) => (s === 20 ? { p95Ms: 900 } : {}),
      verdict: 'pass',
      name: 'breaking rate (none broke)',
    },
    {
      title: 'where nobody is answered for some seconds',
      change: (s) => (s >= 30 && s < 36 ? { requests: 0 } : {}),
      verdict: 'pass',
      name: 'breaking rate (rate)',
    },
    {
      title: 'on a saturated generator',
      change: late(15, { p95Ms: 450 }),
      generator: { coresUsed: 1.9 },
      verdict: 'inconclusive',
      name: 'breaking rate (latency p95)',
      reason: /but the generator was saturated/,
    },
    {
      title: 'not, for all that a saturated generator tells',
      generator: { coresUsed: 1.9 },
      verdict: 'inconclusive',
      name: 'breaking rate (none broke)',
      reason: /^no objective broke up to .*, but the generator was saturated/,
    },
  ])('breaks $title', ({ change, seconds = 60, verdict, name, generator = {}, reason }) => {
    const samples = { seconds: secondsAt(rampRate, seconds, change) };
    const row = named(/^breaking rate/, 'breakpoint', { wanted: ramp, samples, generator });
    expect(row).toMatchObject({ name, verdict });
    if (reason) expect(row?.reason).toMatch(reason);
  });

  it('names the rate where it broke', () => {
    const wanted = observed({ wanted: ramp }).wanted;
    const broke = breakOf(secondsAt(rampRate, 60, late(40, { failed: 30 })), wanted);
    expect(Math.abs((broke?.ratePerSecond ?? 0) - 95)).toBeLessThanOrEqual(10);
  });

  it('blames no store for breaking, nor a run that it ended', () => {
    const samples = { failed: 400, seconds: secondsAt(rampRate, 60, late(40, { failed: 9 })) };
    expect(judged('breakpoint', { wanted: ramp, samples, generator: { exitCode: 105, enough: true } }).verdict).toBe('pass');
    expect(judged('breakpoint', { wanted: ramp, samples, generator: { exitCode: 105 } }).verdict).toBe('inconclusive');
  });

  it('is never green without samples', () => {
    expect(judged('breakpoint', { wanted: ramp, samples: { requests: 0, seconds: [] } }).verdict).toBe('inconclusive');
  });
});

describe('spike', () => {
  const corners = [
    { atSeconds: 0, ratePerSecond: 6 },
    { atSeconds: 30, ratePerSecond: 6 },
    { atSeconds: 40, ratePerSecond: 60 },
    { atSeconds: 90, ratePerSecond: 60 },
    { atSeconds: 100, ratePerSecond: 6 },
    { atSeconds: 120, ratePerSecond: 6 },
  ];
  const wanted = { corners, durationSeconds: 120, ratePerSecond: 33 };
  const rate = (second: number) => wantedAt({ corners }, second + 0.5);
  const slowUntil = (end: number) => (second: number) => (second >= 35 && second < end ? { p95Ms: 900 } : {});
  it.each([
    { title: 'absorbed at once', until: 0, verdict: 'pass', value: 0 },
    { title: 'absorbed in time', until: 55, verdict: 'pass', value: 16 },
    { title: 'absorbed too late', until: 75, verdict: 'fail', value: 36 },
    { title: 'never absorbed', until: 200, verdict: 'fail', value: 79 },
  ])('is $title', ({ until, verdict, value }) => {
    const row = named(/met again/, 'spike', { wanted, samples: { seconds: secondsAt(rate, 120, slowUntil(until)) } });
    expect(row?.verdict).toBe(verdict);
    expect(Math.abs((row?.value ?? -1) - value)).toBeLessThanOrEqual(1);
  });

  it('is never absorbed while nobody is answered', () => {
    const seconds = secondsAt(rate, 120).filter(({ atMs }) => atMs < startMs + 45_000 || atMs >= startMs + 80_000);
    const row = named(/met again/, 'spike', { wanted, samples: { seconds } });
    expect(row).toMatchObject({ verdict: 'fail', reason: expect.stringMatching(/were answered/) });
    expect(Math.abs((row?.value ?? 0) - 41)).toBeLessThanOrEqual(3);
  });

  it('is inconclusive when it ended before its peak', () => {
    const row = named(/met again/, 'spike', { wanted, samples: { seconds: secondsAt(rate, 35) } });
    expect(row).toMatchObject({ verdict: 'inconclusive', reason: 'the peak of the spike was not reached' });
  });
});

describe('soak', () => {
  const points = (value: (i: number) => number, count = 600) =>
    Array.from({ length: count }, (_, i) => ({ atMs: i * 1000, value: value(i) }));
  it.each([
    { title: 'none in a flat line', value: () => 50, percent: 0 },
    { title: 'a growth by half', value: (i: number) => 50 + (25 * i) / 600, percent: 45 },
    { title: 'a fall', value: (i: number) => 50 - (10 * i) / 600, percent: -18 },
    { title: 'none in waves', value: (i: number) => 50 + 5 * Math.sin(i / 9), percent: 0 },
    { title: 'none in one slow minute', value: (i: number) => (i > 300 && i < 360 ? 500 : 50), percent: 0 },
  ])('drift is $title', ({ value, percent }) => expect(Math.abs(driftOf(points(value)).percent - percent)).toBeLessThan(4));

  const memoryPercent = { 'plan-westeurope': points(() => 60) };
  it.each([
    { title: 'steady', p50: () => 20, server: { memoryPercent }, verdict: 'pass' },
    {
      title: 'slower and slower',
      p50: (i: number) => 20 + i / 20,
      server: { memoryPercent },
      verdict: 'fail',
      reason: /^latency drift: 1\d\d(\.\d)? % over the run/,
    },
    {
      title: 'filling its memory',
      p50: () => 20,
      server: { memoryPercent: { p: points((i) => 40 + i / 20) } },
      verdict: 'fail',
      reason: /^memory drift \(p\)/,
    },
    { title: 'without server metrics', p50: () => 20, server: undefined, verdict: 'inconclusive', reason: /no server metrics/ },
    {
      title: 'known by its last third alone',
      p50: () => 20,
      server: { memoryPercent: { p: points(() => 60).slice(400) } },
      wanted: { durationSeconds: 600 },
      verdict: 'inconclusive',
      reason: /^memory drift \(p\): measured over 33\.2 % of the run/,
    },
    {
      title: 'too short',
      p50: () => 20,
      seconds: 8,
      server: { memoryPercent },
      verdict: 'inconclusive',
      reason: /8 samples are too few/,
    },
  ])('judges a store that is $title', ({ p50, server, seconds = 600, wanted = {}, verdict, reason }) => {
    const startMs = Date.UTC(2026, 0, 5);
    const samples = {
      lastAtMs: startMs + (wanted.durationSeconds ?? 60) * 1000,
      requests: 60 * (wanted.durationSeconds ?? 60),
      seconds: secondsAt(
        () => 60,
        seconds,
        (i) => ({ p50Ms: p50(i) }),
      ),
    };
    const result = judged('soak', { samples, server, wanted });
    expect(result.verdict).toBe(verdict);
    if (reason) expect(result.reasons[0]).toMatch(reason);
  });
});

describe('hot product', () => {
  const partition = (name: string, peakPercent: number) => ({ container: 'reviews', partition: name, peakPercent });
  const throttled = {
    name: 'GET /x',
    status: 503,
    layer: 'cosmos',
    code: 'cosmos_throttled',
    external: '',
    byApp: true,
    retried: false,
    count: 7,
  };
  it.each([
    {
      title: 'one partition at its limit',
      partitions: [partition('0', 12), partition('1', 100)],
      verdict: 'fail',
      reason: /^partition 1 of reviews was at 100 % of its RU, while the others were at 12 %: 7 requests throttled/,
    },
    { title: 'all with room', partitions: [partition('0', 12), partition('1', 60)], refusals: [], verdict: 'pass' },
    {
      title: 'room in the minutes that came',
      partitions: [partition('0', 12)],
      partitionsPercent: 70,
      refusals: [],
      verdict: 'inconclusive',
      reason: /^hottest partition: the partitions told their use in 70 % of the run's minutes/,
    },
    {
      title: 'room by the minute, throttled within it',
      partitions: [partition('0', 80)],
      verdict: 'fail',
      reason: /^partition 0/,
    },
    {
      title: 'no metrics',
      partitions: undefined,
      verdict: 'inconclusive',
      reason: /no server metrics; Cosmos DB refused 7 requests/,
    },
  ])('is told by its partitions: $title', ({ partitions, partitionsPercent = 80, refusals = [throttled], verdict, reason }) => {
    const server = partitions && { partitions, partitionsPercent };
    const result = judged('hot-product', { samples: { failed: 7, refusals }, server });
    expect(result.verdict).toBe(verdict);
    if (reason) expect(result.reasons[0]).toMatch(reason);
  });
});
