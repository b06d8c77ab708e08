import { everySecond, median, missedIn, sum } from './breakpoint.ts';
import { latencySource } from './latency-limit.ts';
import type { Control, Move, RunObservation, Samples } from './observation.ts';
import { saturated } from './rate.ts';
import { seconds } from './units.ts';
import type { Judgement } from './verdict.ts';

/** Azure's control plane gets this long for a swap, or for a change of Front Door to reach all edges; its seconds. */
const controlLimitSeconds = 600;
/** Less, on a local store whose clock runs fast, and one slow moment of the machine would decide. */
const leastLimitSeconds = 10;
/** Fewer answers tell no share and no latency. */
export const fewestSamples = 50;

export const controlLimitOf = ({ timeScale }: Control) => Math.max(leastLimitSeconds, controlLimitSeconds / timeScale);

/** A share that isn't yet what it is to be, is no failure before Front Door has had its time. */
export function unlessEarly(judgement: Judgement, control: Control, sinceMs: number, untilMs: number): Judgement {
  const [watched, limit] = [(untilMs - sinceMs) / 1_000, controlLimitOf(control)];
  if (judgement.verdict !== 'fail' || watched >= limit) return judgement;
  const reason = `${judgement.reason}, but Front Door may take ${seconds(limit)} and was watched for ${seconds(watched)}`;
  return { ...judgement, verdict: 'inconclusive', reason };
}

type Second = Samples['seconds'][number];
interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Seconds that lie whole within a span; the last one of a run, which k6 cuts short, left out. */
function within<T extends { readonly atMs: number }>(seconds: readonly T[], { fromMs, toMs }: Span, lastMs: number): T[] {
  return seconds.filter(({ atMs }) => atMs >= fromMs && atMs + 1_000 <= toMs && atMs < lastMs);
}

const lastOf = ({ samples }: RunObservation) => samples.seconds.at(-1)?.atMs ?? 0;

/** k6's seconds of a span. */
export const secondsIn = (run: RunObservation, span: Span): readonly Second[] =>
  within(everySecond(run.samples.seconds), span, lastOf(run));

/** The same with those that a span's ends cut: no failure near them may be missed. */
export const secondsAround = (run: RunObservation, { fromMs, toMs }: Span): readonly Second[] =>
  run.samples.seconds.filter(({ atMs }) => atMs + 1_000 > fromMs && atMs < toMs);

export const requestsIn = (seconds: readonly Second[]) => sum(seconds.map(({ requests }) => requests));
export const failedIn = (seconds: readonly Second[]) => sum(seconds.map(({ failed }) => failed));
export const p95In = (seconds: readonly Second[]) => median(seconds.flatMap(({ p95Ms }) => p95Ms ?? []));

/** Answers of a span by the stamp that gave them. */
export function servedIn(run: RunObservation, span: Span): Readonly<Record<string, number>> {
  const total: Record<string, number> = {};
  for (const { served = {} } of within(run.samples.mixSeconds, span, lastOf(run)))
    for (const [stamp, count] of Object.entries(served)) total[stamp] = (total[stamp] ?? 0) + count;
  return total;
}

/** What some stamps gave of all answers, per cent; undefined where there were too few. */
export function sharePercent(served: Readonly<Record<string, number>>, stamps: readonly string[]): number | undefined {
  const all = sum(Object.values(served));
  return all < fewestSamples ? undefined : (sum(stamps.map((stamp) => served[stamp] ?? 0)) / all) * 100;
}

/** Whether the objectives held over a span, as shoppers felt it; a saturated generator says nothing of the store's latency. */
export function judgeHeld(when: string, run: RunObservation, span: Span): Judgement {
  const all = secondsIn(run, span);
  const samples = requestsIn(all);
  const value = p95In(all);
  const given = value === undefined ? {} : { value };
  const limit = run.wanted.latencyP95Ms;
  const base = { name: `p95 ${when}`, ...given, limit, unit: 'ms', samples, source: latencySource(limit) };
  if (samples < fewestSamples) return { ...base, verdict: 'inconclusive', reason: `${when}: ${samples} samples are too few` };
  const missed = missedIn(all, run.wanted, run.samples.seconds[0]?.atMs ?? 0);
  if (!missed) return { ...base, verdict: 'pass' };
  const why = missed.objective === 'errors' ? undefined : saturated(run.generator);
  if (why !== undefined) return { ...base, verdict: 'inconclusive', reason: `${when}: ${missed.said}, but ${why}` };
  return { ...base, verdict: 'fail', reason: `${when}: ${missed.said}` };
}

/** How far a measured share may be off: five points, or three standard deviations where there are few samples. */
export function toleranceOf(sharePercentWanted: number, samples: number): number {
  const share = sharePercentWanted / 100;
  return Math.max(5, 300 * Math.sqrt((share * (1 - share)) / Math.max(1, samples)));
}

/** Each stamp's share of what comes to its group, against the origins' weights. Groups of one stamp tell nothing. */
export function judgeWeights(name: string, run: RunObservation, move: Move, span: Span): Judgement[] {
  const served = servedIn(run, span);
  return (move.weights ?? []).flatMap((group) => {
    const stamps = Object.keys(group);
    if (stamps.length < 2) return [];
    const samples = sum(stamps.map((stamp) => served[stamp] ?? 0));
    return stamps.map((stamp) => judgeShare(`${name}: share of ${stamp}`, shareOf(group, stamp), served[stamp] ?? 0, samples));
  });
}

const shareOf = (group: Readonly<Record<string, number>>, stamp: string) =>
  ((group[stamp] ?? 0) / sum(Object.values(group))) * 100;

function judgeShare(name: string, wanted: number, count: number, samples: number): Judgement {
  const base = { name, limit: wanted, unit: '%', samples };
  if (samples < fewestSamples) return { ...base, verdict: 'inconclusive', reason: `${name}: ${samples} samples are too few` };
  const value = (count / samples) * 100;
  const tolerance = toleranceOf(wanted, samples);
  const margin = tolerance - Math.abs(value - wanted);
  if (margin >= 0) return { ...base, value, margin, verdict: 'pass' };
  const figures = `${value.toFixed(1)} % instead of ${wanted.toFixed(1)} % (± ${tolerance.toFixed(1)})`;
  return { ...base, value, margin, verdict: 'fail', reason: `${name} is ${figures}` };
}

/** Moves that were not made, stopped, or not put back; empty where all is as the scenario wants it. */
export function judgeControl({ control, samples }: RunObservation, wanted: readonly RegExp[]): Judgement[] {
  const base = { unit: '', samples: samples.requests, source: 'Azure Resource Manager' };
  if (!control) {
    const reason = 'nothing was done to the store: k6 alone can only send the load';
    return [{ ...base, name: 'control', verdict: 'inconclusive', reason }];
  }
  const stopped = control.moves.flatMap(({ name, failed }): Judgement[] =>
    failed === undefined ? [] : [{ ...base, name, verdict: 'fail', reason: `${name} stopped: ${failed}` }],
  );
  const missing = wanted.filter((pattern) => !control.moves.some(({ name }) => pattern.test(name)));
  // What follows a move that stopped was not begun: one reason is enough.
  const unmade = stopped.length > 0 || missing.length === 0 ? [] : [unmadeOf(missing, base)];
  const left = control.notPutBack.map(
    (line): Judgement => ({ ...base, name: 'put back', verdict: 'fail', reason: `not put back: ${line} (npm run restore)` }),
  );
  return [...stopped, ...unmade, ...left];
}

function unmadeOf(missing: readonly RegExp[], base: Pick<Judgement, 'unit' | 'samples' | 'source'>): Judgement {
  const reason = `the run ended before all was done: ${missing.map(({ source }) => source.replace(/[\^$]/g, '')).join(', ')}`;
  return { ...base, name: 'control', verdict: 'inconclusive', reason };
}

export const moveNamed = ({ control }: RunObservation, pattern: RegExp): Move | undefined =>
  control?.moves.find(({ name, failed }) => pattern.test(name) && failed === undefined);
