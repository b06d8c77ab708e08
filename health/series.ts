import { binOf, minuteMs } from './bins.ts';
import type { ModelNode } from './expand.ts';
import type { Observation } from './picture.ts';
import type { Threshold } from './threshold-types.ts';
import { changeRules, memory, type Signal, thresholdOf } from './thresholds.ts';

/** Bins that decide a state: those looked at, and before the first what its own rule needs. */
export const seriesBins = () => memory.lookbackBins + longestRule() - 1;
/** Bins that any rule looks at. */
export const longestRule = () => Math.max(...Object.values(changeRules).map(({ of }) => of));

/** Values of the last `seriesBins` bins, oldest first, NaN where unknown; by `seriesKey`. */
export type Series = ReadonlyMap<string, Float64Array>;

export const seriesKey = (signal: Signal, scope: string) => `${signal} ${scope}`;

/** How a series is read: over how many minutes, and every how many. */
export interface Reach {
  readonly windowMinutes: number;
  readonly everyMinutes: number;
}

/** What the model reads. */
export function readBy(model: readonly ModelNode[]): Map<string, Reach & { readonly signal: Signal }> {
  return new Map(model.flatMap(({ signals }) => signals.map((each) => [seriesKey(each.signal, each.scope), each] as const)));
}

/** How far back rows count, in minutes before the end of the current one. */
export const reachMinutes = ({ windowMinutes, everyMinutes }: Reach) => (seriesBins() - 1) * everyMinutes + windowMinutes;

/** Start of the first bin of a series; a bin as wide as its journey's period has one run of it, wherever in the period that is. */
export const firstBinMs = (nowMs: number, everyMinutes: number) =>
  binOf(nowMs, everyMinutes * minuteMs) - (seriesBins() - 1) * everyMinutes * minuteMs;

/** Bins that cover as many minutes as `staleBins` of one minute do, but no fewer than the current one and two before: a single run that is missing says nothing. */
export const staleBins = (everyMinutes: number) => 1 + Math.max(2, Math.ceil((memory.staleBins - 1) / everyMinutes));

/** The short window of a signal that has two, where its journey runs so often. */
export const shortOf = ({ shortMinutes }: Pick<Threshold, 'shortMinutes'>, everyMinutes: number) =>
  shortMinutes === undefined ? undefined : Math.max(shortMinutes, everyMinutes);

interface Point {
  readonly atMs: number;
  readonly value: number;
  readonly weight: number;
  readonly rows: number;
  /** Undefined: no other row can be the same. */
  readonly id: string | undefined;
}

/** Points of one series, by time; rows come nearly in order. */
class Track {
  private points: Point[] = [];
  private readonly byId = new Map<string, Point>();
  private isSorted = true;

  add(point: Point): void {
    const known = point.id === undefined ? undefined : this.byId.get(point.id);
    if (known && known.atMs > point.atMs) return;
    if (known) this.points.splice(this.points.indexOf(known), 1);
    if (point.id !== undefined) this.byId.set(point.id, point);
    this.isSorted = this.isSorted && (this.points.at(-1)?.atMs ?? 0) <= point.atMs;
    this.points.push(point);
  }

  sorted(): readonly Point[] {
    if (!this.isSorted) this.points.sort((a, b) => a.atMs - b.atMs);
    this.isSorted = true;
    return this.points;
  }

  forgetBefore(ms: number): void {
    const points = this.sorted();
    let gone = 0;
    for (; (points[gone]?.atMs ?? ms) < ms; gone += 1) {
      const { id } = points[gone] ?? {};
      if (id !== undefined) this.byId.delete(id);
    }
    if (gone > 0) this.points = points.slice(gone);
  }

  forgetUnnamedFrom(ms: number): void {
    this.points = this.points.filter(({ id, atMs }) => id !== undefined || atMs < ms);
  }
}

/** The rows that windows still reach, each id once. Feed it all rows or only new ones, in any order. */
export class Observations {
  private readonly tracks = new Map<string, { readonly signal: Signal; readonly track: Track }>();

  add(observations: readonly Observation[]): void {
    for (const { signal, scope, atMs, value, weight = 1, rows = 1, id } of observations) {
      const key = seriesKey(signal, scope);
      const known = this.tracks.get(key) ?? { signal, track: new Track() };
      this.tracks.set(key, known);
      known.track.add({ atMs, value, weight, rows, id });
    }
  }

  /** Forgets rows without an id from a time on, before they are read again: nothing else tells a repeat from another row. */
  forgetUnnamed(signals: ReadonlySet<Signal>, fromMs: number): void {
    for (const { signal, track } of this.tracks.values()) if (signals.has(signal)) track.forgetUnnamedFrom(fromMs);
  }

  /** Forgets what no window reaches any more, and what the model doesn't read. */
  prune(model: readonly ModelNode[], nowMs: number): void {
    const read = readBy(model);
    for (const [key, { track }] of this.tracks) {
      const reader = read.get(key);
      if (reader) track.forgetBefore(binOf(nowMs, minuteMs) + minuteMs - reachMinutes(reader) * minuteMs);
      else this.tracks.delete(key);
    }
  }

  /** Every series that the model reads and that has a row. */
  series(model: readonly ModelNode[], nowMs: number): Map<string, Float64Array> {
    const series = new Map<string, Float64Array>();
    for (const [key, reader] of readBy(model)) {
      const points = this.tracks.get(key)?.track.sorted() ?? [];
      if (points.length > 0) series.set(key, valuesOf(points, reader, nowMs));
    }
    return series;
  }
}

function valuesOf(points: readonly Point[], { signal, windowMinutes, everyMinutes }: Reach & { signal: Signal }, nowMs: number) {
  const threshold = thresholdOf(signal);
  const { minSamples, direction } = threshold;
  const shortMinutes = shortOf(threshold, everyMinutes);
  const everyMs = everyMinutes * minuteMs;
  const firstEnd = firstBinMs(nowMs, everyMinutes) + everyMs;
  // Of minutes that are still to come nothing counts.
  const untilMs = binOf(nowMs, minuteMs) + minuteMs;
  const over = (minutes: number, least: number) => windowed(points, { firstEnd, everyMs, untilMs, minutes, least }, threshold);
  const values = over(windowMinutes, minSamples);
  if (shortMinutes === undefined) return values;
  const better = direction === 'higher' ? Math.min : Math.max;
  const short = over(shortMinutes, 1);
  return values.map((value, i) => better(value, short[i] ?? Number.NaN));
}

interface Windows {
  readonly firstEnd: number;
  readonly everyMs: number;
  readonly untilMs: number;
  readonly minutes: number;
  /** Rows below which a bin is unknown. */
  readonly least: number;
}

/** The statistic of each bin's window. Both ends of the window move on with the bins. */
function windowed(points: readonly Point[], windows: Windows, threshold: Threshold): Float64Array {
  const { firstEnd, everyMs, untilMs, minutes, least } = windows;
  const values = new Float64Array(seriesBins()).fill(Number.NaN);
  let [from, to, rows] = [0, 0, 0];
  for (let bin = 0; bin < values.length; bin += 1) {
    const end = firstEnd + bin * everyMs;
    for (; (points[to]?.atMs ?? Number.POSITIVE_INFINITY) < Math.min(end, untilMs); to += 1) rows += points[to]?.rows ?? 0;
    for (; from < to && (points[from]?.atMs ?? 0) < end - minutes * minuteMs; from += 1) rows -= points[from]?.rows ?? 0;
    if (rows >= least) values[bin] = statisticOf(points.slice(from, to), threshold.statistic, minutes);
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
