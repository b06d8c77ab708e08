import { thresholds } from '../../health/thresholds.ts';
import {
  controlLimitOf,
  failedIn,
  judgeControl,
  judgeHeld,
  judgeWeights,
  moveNamed,
  requestsIn,
  secondsAround,
  servedIn,
  sharePercent,
  unlessEarly,
} from './moves.ts';
import type { Control, Move, RunObservation } from './observation.ts';
import { count, percent, seconds } from './units.ts';
import type { Judgement } from './verdict.ts';

const leaves = /^\S+ leaves$/;
const returns = /^\S+ returns$/;

/** A region that served less than this before it left, had nothing that others could carry. */
const leastSharePercent = 5;
/** Of all requests while it is away: what the others have to answer. */
const carriedPercent = 99;
/** Of the requests from the moment it is taken out until the others have all: the store's own objective holds after that. */
const gapErrorPercent = thresholds.edgeErrors.degradedAt;
/** Answers on their way when a region leaves still come from it. */
const leftSharePercent = 1;

/** Do the others carry a region's share, how soon, with what errors in between, with the objectives held, and back? */
export function judgeFailover(run: RunObservation): Judgement[] {
  const control = judgeControl(run, [leaves, returns]);
  const [left, back] = [moveNamed(run, leaves), moveNamed(run, returns)];
  if (!left || !run.control) return control;
  const gone = left.gone ?? [];
  const endMs = (run.samples.lastAtMs ?? left.endedAtMs) + 1;
  const awayUntilMs = back?.askedAtMs ?? endMs;
  const before = servedIn(run, { fromMs: 0, toMs: left.askedAtMs });
  const shifted = shiftedAfter(run, left, gone, awayUntilMs);
  return [
    ...control,
    judgeBefore(before, gone),
    unlessEarly(judgeShifted(run, run.control, left, shifted), run.control, left.askedAtMs, awayUntilMs),
    judgeGap(run, { fromMs: left.askedAtMs, toMs: shifted ?? awayUntilMs }),
    ...(shifted === undefined ? [] : judgeAway(run, left, { fromMs: shifted, toMs: awayUntilMs })),
    ...(back ? [judgeBack(run, run.control, { back, gone, endMs, beforePercent: sharePercent(before, gone) })] : []),
  ];
}

function judgeBefore(before: Readonly<Record<string, number>>, gone: readonly string[]): Judgement {
  const samples = Object.values(before).reduce((sum, n) => sum + n, 0);
  const value = sharePercent(before, gone);
  const base = {
    name: 'share before',
    limit: leastSharePercent,
    atLeast: true,
    unit: '%',
    samples,
    ...(value === undefined ? {} : { value }),
  } as const;
  if (value !== undefined && value >= leastSharePercent) return { ...base, verdict: 'pass' };
  const had = value === undefined ? `${count(samples)} samples are too few` : `${gone.join(', ')} served ${percent(value)}`;
  return { ...base, verdict: 'inconclusive', reason: `before it left: ${had}, so that there was nothing to carry` };
}

/** Begin of the first second from which the region serves nothing until it returns; undefined: it went on serving. */
function shiftedAfter(run: RunObservation, { askedAtMs }: Move, gone: readonly string[], untilMs: number): number | undefined {
  const away = run.samples.mixSeconds.filter(({ atMs }) => atMs + 1_000 > askedAtMs && atMs + 1_000 <= untilMs);
  const stillServes = ({ served = {} }: (typeof away)[number]) => {
    const all = Object.values(served).reduce((sum, n) => sum + n, 0);
    return gone.reduce((sum, stamp) => sum + (served[stamp] ?? 0), 0) > (all * leftSharePercent) / 100;
  };
  const last = away.findLastIndex(stillServes);
  // Never later than asked: a region may leave between two requests.
  return away[last + 1] && Math.max(askedAtMs, away[last + 1]?.atMs ?? 0);
}

function judgeShifted(run: RunObservation, control: Control, { askedAtMs }: Move, shifted: number | undefined): Judgement {
  const limit = controlLimitOf(control);
  const base = { name: 'time to shift', limit, unit: 's', samples: run.samples.requests };
  if (shifted === undefined)
    return { ...base, verdict: 'fail', reason: 'the region went on serving until the end, though it was taken out' };
  const value = (shifted - askedAtMs) / 1_000;
  if (value <= limit) return { ...base, value, verdict: 'pass' };
  return { ...base, value, verdict: 'fail', reason: `the others took over after ${seconds(value)}, limit ${seconds(limit)}` };
}

function judgeGap(run: RunObservation, span: { readonly fromMs: number; readonly toMs: number }): Judgement {
  // The second after belongs to it: what failed then was sent before.
  const gap = secondsAround(run, { ...span, toMs: span.toMs + 1_000 });
  const base = { name: 'errors in the gap', limit: gapErrorPercent, unit: '%', samples: requestsIn(gap) };
  if (requestsIn(gap) === 0) return { ...base, verdict: 'inconclusive', reason: 'errors in the gap: no samples' };
  const value = (failedIn(gap) / requestsIn(gap)) * 100;
  if (value <= gapErrorPercent) return { ...base, value, verdict: 'pass' };
  const figures = `${count(failedIn(gap))} of ${count(requestsIn(gap))} requests`;
  const reason = `errors in the gap ${percent(value)} are over ${percent(gapErrorPercent)} (${figures})`;
  return { ...base, value, verdict: 'fail', reason };
}

function judgeAway(run: RunObservation, left: Move, span: { readonly fromMs: number; readonly toMs: number }): Judgement[] {
  const served = servedIn(run, span);
  const others = Object.keys(served).filter((stamp) => stamp !== '' && !left.gone?.includes(stamp));
  const samples = Object.values(served).reduce((sum, n) => sum + n, 0);
  const value = sharePercent(served, others);
  const base = { name: 'carried by the others', limit: carriedPercent, atLeast: true, unit: '%', samples } as const;
  const carried: Judgement =
    value === undefined
      ? { ...base, verdict: 'inconclusive', reason: `carried by the others: ${count(samples)} samples are too few` }
      : value >= carriedPercent
        ? { ...base, value, verdict: 'pass' }
        : { ...base, value, verdict: 'fail', reason: `the others carried ${percent(value)} of the traffic, not all of it` };
  return [carried, ...judgeWeights('while it is away', run, left, span), judgeHeld('while it is away', run, span)];
}

interface Return {
  readonly back: Move;
  readonly gone: readonly string[];
  readonly endMs: number;
  readonly beforePercent: number | undefined;
}

/** The region has its old share again, within the time that Front Door has; not seen is not known. */
function judgeBack(run: RunObservation, control: Control, { back, gone, endMs, beforePercent }: Return): Judgement {
  const fromMs = Math.min(back.endedAtMs + controlLimitOf(control) * 1_000, (back.endedAtMs + endMs) / 2);
  const served = servedIn(run, { fromMs, toMs: endMs });
  const samples = Object.values(served).reduce((sum, n) => sum + n, 0);
  const value = sharePercent(served, gone);
  // What is divided by latency is never divided alike twice.
  const limit = (beforePercent ?? 0) * 0.8;
  const base = { name: 'share after it is back', limit, atLeast: true, unit: '%', samples } as const;
  if (value === undefined || beforePercent === undefined)
    return { ...base, verdict: 'inconclusive', reason: `after it is back: ${count(samples)} samples are too few` };
  if (value >= limit) return { ...base, value, verdict: 'pass' };
  const reason = `after it is back, the region serves ${percent(value)}, before it left ${percent(beforePercent)}`;
  return unlessEarly({ ...base, value, verdict: 'fail', reason }, control, back.askedAtMs, endMs);
}
