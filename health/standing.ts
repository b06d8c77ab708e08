import type { AlertSettings } from '../fixtures/environments/alerting.ts';
import { binOf, lookbackBins } from './bins.ts';
import type { Pair, Seen } from './window.ts';

/** What one bin says. unknown: no result, or none that counts; it is never healthy, and never a failure. */
export type BinState = 'good' | 'bad' | 'unknown';

export interface Bin {
  readonly startMs: number;
  readonly state: BinState;
}

export type WindowRule = Pick<AlertSettings, 'open' | 'close'>;

/** undecided: no window within sight decides, so that an open incident stays open and a closed one closed. */
export type Standing = { readonly state: 'open'; readonly sinceMs: number } | { readonly state: 'closed' | 'undecided' };

/** At which bin a rule last held, and at which it first did since the other one. */
interface Decision {
  readonly is: 'reached' | 'left';
  readonly since: number;
}

/**
 * n of m bins open and j of m close, as a pure function of a bounded window: the latest bin at which either rule held
 * decides, from bin `from` on; undefined where neither did. Bins are oldest first, and unknown before the first. n + j is
 * above m, so that no bin does both.
 */
export function decide(
  bins: number,
  stateAt: (bin: number) => BinState,
  { open, close }: WindowRule,
  from = 0,
): Decision | undefined {
  const is = (bin: number, state: BinState) => (bin >= 0 && stateAt(bin) === state ? 1 : 0);
  let [bad, good] = [0, 0];
  for (let bin = bins - open.of; bin < bins; bin += 1) bad += is(bin, 'bad');
  for (let bin = bins - close.of; bin < bins; bin += 1) good += is(bin, 'good');
  let decision: Decision | undefined;
  for (let end = bins - 1; end >= from; end -= 1) {
    const held = bad >= open.failures ? 'reached' : good >= close.passes ? 'left' : undefined;
    if (held !== undefined && decision !== undefined && held !== decision.is) break;
    if (held !== undefined) decision = { is: held, since: end };
    bad += is(end - open.of, 'bad') - is(end, 'bad');
    good += is(end - close.of, 'good') - is(end, 'good');
  }
  return decision;
}

export function standingOf(bins: readonly Bin[], rule: WindowRule): Standing {
  const stateAt = (bin: number) => bins[bin]?.state ?? 'unknown';
  const decision = decide(bins.length, stateAt, rule);
  if (!decision) return { state: 'undecided' };
  if (decision.is === 'left') return { state: 'closed' };
  return { state: 'open', sinceMs: bins[onset(stateAt, rule.open.of, decision.since)]?.startMs ?? 0 };
}

/** The opening bin: the first bad one of the window that opened. With n + j above m, no two openings share theirs. */
export function onset(stateAt: (bin: number) => BinState, of: number, reached: number): number {
  for (let bin = Math.max(0, reached - of + 1); bin <= reached; bin += 1) if (stateAt(bin) === 'bad') return bin;
  return reached;
}

/** Bins up to now, oldest first; the current one only once it says something, since its results may still come. */
export function binsUpTo(nowMs: number, binMs: number, stateOf: (startMs: number) => BinState): Bin[] {
  const current = binOf(nowMs, binMs);
  const bins: Bin[] = [];
  for (let back = lookbackBins - 1; back >= 0; back -= 1) {
    const startMs = current - back * binMs;
    const state = stateOf(startMs);
    if (back > 0 || state !== 'unknown') bins.push({ startMs, state });
  }
  return bins;
}

/** A bin of several results, as of several locations, is bad if at least half of those that count failed. */
export function binState(seen: readonly Seen[] | undefined): BinState {
  const failed = seen?.filter(({ outcome }) => outcome === 'failed').length ?? 0;
  const counted = failed + (seen?.filter(({ outcome }) => outcome === 'passed').length ?? 0);
  if (counted === 0) return 'unknown';
  return failed * 2 >= counted ? 'bad' : 'good';
}

/** As binState, without a look at what just passed. */
export const stateIn = ({ bins }: Pair, startMs: number): BinState =>
  bins.isPlain(startMs) ? 'good' : binState(bins.get(startMs));

/** Where bins up to now stand. Mostly the last of them say that all is well, and the others need no look. */
export function standingUpTo(nowMs: number, binMs: number, stateOf: (startMs: number) => BinState, rule: WindowRule): Standing {
  const current = binOf(nowMs, binMs);
  const lastMs = stateOf(current) === 'unknown' ? current - binMs : current;
  const last = (bins: number, state: BinState) => {
    let count = 0;
    for (let back = 0; back < bins; back += 1) if (stateOf(lastMs - back * binMs) === state) count += 1;
    return count;
  };
  const { open, close } = rule;
  if (last(close.of, 'good') >= close.passes && last(open.of, 'bad') < open.failures) return { state: 'closed' };
  return standingOf(binsUpTo(nowMs, binMs, stateOf), rule);
}

/** Of the latest bin that says something. */
export function latestState(nowMs: number, binMs: number, stateOf: (startMs: number) => BinState): BinState {
  const current = binOf(nowMs, binMs);
  for (let back = 0; back < lookbackBins; back += 1) {
    const state = stateOf(current - back * binMs);
    if (state !== 'unknown') return state;
  }
  return 'unknown';
}
