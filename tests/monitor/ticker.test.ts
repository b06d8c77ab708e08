import { describe, expect, test } from 'vitest';
import { minuteMs, schedule } from '../../synthetics/monitor/schedule.ts';
import { graceMs, Ticker } from '../../synthetics/monitor/ticker.ts';
import { checks } from './checks.ts';
import { SimulatedClock } from './clock.ts';

const hourMs = 60 * minuteMs;
const start = Date.UTC(2026, 10, 23, 12, 0, 0);
const perRound = 40;

function ticking(clock: SimulatedClock) {
  const seen = { starts: [] as { key: string; atMs: number; delayMs: number }[], begun: [] as number[], missed: 0, periods: 0 };
  const ticker = new Ticker(schedule(checks(), {}), minuteMs, clock, {
    begin: (period) => seen.begun.push(period),
    due: ({ check, atMs }) =>
      seen.starts.push({ key: `${check.journey.name} ${check.target.name}`, atMs, delayMs: clock.now() - atMs }),
    missed: (missed, periods) => {
      seen.missed += missed;
      seen.periods += periods;
    },
  });
  return { seen, ticker };
}

describe('ticker', () => {
  test('neither drifts nor misses a check in 72 hours', async () => {
    const clock = new SimulatedClock(start);
    const { seen, ticker } = ticking(clock);
    ticker.start();
    await clock.pass(72 * hourMs - 1);
    ticker.stop();
    expect(seen.starts).toHaveLength(72 * 60 * perRound);
    expect(seen.missed + seen.periods).toBe(0);
    expect(Math.max(...seen.starts.slice(-perRound).map(({ delayMs }) => delayMs))).toBeLessThanOrEqual(1);
    const of = seen.starts.filter(({ key }) => key === 'checkout westeurope');
    expect(new Set(of.map(({ atMs }) => atMs % minuteMs)).size).toBe(1);
    expect(of).toHaveLength(72 * 60);
    expect(clock.pending).toBe(0);
  });

  test('begins in the middle of a minute with what is still due', async () => {
    const clock = new SimulatedClock(start + 30_000);
    const { seen, ticker } = ticking(clock);
    ticker.start();
    await clock.pass(29_999);
    ticker.stop();
    expect(seen.starts.length).toBeGreaterThan(5);
    expect(seen.starts.length).toBeLessThan(35);
    expect(seen.starts.every(({ atMs }) => atMs >= start + 30_000)).toBe(true);
    expect(seen.missed).toBe(0);
  });

  test.each([
    { what: 'a suspend of three hours', act: (c: SimulatedClock) => c.suspend(3 * hourMs), periods: 179 },
    { what: 'a step of an hour forwards', act: (c: SimulatedClock) => c.step(hourMs), periods: 59 },
    { what: 'a step of two minutes forwards', act: (c: SimulatedClock) => c.step(2 * minuteMs), periods: 1 },
  ])('resumes after $what without a burst, and says the gap', async ({ act, periods }) => {
    const clock = new SimulatedClock(start);
    const { seen, ticker } = ticking(clock);
    ticker.start();
    await clock.pass(10 * minuteMs + 20_000);
    const before = seen.starts.length;
    act(clock);
    await clock.pass(2_000);
    // What was due within the last seconds of the jump, and not a minute's worth of checks, let alone hours'.
    expect(seen.starts.length - before).toBeLessThan(15);
    expect(seen.periods).toBe(periods);
    expect(seen.missed).toBeGreaterThan(0);
    await clock.pass(5 * minuteMs);
    expect(seen.starts.every(({ delayMs }) => delayMs <= graceMs)).toBe(true);
    expect(seen.starts.length - before).toBeGreaterThan(4.5 * perRound);
  });

  test.each([
    { what: 'an hour', ms: hourMs },
    { what: 'half a minute', ms: 30_000 },
  ])('goes on after the clock was set back by $what', async ({ ms }) => {
    const clock = new SimulatedClock(start);
    const { seen, ticker } = ticking(clock);
    ticker.start();
    await clock.pass(2 * hourMs + 5_000);
    const before = seen.starts.length;
    clock.step(-ms);
    await clock.pass(10 * minuteMs);
    const after = seen.starts.length - before;
    expect(after).toBeGreaterThan(9 * perRound);
    expect(after).toBeLessThan(11.1 * perRound);
    expect(seen.starts.every(({ delayMs }) => delayMs >= 0 && delayMs <= graceMs)).toBe(true);
  });

  test('starts a check late by less than the grace, and skips one that is later', async () => {
    const clock = new SimulatedClock(start);
    const { seen, ticker } = ticking(clock);
    ticker.start();
    await clock.pass(minuteMs);
    clock.suspend(graceMs - 2_500);
    await clock.pass(2_000);
    expect(seen.missed).toBe(0);
    clock.suspend(20_000);
    await clock.pass(2_000);
    expect(seen.missed).toBeGreaterThan(0);
    expect(seen.periods).toBe(0);
  });

  test('takes another schedule with the next period', async () => {
    const clock = new SimulatedClock(start);
    const { seen, ticker } = ticking(clock);
    ticker.start();
    await clock.pass(10_000);
    ticker.use(schedule(checks().slice(0, 3), {}));
    await clock.pass(50_000 - 1);
    expect(seen.starts).toHaveLength(perRound);
    await clock.pass(minuteMs);
    expect(seen.starts).toHaveLength(perRound + 3);
  });

  test('starts nothing after it was stopped', async () => {
    const clock = new SimulatedClock(start);
    const { seen, ticker } = ticking(clock);
    ticker.start();
    await clock.pass(10_000);
    const before = seen.starts.length;
    ticker.stop();
    await clock.pass(hourMs);
    expect(seen.starts).toHaveLength(before);
  });
});
