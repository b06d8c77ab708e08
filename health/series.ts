import type { ModelNode } from './expand.ts';
import type { Observation, SignalSample } from './picture.ts';
import { changeRules, lookbackBins, type Signal, type Threshold, thresholdOf } from './thresholds.ts';
import { binOf, minuteMs } from './window.ts';

/** Bins that decide a state: those looked at, and before the first what its own rule needs. */
export const seriesBins = lookbackBins + Math.max(...Object.values(changeRules).map(({ of }) => of)) - 1;

/** Values of the last `seriesBins` bins, oldest first, NaN where unknown; by `seriesKey`. */
export type Series = ReadonlyMap<string, Float64Array>;

export const seriesKey = (signal: Signal, scope: string) => `${signal} ${scope}`;

/** What the model reads, and over how many minutes. */
export function readBy(model: readonly ModelNode[]): Map<string, { readonly signal: Signal; readonly windowMinutes: number }> {
  return new Map(
    model.flatMap(({ signals }) =>
      signals.map(({ signal, scope, windowMinutes }) => [seriesKey(signal, scope), { signal, windowMinutes }] as const),
    ),
  );
}

/** How far back rows count, in milliseconds before the end of the current bin. */
export const horizonMs = (windowMinutes: number) => (seriesBins + windowMinutes - 1) * minuteMs;

interface Point {
  readonly atMs: number;
  readonly value: number;
  readonly weight: number;
}

/** The rows that windows still reach, each id once. Feed it all rows or only new ones, in any order. */
export class Observations {
  private readonly byKey = new Map<string, Map<string, Point>>();
  private serial = 0;

  add(observations: readonly Observation[]): void {
    for (const { signal, scope, atMs, value, weight = 1, id } of observations) {
      const key = seriesKey(signal, scope);
      const points = this.byKey.get(key) ?? new Map<string, Point>();
      this.byKey.set(key, points);
      // Rows without an id are all different.
      const name = id ?? `#${this.serial++}`;
      const known = points.get(name);
      if (!known || known.atMs <= atMs) points.set(name, { atMs, value, weight });
    }
  }

  /** Forgets what no window reaches any more, and what the model doesn't read. */
  prune(model: readonly ModelNode[], nowMs: number): void {
    const read = readBy(model);
    for (const [key, points] of this.byKey) {
      const reader = read.get(key);
      if (!reader) {
        this.byKey.delete(key);
        continue;
      }
      const from = binOf(nowMs, minuteMs) + minuteMs - horizonMs(reader.windowMinutes);
      for (const [name, { atMs }] of points) if (atMs < from) points.delete(name);
    }
  }

  /** Every series that the model reads and that has a known bin. */
  series(model: readonly ModelNode[], nowMs: number): Map<string, Float64Array> {
    const series = new Map<string, Float64Array>();
    for (const [key, { signal, windowMinutes }] of readBy(model)) {
      const points = this.byKey.get(key);
      if (points && points.size > 0)
        series.set(key, valuesOf([...points.values()], { ...thresholdOf(signal), windowMinutes }, nowMs));
    }
    return series;
  }
}

/** Statistics that a query has worked out already. */
export function seriesOf(samples: readonly SignalSample[], nowMs: number): Map<string, Float64Array> {
  const series = new Map<string, Float64Array>();
  const last = binOf(nowMs, minuteMs);
  for (const { signal, scope, atMs, value, samples: rows } of samples) {
    const at = seriesBins - 1 - Math.round((last - binOf(atMs, minuteMs)) / minuteMs);
    if (at < 0 || at >= seriesBins || rows < thresholdOf(signal).minSamples) continue;
    const key = seriesKey(signal, scope);
    const values = series.get(key) ?? new Float64Array(seriesBins).fill(Number.NaN);
    series.set(key, values);
    values[at] = value;
  }
  return series;
}

function valuesOf(points: Point[], threshold: Threshold, nowMs: number): Float64Array {
  points.sort((a, b) => a.atMs - b.atMs);
  const { windowMinutes, shortMinutes, minSamples, direction } = threshold;
  const firstEnd = binOf(nowMs, minuteMs) + minuteMs - (seriesBins - 1) * minuteMs;
  const over = (minutes: number, least: number) => windowed(points, firstEnd, minutes, least, threshold);
  const values = over(windowMinutes, minSamples);
  if (shortMinutes === undefined) return values;
  const better = direction === 'higher' ? Math.min : Math.max;
  const short = over(shortMinutes, 1);
  return values.map((value, i) => better(value, short[i] ?? Number.NaN));
}

/** The statistic of each bin's window. Both ends of the window move on with the bins. */
function windowed(
  points: readonly Point[],
  firstEnd: number,
  minutes: number,
  least: number,
  threshold: Threshold,
): Float64Array {
  const values = new Float64Array(seriesBins).fill(Number.NaN);
  let [from, to] = [0, 0];
  for (let bin = 0; bin < seriesBins; bin += 1) {
    const end = firstEnd + bin * minuteMs;
    while ((points[to]?.atMs ?? Number.POSITIVE_INFINITY) < end) to += 1;
    while (from < to && (points[from]?.atMs ?? 0) < end - minutes * minuteMs) from += 1;
    if (to - from >= least) values[bin] = statisticOf(points.slice(from, to), threshold.statistic, minutes);
  }
  return values;
}

function statisticOf(points: readonly Point[], statistic: Threshold['statistic'], minutes: number): number {
  let [weight, sum] = [0, 0];
  for (const point of points) {
    weight += point.weight;
    sum += point.weight * point.value;
  }
  switch (statistic) {
    case 'avg':
      return sum / weight;
    case 'share':
      return (100 * sum) / weight;
    case 'sum':
      return sum;
    case 'perMinute':
      return sum / minutes;
    case 'min':
      return Math.min(...points.map(({ value }) => value));
    case 'p95':
      return p95(points, weight);
  }
}

function p95(points: readonly Point[], weight: number): number {
  let upTo = 0;
  for (const point of [...points].sort((a, b) => a.value - b.value)) {
    upTo += point.weight;
    if (100 * upTo >= 95 * weight) return point.value;
  }
  return Number.NaN;
}
