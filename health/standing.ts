import type { AlertSettings } from '../fixtures/environments/alerting.ts';
import { binOf, lookbackBins, type Pair, type Seen } from './window.ts';

/** What one bin says. unknown: no result, or none that counts; it is never healthy, and never a failure. */
export type BinState = 'good' | 'bad' | 'unknown';

export interface Bin {
  readonly startMs: number;
  readonly state: BinState;
}

export type WindowRule = Pick<AlertSettings, 'open' | 'close'>;

/** undecided: no window within sight decides, so that an open incident stays open and a closed one closed. */
export type Standing = { readonly state: 'open'; readonly sinceMs: number } | { readonly state: 'closed' | 'undecided' };

/**
 * n of m bins open and j of m close, as a pure function of a bounded window: the latest bin at which either rule held
 * decides. Bins are oldest first. The loader holds n + j above m, so that no bin does both.
 */
export function standingOf(bins: readonly Bin[], { open, close }: WindowRule): Standing {
  const holds = (end: number, state: BinState, least: number, of: number) => {
    let count = 0;
    for (let i = Math.max(0, end - of + 1); i <= end; i += 1) if (bins[i]?.state === state) count += 1;
    return count >= least;
  };
  let firstOpen: number | undefined;
  for (let end = bins.length - 1; end >= 0; end -= 1) {
    if (holds(end, 'good', close.passes, close.of)) {
      if (firstOpen === undefined) return { state: 'closed' };
      return { state: 'open', sinceMs: onset(bins, open, firstOpen) };
    }
    if (holds(end, 'bad', open.failures, open.of)) firstOpen = end;
  }
  if (firstOpen === undefined) return { state: 'undecided' };
  return { state: 'open', sinceMs: onset(bins, open, firstOpen) };
}

/** The opening bin: the first bad one of the window that opened. With n + j above m, no two openings share theirs. */
function onset(bins: readonly Bin[], { of }: WindowRule['open'], firstOpen: number): number {
  const window = bins.slice(Math.max(0, firstOpen - of + 1), firstOpen + 1);
  return window.find(({ state }) => state === 'bad')?.startMs ?? 0;
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

export const binsOf = (pair: Pair, nowMs: number) => binsUpTo(nowMs, pair.binMs, (startMs) => binState(pair.bins.get(startMs)));
