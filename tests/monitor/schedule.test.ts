import { describe, expect, test } from 'vitest';
import { duesOf, minuteMs, schedule } from '../../synthetics/monitor/schedule.ts';
import { checks, manyChecks } from './checks.ts';

const nameOf = ({ check }: { check: { journey: { name: string }; target: { name: string } } }) =>
  `${check.journey.name} ${check.target.name}`;

describe('schedule', () => {
  test('gives each check the same place, whatever else runs', () => {
    const all = schedule(checks(), {});
    const few = schedule(checks().slice(0, 7), {});
    const places = new Map(all.map((slot) => [nameOf(slot), slot.offsetMs]));
    expect(few.map(({ offsetMs }) => offsetMs)).toEqual(few.map((slot) => places.get(nameOf(slot))));
    expect(few).toHaveLength(7);
  });

  // Frozen: another place after an update would move every check by up to a minute.
  test('keeps its places from version to version', () => {
    const places = Object.fromEntries(schedule(checks(), {}).map((slot) => [nameOf(slot), slot.offsetMs]));
    expect(places['checkout westeurope']).toBe(22_192);
    expect(places['health global']).toBe(48679);
  });

  test('spreads a thousand targets evenly over the minute', () => {
    const perSecond = new Array<number>(60).fill(0);
    for (const { offsetMs } of schedule(manyChecks(1_000), {}))
      perSecond[Math.floor(offsetMs / 1_000)] = (perSecond[Math.floor(offsetMs / 1_000)] ?? 0) + 1;
    expect(perSecond.reduce((a, b) => a + b)).toBe(5_000);
    // 83 a second on average; Poisson's spread of 9 a second leaves five of them to either side.
    expect(Math.max(...perSecond)).toBeLessThan(83 + 45);
    expect(Math.min(...perSecond)).toBeGreaterThan(83 - 45);
  });

  test('spreads the journeys of each target over the minute', () => {
    const of = schedule(checks(), {}).filter(({ check }) => check.target.name === 'westeurope');
    const gaps = of.slice(1).map(({ offsetMs }, index) => offsetMs - (of[index]?.offsetMs ?? 0));
    expect(new Set(of.map(({ offsetMs }) => offsetMs)).size).toBe(8);
    expect(Math.max(...gaps)).toBeLessThan(minuteMs / 2);
  });

  test.each([
    { everyMinutes: {}, runsAnHour: 60 },
    { everyMinutes: { checkout: 1 }, runsAnHour: 60 },
    { everyMinutes: { checkout: 5 }, runsAnHour: 12 },
    { everyMinutes: { checkout: 60 }, runsAnHour: 1 },
    { everyMinutes: { search: 5 }, runsAnHour: 60 },
  ])('runs checkout $runsAnHour times an hour with $everyMinutes', ({ everyMinutes, runsAnHour }) => {
    const slots = schedule(checks(), everyMinutes);
    const dues = Array.from({ length: 60 }, (_, period) => duesOf(slots, 29_924_520 + period)).flat();
    const runs = dues.filter(({ check }) => check.journey.name === 'checkout' && check.target.name === 'westeurope');
    expect(runs).toHaveLength(runsAnHour);
    const gaps = new Set(runs.slice(1).map(({ atMs }, index) => atMs - (runs[index]?.atMs ?? 0)));
    expect([...gaps]).toEqual(runsAnHour === 1 ? [] : [(60 / runsAnHour) * minuteMs]);
  });

  test('spreads rare journeys over their minutes too', () => {
    const slots = schedule(manyChecks(100), { browse: 5, search: 5, reviews: 5, cart: 5, 'sign-in': 5 });
    const sizes = Array.from({ length: 5 }, (_, period) => duesOf(slots, period).length);
    expect(sizes.reduce((a, b) => a + b)).toBe(500);
    expect(Math.min(...sizes)).toBeGreaterThan(60);
  });
});
