import { describe, expect, it } from 'vitest';
import {
  durationMs,
  evaluate,
  readingOf,
  type Sample,
  type Situation,
} from '../../../fixtures/contoso/azure/app-service/autoscale.ts';
import { minuteMs } from '../../../fixtures/contoso/clock.ts';
import type { AutoscaleOptions, AutoscaleRule } from '../../../fixtures/contoso/options.ts';
import { scaleOut as out, scaleIn } from '../../support/autoscale-rules.ts';

// Sources: azure-facts, section 2 (Azure Monitor, "Understand autoscale settings", "Best practices", "Flapping").

const queue: AutoscaleRule = { ...out, metric: 'HttpQueueLength', threshold: 10, change: 3 };
const settings = (rules: readonly AutoscaleRule[], over: Partial<AutoscaleOptions> = {}): AutoscaleOptions => ({
  minimum: 2,
  maximum: 10,
  default: 3,
  rules,
  ...over,
});

const now = 100 * minuteMs;
/** A value for each of the last minutes, newest last. */
const minutes = (...values: readonly number[]): Sample[] =>
  values.map((value, i) => ({ at: now - (values.length - i) * minuteMs, value }));
const steady = (value: number) => minutes(value, value, value, value, value);

type Metrics = Partial<Record<AutoscaleRule['metric'], readonly Sample[]>>;
const run = (rules: readonly AutoscaleRule[], capacity: number, metrics: Metrics, over: Partial<Situation> = {}) =>
  evaluate({ settings: settings(rules), now, capacity, blockedUntil: 0, samplesOf: (m) => metrics[m] ?? [], ...over });
const cpu = (value: number): Metrics => ({ CpuPercentage: steady(value) });

describe('what a rule sees', () => {
  const twoInstances = [
    ...[20, 40].map((value) => ({ at: now - 2 * minuteMs, value })),
    ...[60, 80].map((value) => ({ at: now - minuteMs, value })),
  ];
  // Instances by `statistic` within each minute, minutes by `timeAggregation` over the window.
  it.each([
    ['Average', 'Average', 50],
    ['Average', 'Maximum', 70],
    ['Average', 'Minimum', 30],
    ['Average', 'Last', 70],
    ['Max', 'Average', 60],
    ['Min', 'Average', 40],
    ['Sum', 'Average', 100],
    ['Sum', 'Total', 200],
    ['Max', 'Minimum', 40],
  ] as const)('is the %s of instances, then the %s of minutes: %d', (statistic, timeAggregation, expected) => {
    expect(readingOf({ ...out, statistic, timeAggregation }, now, twoInstances).seen).toBe(expected);
  });

  it.each([
    ['PT5M', 50],
    ['PT3M', 60],
    ['PT1M', 70],
  ])('lies within the window %s: %d', (timeWindow, expected) => {
    expect(readingOf({ ...out, timeWindow }, now, minutes(30, 40, 50, 60, 70)).seen).toBe(expected);
  });

  it('combines the minutes of a coarser grain first', () => {
    const rule = { ...out, timeGrain: 'PT5M', timeWindow: 'PT10M', statistic: 'Max', timeAggregation: 'Minimum' } as const;
    expect(readingOf(rule, now, minutes(10, 10, 90, 10, 10, 20, 20, 20, 20, 20)).seen).toBe(20);
  });

  it.each([
    ['nothing was measured', []],
    ['all is older than the window', [{ at: now - 6 * minuteMs, value: 99 }]],
    ['the minute has not ended', [{ at: now, value: 99 }]],
  ])('is nothing when %s', (_what, samples) => expect(readingOf(out, now, samples).seen).toBeUndefined());
});

describe('scaling out', () => {
  it.each([
    ['above the threshold', 70.1, 3],
    ['at the threshold', 70, 2],
    ['below it', 50, 2],
  ])('with the metric %s', (_what, value, capacity) => expect(run([out, scaleIn], 2, cpu(value)).capacity).toBe(capacity));

  it.each([
    ['GreaterThan', 70, 2],
    ['GreaterThanOrEqual', 70, 3],
    ['LessThan', 70, 2],
    ['LessThanOrEqual', 70, 3],
  ] as const)('by the operator %s at the threshold', (operator, value, capacity) =>
    expect(run([{ ...out, operator }], 2, cpu(value)).capacity).toBe(capacity),
  );

  it('takes any rule that matches, and of several the one that gives most', () => {
    const busy = { ...cpu(80), HttpQueueLength: steady(50) };
    expect(run([out, queue], 2, busy).capacity).toBe(5);
    expect(run([queue, out], 2, { ...cpu(80), HttpQueueLength: steady(0) }).capacity).toBe(3);
  });

  it('says why, and blocks for the cool-down of the rule that fired', () => {
    const done = run([out, { ...queue, cooldown: 'PT20M' }], 2, { ...cpu(80), HttpQueueLength: steady(50) });
    expect(done).toMatchObject({
      cooldownMs: 20 * minuteMs,
      event: { kind: 'ScaleAction', direction: 'Increase', from: 2, to: 5, reason: 'HttpQueueLength 50 > 10 over PT5M' },
    });
  });

  it('stops at the maximum', () => {
    expect(run([queue], 9, { HttpQueueLength: steady(50) }).capacity).toBe(10);
    const full = run([out, scaleIn], 10, cpu(99));
    expect([full.capacity, full.event]).toEqual([10, undefined]);
  });
});

describe('scaling in', () => {
  it('needs all its rules to match', () => {
    const both = [out, scaleIn, { ...queue, direction: 'Decrease', operator: 'LessThan', threshold: 2, change: 1 } as const];
    expect(run(both, 4, { ...cpu(10), HttpQueueLength: steady(5) }).capacity).toBe(4);
    expect(run(both, 4, { ...cpu(10), HttpQueueLength: steady(0) }).capacity).toBe(3);
  });

  it('takes the smallest step of several', () => {
    const rules = [out, { ...scaleIn, change: 3 }, { ...scaleIn, change: 2, threshold: 40 }];
    expect(run(rules, 8, cpu(5)).capacity).toBe(6);
  });

  it('does not happen while a scale-out rule matches', () => {
    expect(run([queue, scaleIn], 4, { ...cpu(10), HttpQueueLength: steady(50) }).capacity).toBe(7);
  });

  it('stops at the minimum', () => {
    expect(run([out, { ...scaleIn, change: 5 }], 4, cpu(1)).capacity).toBe(2);
    expect(run([out, scaleIn], 2, cpu(1)).event).toBeUndefined();
  });
});

describe('flapping', () => {
  // The documented example: threads on three instances, 1,250 in all, 625 each on two would meet >= 600 again.
  it('keeps a scale-in that would lead back', () => {
    const high = { ...out, operator: 'GreaterThanOrEqual', threshold: 600 } as const;
    const low = { ...scaleIn, threshold: 500 };
    const done = run([high, low], 3, cpu(416.7));
    expect(done).toMatchObject({ capacity: 3, cooldownMs: 0, event: { kind: 'Flapping', direction: 'None', from: 3, to: 3 } });
  });

  // Ours: a linear projection, value × n / m.
  it.each([
    [4, 29, 1, 3, 'ScaleAction'],
    // 26 × 10 / 3 = 86.7 and 26 × 10 / 4 = 65: four is the first that holds.
    [10, 26, 7, 4, 'FlappingOccurred'],
    [10, 20, 7, 3, 'ScaleAction'],
  ])('from %i at %i %%, a step of %i ends at %i: %s', (capacity, value, change, to, kind) => {
    const done = run([out, { ...scaleIn, change }], capacity, cpu(value));
    expect([done.capacity, done.event?.kind]).toEqual([to, kind]);
  });

  it('never holds a scale-out back', () => expect(run([out, { ...scaleIn, threshold: 69 }], 2, cpu(71)).capacity).toBe(3));

  it('leaves a sum over instances as it is, however many share it', () => {
    const high = { ...out, statistic: 'Sum', threshold: 200 } as const;
    expect(run([high, { ...scaleIn, statistic: 'Sum', threshold: 150 }], 4, cpu(140)).capacity).toBe(3);
  });
});

describe('the cool-down', () => {
  it.each([
    ['out', cpu(99)],
    ['in', cpu(1)],
  ])('blocks scaling %s until it is over', (_direction, metrics) => {
    expect(run([out, scaleIn], 5, metrics, { blockedUntil: now + 1 }).capacity).toBe(5);
    expect(run([out, scaleIn], 5, metrics, { blockedUntil: now }).capacity).not.toBe(5);
  });

  // "A manual count outside the range is pulled back on the next run": ours that no cool-down delays it.
  it.each([
    [1, 2, 'Increase'],
    [12, 10, 'Decrease'],
  ])('does not keep %i instances outside the limits: %i', (capacity, to, direction) => {
    const done = run([out], capacity, cpu(50), { blockedUntil: now + minuteMs });
    expect([done.capacity, done.event?.direction]).toEqual([to, direction]);
  });
});

describe('a missing metric', () => {
  // The default is used only when metrics can't be read, and only upwards.
  it.each([
    [2, 3, 'ScaleAction'],
    [3, 3, 'MetricsMissing'],
    [7, 7, 'MetricsMissing'],
  ])('with %i instances leads to %i: %s', (capacity, to, kind) => {
    const done = run([out, scaleIn], capacity, {});
    expect([done.capacity, done.event?.kind]).toEqual([to, kind]);
  });

  it('does not stop another rule from scaling out', () => {
    expect(run([out, queue], 2, { HttpQueueLength: steady(50) }).capacity).toBe(5);
  });
});

describe('durations', () => {
  it.each([
    ['PT1M', 60_000],
    ['PT1H', 3_600_000],
    ['PT1H30M5S', 5_405_000],
    ['PT90S', 90_000],
  ])('%s is %d ms', (text, ms) => expect(durationMs(text)).toBe(ms));
  it.each(['', 'PT', '5M', 'P1D', 'PT5'])('%s is refused', (text) => expect(() => durationMs(text)).toThrow('PT5M'));
});
