import type { RunObservation, Samples, Wanted } from './observation.ts';
import { isOverloaded, saturated } from './rate.ts';
import { ms, percent, rate } from './units.ts';
import type { Judgement } from './verdict.ts';

/** So many seconds in a row are judged together: one slow second is no break. */
const windowSeconds = 5;
/** A store that takes less than this of what is sent can't keep up. */
const keptUpShare = 0.85;

export interface Break {
  readonly objective: 'errors' | 'latency p95' | 'rate';
  /** Requests per second that were wanted in the first second that missed it. */
  readonly ratePerSecond: number;
  readonly said: string;
}

type Second = Samples['seconds'][number];

/** The rate that the profile wants at a time, requests per second. */
export function wantedAt({ corners }: Pick<Wanted, 'corners'>, seconds: number): number {
  const next = corners.findIndex(({ atSeconds }) => atSeconds > seconds);
  const to = corners[next] ?? corners.at(-1);
  const from = corners[next === -1 ? corners.length - 1 : next - 1] ?? to;
  if (!from || !to) return 0;
  const span = to.atSeconds - from.atSeconds;
  return span <= 0
    ? to.ratePerSecond
    : from.ratePerSecond + ((to.ratePerSecond - from.ratePerSecond) * (seconds - from.atSeconds)) / span;
}

/** What is wrong with one second or several, the objective that shoppers feel most first; undefined where all is met. */
export function missedIn(seconds: readonly Second[], wanted: Wanted, startMs: number): Omit<Break, 'ratePerSecond'> | undefined {
  const requests = sum(seconds.map((second) => second.requests));
  const failed = sum(seconds.map((second) => second.failed));
  const p95Ms = median(seconds.map((second) => second.p95Ms ?? Number.NaN).filter((value) => !Number.isNaN(value)));
  const sent = sum(seconds.map(({ atMs }) => wantedAt(wanted, (atMs - startMs) / 1000 + 0.5)));
  const errorPercent = requests === 0 ? 0 : (failed / requests) * 100;
  if (errorPercent > wanted.errorPercent)
    return { objective: 'errors', said: `errors ${percent(errorPercent)} are over ${percent(wanted.errorPercent)}` };
  if (p95Ms !== undefined && p95Ms > wanted.latencyP95Ms)
    return { objective: 'latency p95', said: `latency p95 ${ms(p95Ms)} is over ${ms(wanted.latencyP95Ms)}` };
  if (requests < sent * keptUpShare)
    return { objective: 'rate', said: `${rate(requests / seconds.length)} of ${rate(sent / seconds.length)} were answered` };
  return undefined;
}

export const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

export function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  if (sorted.length === 0) return undefined;
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)] : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

/** Those in which nothing was answered, too: they have no samples, and are the worst of all. */
export function everySecond(seconds: readonly Second[]): Second[] {
  return seconds.flatMap((second, index): Second[] => {
    const nextMs = seconds[index + 1]?.atMs ?? second.atMs + 1000;
    const silent = Math.max(0, Math.round((nextMs - second.atMs) / 1000) - 1);
    const nothing = (_: unknown, i: number) => ({ atMs: second.atMs + (i + 1) * 1000, requests: 0, failed: 0 });
    return [second, ...Array.from({ length: silent }, nothing)];
  });
}

/** Seconds that are whole: k6's first and last are cut. */
const whole = (seconds: readonly Second[]) => everySecond(seconds).slice(1, -1);

/** Where an objective broke for a whole window; undefined where none did. */
export function breakOf(seconds: readonly Second[], wanted: Wanted): Break | undefined {
  const startMs = seconds[0]?.atMs ?? 0;
  const all = whole(seconds);
  for (let from = 0; from + windowSeconds <= all.length; from += 1) {
    const window = all.slice(from, from + windowSeconds);
    const missed = missedIn(window, wanted, startMs);
    if (!missed) continue;
    const first = window.find((second) => missedIn([second], wanted, startMs)) ?? window[0];
    return { ...missed, ratePerSecond: wantedAt(wanted, ((first?.atMs ?? startMs) - startMs) / 1000) };
  }
  return undefined;
}

/** The rate at which an objective broke, and which; the target rate is the least that it must come to. */
export function judgeBreakpoint(run: RunObservation): Judgement[] {
  const { samples, wanted } = run;
  const base = { limit: wanted.targetPerSecond, atLeast: true, unit: '/s', samples: samples.requests } as const;
  if (samples.requests === 0)
    return [{ ...base, name: 'breaking rate', verdict: 'inconclusive', reason: 'breaking rate: no samples' }];
  const broke = breakOf(samples.seconds, wanted);
  const why = saturated(run.generator);
  const highest = wantedAt(wanted, (everySecond(samples.seconds).length || 1) - 1);
  const name = broke ? `breaking rate (${broke.objective})` : 'breaking rate (none broke)';
  const value = broke?.ratePerSecond ?? highest;
  const said = broke ? `${broke.said} at ${rate(value)}` : `no objective broke up to ${rate(value)}`;
  if (why !== undefined && (broke || isOverloaded(run.generator)))
    return [{ ...base, name, value, verdict: 'inconclusive', reason: `${said}, but ${why}` }];
  if (value >= wanted.targetPerSecond) return [{ ...base, name, value, verdict: 'pass' }];
  const verdict = broke ? 'fail' : 'inconclusive';
  return [{ ...base, name, value, verdict, reason: `${said}, under the target rate of ${rate(wanted.targetPerSecond)}` }];
}

/** A crowd that isn't served as it should be by then has gone elsewhere: no instance starts faster, so this is what stands. */
const recoveryLimitSeconds = 30;
const calmSeconds = 3;

/** Seconds from the peak's beginning until all objectives are met for good. */
export function judgeRecovery({ samples, wanted }: RunObservation): Judgement[] {
  const base = { name: 'objectives met again after', limit: recoveryLimitSeconds, unit: 's', samples: samples.requests };
  const startMs = samples.seconds[0]?.atMs ?? 0;
  const peakSeconds = wanted.corners.find(({ ratePerSecond }) => ratePerSecond >= wanted.targetPerSecond * 0.999)?.atSeconds;
  const after = whole(samples.seconds).filter(({ atMs }) => atMs >= startMs + (peakSeconds ?? 0) * 1000);
  if (peakSeconds === undefined || after.length < calmSeconds)
    return [{ ...base, verdict: 'inconclusive', reason: 'the peak of the spike was not reached' }];
  let lastMissed: { readonly index: number; readonly said: string } | undefined;
  for (let index = 0; index + calmSeconds <= after.length; index += 1) {
    const missed = missedIn(after.slice(index, index + calmSeconds), wanted, startMs);
    if (missed) lastMissed = { index: index + calmSeconds, said: missed.said };
  }
  if (!lastMissed) return [{ ...base, value: 0, verdict: 'pass' }];
  const value = lastMissed.index;
  if (value >= after.length)
    return [{ ...base, value, verdict: 'fail', reason: `the spike was never absorbed: ${lastMissed.said}` }];
  if (value <= recoveryLimitSeconds) return [{ ...base, value, verdict: 'pass' }];
  const reason = `objectives were met again after ${value} s, limit ${recoveryLimitSeconds} s (${lastMissed.said})`;
  return [{ ...base, value, verdict: 'fail', reason }];
}
