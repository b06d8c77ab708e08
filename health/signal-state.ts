import type { Health } from './model.ts';
import { staleBins } from './series.ts';
import { type BinState, decide, onset, type WindowRule } from './standing.ts';
import type { Threshold } from './threshold-types.ts';
import { changeRules, memory } from './thresholds.ts';

export interface SignalState {
  readonly state: Health;
  /** Bin since which it is so, counted from the oldest. */
  readonly since: number;
  /** Of the latest known bin. */
  readonly value: number | undefined;
}

const ruleOf = ({ worsen, improve, of }: (typeof changeRules)[keyof typeof changeRules]): WindowRule => ({
  open: { failures: worsen, of },
  close: { passes: improve, of },
});

/** Bands are half-open: the bound belongs to the worse one where higher is worse, and to the better one where lower is. */
export const isBeyond = (value: number, bound: number, direction: Threshold['direction']) =>
  direction === 'higher' ? value >= bound : value < bound;

/** The band that a value lies in. */
export function bandOf(value: number, { direction, degradedAt, unhealthyAt }: Threshold): 'healthy' | 'degraded' | 'unhealthy' {
  if (isBeyond(value, unhealthyAt, direction)) return 'unhealthy';
  return isBeyond(value, degradedAt, direction) ? 'degraded' : 'healthy';
}

/** A signal's state from its bins, oldest first, NaN where unknown; by the rule of docs/health-model.md. */
export function signalState(values: Float64Array, threshold: Threshold, everyMinutes = 1): SignalState {
  const { direction, degradedAt, unhealthyAt } = threshold;
  const last = lastKnown(values);
  if (last < values.length - staleBins(everyMinutes)) return { state: 'unknown', since: last + 1, value: undefined };
  const value = values[last];
  const bad = beyond(values, degradedAt, direction);
  // Nearly all signals of a store are so, and need no look at single bins.
  if (bad === 0 && !values.some(Number.isNaN)) return { state: 'healthy', since: values.length - memory.lookbackBins, value };
  const isReached = bad > 0 && beyond(values, unhealthyAt, direction) > 0;
  const unhealthy = isReached ? decision(values, (each) => isBeyond(each, unhealthyAt, direction), threshold) : undefined;
  if (unhealthy?.is === 'reached') return { state: 'unhealthy', since: unhealthy.since, value };
  const degraded = decision(values, (each) => isBeyond(each, degradedAt, direction), threshold);
  if (!degraded) return { state: 'unknown', since: 0, value };
  return { state: degraded.is === 'reached' ? 'degraded' : 'healthy', since: degraded.since, value };
}

function beyond(values: Float64Array, bound: number, direction: Threshold['direction']): number {
  let count = 0;
  for (const value of values) if (isBeyond(value, bound, direction)) count += 1;
  return count;
}

function decision(values: Float64Array, isBad: (value: number) => boolean, { change }: Threshold) {
  const stateAt = (bin: number): BinState => {
    const value = values[bin] ?? Number.NaN;
    if (Number.isNaN(value)) return 'unknown';
    return isBad(value) ? 'bad' : 'good';
  };
  const rule = ruleOf(changeRules[change]);
  const decided = decide(values.length, stateAt, rule, values.length - memory.lookbackBins);
  return decided?.is === 'reached' ? { ...decided, since: onset(stateAt, rule.open.of, decided.since) } : decided;
}

function lastKnown(values: Float64Array): number {
  let bin = values.length - 1;
  while (bin >= 0 && Number.isNaN(values[bin])) bin -= 1;
  return bin;
}
