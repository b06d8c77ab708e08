import { minuteMs } from './bins.ts';
import type { Warning } from './picture.ts';

export const hourMs = 60 * minuteMs;
export const weekMs = 7 * 24 * hourMs;

/** What is measured again and again, and must not cross a bound. */
export interface Course {
  /** `instances@plan-westeurope` */
  readonly id: string;
  readonly title: string;
  readonly place: string;
  readonly unit: string;
  /** It grows towards it. */
  readonly bound: number;
  readonly within: 'hour' | 'week';
  /** In any order; equal spacing isn't needed. */
  readonly points: readonly { readonly atMs: number; readonly value: number }[];
}

/** What ends at a known time: a certificate, a secret. */
export interface Ending {
  readonly id: string;
  readonly title: string;
  readonly place: string;
  readonly endsAtMs: number;
}

/** Fewer say nothing of a trend; more than an hour of minutes costs pairs and says no more. */
const leastPoints = 10;
const mostPoints = 60;
/** Two-sided 99.9 %: a warning in noise costs trust, and hundreds of courses are looked at every minute. */
const z = 3.29;

interface Trend {
  /** Median of the slopes of all pairs, a millisecond. */
  readonly slope: number;
  /** Ends of its interval. */
  readonly lowest: number;
  readonly highest: number;
  /** Of the line at the latest point. */
  readonly level: number;
  /** Of the latest point. */
  readonly atMs: number;
}

/**
 * Theil–Sen: the median of the slopes of all pairs of points, which a third of outliers doesn't move, with Sen's interval by
 * Kendall's variance n(n−1)(2n+5)/18 less that of ties (Sen, J. Amer. Statist. Assoc. 63, 1968). Undefined: too few points.
 */
export function trendOf(points: Course['points']): Trend | undefined {
  const latest = [...points].sort((a, b) => a.atMs - b.atMs).slice(-mostPoints);
  const end = latest.at(-1);
  if (latest.length < leastPoints || !end) return undefined;
  const slopes: number[] = [];
  latest.forEach((a, i) => {
    for (const b of latest.slice(i + 1)) if (b.atMs > a.atMs) slopes.push((b.value - a.value) / (b.atMs - a.atMs));
  });
  slopes.sort((a, b) => a - b);
  const half = (z * Math.sqrt(varianceOf(latest.map(({ value }) => value)))) / 2;
  const middle = (slopes.length - 1) / 2;
  const at = (rank: number) => slopes[Math.min(slopes.length - 1, Math.max(0, rank))] ?? 0;
  const slope = (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2;
  const levels = latest.map(({ atMs, value }) => value + slope * (end.atMs - atMs)).sort((a, b) => a - b);
  return {
    slope,
    lowest: at(Math.floor(middle - half)),
    highest: at(Math.ceil(middle + half)),
    level: levels[Math.floor(levels.length / 2)] ?? end.value,
    atMs: end.atMs,
  };
}

function varianceOf(values: readonly number[]): number {
  const ties = new Map<number, number>();
  for (const value of values) ties.set(value, (ties.get(value) ?? 0) + 1);
  const of = (n: number) => n * (n - 1) * (2 * n + 5);
  return (of(values.length) - [...ties.values()].reduce((sum, n) => sum + of(n), 0)) / 18;
}

/** A trend that is surely one, and crosses its bound within the hour or week; what has crossed it is a state, no warning. */
export function warningOf(course: Course, nowMs: number): Warning | undefined {
  const trend = trendOf(course.points);
  const horizonMs = course.within === 'hour' ? hourMs : weekMs;
  if (!trend || trend.lowest <= 0 || trend.level >= course.bound) return undefined;
  const gap = course.bound - trend.level;
  // What was measured some time ago has gone on growing since; what should have crossed by now is about to be seen.
  const crossingMs = (slope: number) => Math.max(nowMs, trend.atMs + gap / slope);
  const expectedMs = crossingMs(trend.slope);
  if (expectedMs - nowMs > horizonMs) return undefined;
  const { id, title, place, unit, bound, within } = course;
  const text = `${title} in ${place} will reach ${bound} ${unit} about ${timeOf(expectedMs)}: last ${shown(trend.level)} ${unit}, ${shown(trend.slope * hourMs)} more an hour`;
  return { id, title, place, value: trend.level, bound, earliestMs: crossingMs(trend.highest), expectedMs, within, text };
}

/** What ends within the week. */
export function endingWarning({ id, title, place, endsAtMs }: Ending, nowMs: number): Warning | undefined {
  const left = endsAtMs - nowMs;
  if (left > weekMs || left <= 0) return undefined;
  const days = left / (24 * hourMs);
  const text = `${title} of ${place} ends ${timeOf(endsAtMs)}, in ${shown(days)} days`;
  return { id, title, place, value: days, bound: 0, earliestMs: endsAtMs, expectedMs: endsAtMs, within: 'week', text };
}

const shown = (value: number) => String(Number(value.toPrecision(3)));
const timeOf = (ms: number) => `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;

/** Soonest first. */
export const warningsOf = (courses: readonly Course[], endings: readonly Ending[], nowMs: number): Warning[] =>
  [
    ...courses.flatMap((course) => warningOf(course, nowMs) ?? []),
    ...endings.flatMap((ending) => endingWarning(ending, nowMs) ?? []),
  ].sort((a, b) => a.expectedMs - b.expectedMs);
