import type { ModelNode } from '../expand.ts';
import { severityOf } from '../model.ts';
import { longestRule, type Reach, readBy, seriesBins, seriesKey, shortOf, staleBins } from '../series.ts';
import { changeRules, type Signal, thresholdOf } from '../thresholds.ts';
import { type Cell, datatable, type Let } from './text.ts';

/**
 * From rows by minute to the state of every signal that the model reads: bins, then what of the last bins holds, then the
 * latest bin that decides (docs/health-model.md).
 */
export function signalLets(nodes: readonly ModelNode[]): Let[] {
  const reads = nodes.flatMap(({ signals }) => signals.map(({ id, signal, scope }) => [id, seriesKey(signal, scope)]));
  const wanted = [...readBy(nodes)].map(([key, read]) => wantedRow(key, read.signal, read));
  return [
    { name: 'Wanted', body: datatable(wantedColumns, wanted) },
    { name: 'currentMinute', body: `datetime_diff('minute', current, datetime(1970-01-01))` },
    { name: 'Backs', body: `range Back from 0 to ${seriesBins() - 1} step 1 | extend One = 1` },
    { name: 'Bins', body: bins, isShared: true },
    { name: 'Steps', body: `range Step from 0 to ${longestRule() - 1} step 1 | extend One = 1` },
    { name: 'Held', body: held, isShared: true },
    { name: 'Degraded', body: decided('Degraded') },
    { name: 'Unhealthy', body: decided('Unhealthy') },
    { name: 'Fresh', body: 'Bins | where Back < Stale | distinct Key' },
    { name: 'SignalStates', body: states },
    { name: 'Reads', body: datatable({ Node: 'string', Key: 'string' }, reads) },
    {
      name: 'Signals',
      body: 'Reads | join kind=leftouter (SignalStates) on Key | extend State = coalesce(State, 1) | project Id = Node, State',
    },
  ];
}

const wantedColumns = {
  Key: 'string',
  Signal: 'string',
  Scope: 'string',
  Statistic: 'string',
  Window: 'long',
  Short: 'long',
  Lower: 'bool',
  DegradedAt: 'real',
  UnhealthyAt: 'real',
  MinSamples: 'long',
  Of: 'long',
  Worsen: 'long',
  Improve: 'long',
  Every: 'long',
  Stale: 'long',
} as const;

function wantedRow(key: string, signal: Signal, { windowMinutes, everyMinutes }: Reach): Cell[] {
  const threshold = thresholdOf(signal);
  const { statistic, shortMinutes, direction, degradedAt, unhealthyAt, minSamples, change } = threshold;
  if (shortMinutes !== undefined && (statistic === 'p95' || direction === 'lower'))
    throw new RangeError(`${signal} has two windows; allowed: for higher values that are no percentile`);
  const { of, worsen, improve } = changeRules[change];
  const scope = key.slice(signal.length + 1);
  const windows = [windowMinutes, shortOf(threshold, everyMinutes) ?? windowMinutes];
  const bounds = [direction === 'lower', degradedAt, unhealthyAt, minSamples];
  return [key, signal, scope, statistic, ...windows, ...bounds, of, worsen, improve, everyMinutes, staleBins(everyMinutes)];
}

const statistic = (prefix: string, minutes: string) =>
  `case(Statistic == 'avg', ${prefix}SV / ${prefix}SW, Statistic == 'share', 100.0 * ${prefix}SV / ${prefix}SW, Statistic == 'sum', ${prefix}SV, ` +
  `Statistic == 'perMinute', ${prefix}SV / todouble(${minutes}), ${prefix}Lo)`;

const sums = (columns: readonly string[], prefix: string, of: (column: string) => string) =>
  columns.map((column) => `${prefix}${column} = sum(${of(column)})`).join(', ');

/** Whether the value is at the bound or beyond; of a percentile by weights, see Statistic. */
const isAt = (bound: 'Degraded' | 'Unhealthy') =>
  `case(Statistic == 'p95', 100.0 * At${bound} > 5.0 * SW, Lower, Value < ${bound}At, Value >= ${bound}At and ShortValue >= ${bound}At)`;

/** Known bins alone, Bin the last minute of each: the value of the window that ends with it, and whether it is at the bounds. Worse by both windows is bad. */
const bins = [
  'Wanted',
  '| join kind=inner (Minutes) on Signal, Scope',
  '| extend One = 1',
  '| join kind=inner (Backs) on One',
  '| extend Bin = current + (Every - 1 - currentMinute % Every - Back * Every) * 1m',
  '| where Minute <= current and Minute <= Bin and Minute > Bin - Window * 1m',
  '| extend IsShort = Minute > Bin - Short * 1m',
  `| summarize N = sum(N), ShortN = sum(iff(IsShort, N, 0)), ${sums(['SW', 'SV', 'AtDegraded', 'AtUnhealthy'], '', (column) => column)}, ${sums(['SW', 'SV'], 'Short', (column) => `iff(IsShort, ${column}, 0.0)`)}, Lo = min(Lo), ShortLo = min(iff(IsShort, Lo, real(null))) by Key, Back, Statistic, Window, Short, Lower, DegradedAt, UnhealthyAt, MinSamples, Of, Worsen, Improve, Stale`,
  '| where N >= MinSamples and ShortN > 0',
  `| extend Value = ${statistic('', 'Window')}, ShortValue = ${statistic('Short', 'Short')}`,
  `| extend IsDegraded = ${isAt('Degraded')}, IsUnhealthy = ${isAt('Unhealthy')}`,
].join('\n');

/** Of each bin: how many of the last ones are at a bound, and how many are known and not. `Bins` goes no further back than bins that decide need. */
const held = [
  'Bins',
  '| extend One = 1',
  '| join kind=inner (Steps) on One',
  '| where Step < Of',
  '| extend At = Back - Step',
  '| where At >= 0',
  '| summarize BadDegraded = countif(IsDegraded), GoodDegraded = countif(not(IsDegraded)), BadUnhealthy = countif(IsUnhealthy), GoodUnhealthy = countif(not(IsUnhealthy)) by Key, At, Worsen, Improve',
].join('\n');

const decided = (bound: 'Degraded' | 'Unhealthy') =>
  `Held | where Bad${bound} >= Worsen or Good${bound} >= Improve | summarize arg_min(At, Bad${bound}, Worsen) by Key | project Key, Is${bound} = Bad${bound} >= Worsen`;

const { healthy, unknown, degraded, unhealthy } = severityOf;

/** A signal without a fresh bin, or of which no bin has decided, is unknown. */
const states = [
  'Fresh',
  '| join kind=leftouter (Degraded) on Key',
  '| join kind=leftouter (Unhealthy) on Key',
  `| extend State = case(IsUnhealthy, ${unhealthy}, IsDegraded, ${degraded}, isnotnull(IsDegraded), ${healthy}, ${unknown})`,
  '| project Key, State',
].join('\n');
