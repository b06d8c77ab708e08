import { everywhere, signalRows, tableIn, union, type Workspace } from './kql/rows.ts';
import { queryText, quoted } from './kql/text.ts';
import type { Observation } from './picture.ts';
import { type LogRow, readRows } from './rows.ts';
import { type Signal, signals, thresholdOf } from './thresholds.ts';

/** A query for what a table says of every signal that is read from it, and what its answer means. */
interface ObservationsQuery {
  readonly query: string;
  readonly observations: (rows: readonly LogRow[]) => Observation[];
}

/**
 * Rows that are known from elsewhere too, results by the monitor and metrics by their own API: they keep their ids, so that each counts
 * once. There are some a minute; of requests there may be millions, and they are put together by Log Analytics.
 */
const knownElsewhere: readonly string[] = ['AppAvailabilityResults', 'AzureMetrics'];

/** From the beginning of a minute on: a minute is put together whole. A workspace that has no such table has no such rows. */
export function observationsQuery(table: string, workspaces: readonly Workspace[], fromMs: number): ObservationsQuery {
  const readers = signals.filter((signal) => thresholdOf(signal).source.table === table);
  const legs = workspaces.map((one) => tableIn(table, one));
  const all = { name: everywhere(table), body: union(legs, true) };
  const from = `datetime(${new Date(fromMs).toISOString()})`;
  if (knownElsewhere.includes(table)) {
    const columns = [...new Set(['TimeGenerated', 'Workspace', ...readers.flatMap(columnsOf)])];
    const answer = `${all.name}\n| where TimeGenerated >= ${from}\n| project ${columns.join(', ')}`;
    return { query: queryText([all], answer), observations: (rows) => readRows(table, rows.map(asExported)) };
  }
  return {
    query: queryText([all], union(readers.map((signal) => together(signal, from)))),
    observations: (rows) => rows.flatMap(observed),
  };
}

/** Columns that a signal's source names; of a dynamic one its whole. */
function columnsOf(signal: Signal): string[] {
  const { where, value, scope, id = [] } = thresholdOf(signal).source;
  const conditions = [...where, ...('when' in value ? value.when : [])].map(([column]) => column);
  const named = [...conditions, ...scope, ...id, ...('column' in value ? [value.column] : [])];
  return named.map((column) => column.split('.')[0] ?? column);
}

/** As the local store and the metrics have them: ids are made of both. */
const asExported = (row: LogRow): LogRow => ({
  ...row,
  TimeGenerated: new Date(String(row.TimeGenerated)).toISOString(),
  ...(row._ResourceId !== undefined && { _ResourceId: String(row._ResourceId).toLowerCase() }),
});

/** Milliseconds into which latencies are put together; every bound of a percentile is a multiple. */
const latencyStep = 10;

/** Rows of a minute that say the same, as one. */
function together(signal: Signal, from: string): string {
  const { statistic, degradedAt, unhealthyAt } = thresholdOf(signal);
  const isPercentile = statistic === 'p95';
  if (isPercentile && [degradedAt, unhealthyAt].some((bound) => bound % latencyStep !== 0))
    throw new RangeError(`${signal}: got bounds of ${degradedAt} and ${unhealthyAt}; allowed: multiples of ${latencyStep}`);
  return [
    ...signalRows(signal, from),
    ...(isPercentile ? [`| extend V = bin(V, ${latencyStep}.0)`] : []),
    '| summarize N = count(), W = sum(W) by Scope, At = bin(TimeGenerated, 1m), V',
    `| project Signal = ${quoted(signal)}, Scope, At, V, N, W`,
  ].join('\n');
}

function observed({ Signal: signal, Scope, At, V, N, W }: LogRow): Observation[] {
  const known = signals.find((each) => each === signal);
  const [atMs, value, rows, weight] = [Date.parse(String(At)), Number(V), Number(N), Number(W)] as const;
  if (!known || [atMs, value, rows, weight].some(Number.isNaN))
    throw new RangeError(`no observation: ${JSON.stringify({ signal, At, V, N, W })}`);
  return [{ signal: known, scope: String(Scope), atMs, value, rows, weight }];
}
