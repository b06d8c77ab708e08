import type { ModelNode } from '../expand.ts';
import { reachMinutes, readBy } from '../series.ts';
import type { Condition, Threshold } from '../threshold-types.ts';
import { type Signal, thresholdOf } from '../thresholds.ts';
import { type Let, quoted, real } from './text.ts';

/** A workspace of Log Analytics, and what rows in it have for their `Workspace`. */
export interface Workspace {
  /** A region, or `global`. */
  readonly name: string;
  /** As `workspace('…')` takes it: a resource id. */
  readonly resource: string;
}

/** How far back each signal is read at most, in minutes. */
function reachesOf(nodes: readonly ModelNode[]): ReadonlyMap<Signal, number> {
  const longest = new Map<Signal, number>();
  for (const read of readBy(nodes).values())
    longest.set(read.signal, Math.max(longest.get(read.signal) ?? 0, reachMinutes(read)));
  return longest;
}

/** Each table with the rows of all workspaces, then the rows of each signal by minute. */
export function rowLets(nodes: readonly ModelNode[], workspaces: readonly Workspace[]): Let[] {
  const reaches = reachesOf(nodes);
  const tables = [...new Set([...reaches.keys()].map((signal) => thresholdOf(signal).source.table))].sort();
  const minutes = [...reaches].map(([signal, minutes]) => minutesOf(signal, minutes));
  return [
    ...tables.map((table) => ({ name: everywhere(table), body: union(workspaces.map((one) => tableIn(table, one))) })),
    { name: 'Minutes', body: union(minutes) },
  ];
}

/** The rows of a table in all workspaces. */
export const everywhere = (table: string) => `All${table}`;
/** isFuzzy: legs whose table is nowhere are left out, instead of all being refused. */
export const union = (legs: readonly string[], isFuzzy = false) =>
  `union${isFuzzy ? ' isfuzzy=true' : ''}\n${legs.map((leg) => `(${leg})`).join(',\n')}`;
export const tableIn = (table: string, { name, resource }: Workspace) =>
  `workspace(${quoted(resource)}).${table} | extend Workspace = ${quoted(name)}`;

/** The rows of one signal from a time on, each once: its Scope, its value V and its weight W. */
export function signalRows(signal: Signal, from: string): string[] {
  const { source } = thresholdOf(signal);
  const { id = [] } = source;
  const once = `| summarize arg_max(TimeGenerated, V, W) by ${[...new Set(['Scope', ...id.filter((column) => column !== 'TimeGenerated')])].join(', ')}`;
  const onceAtATime = `| summarize V = max(V), W = max(W) by ${['Scope', ...id].join(', ')}`;
  return [
    everywhere(source.table),
    `| where TimeGenerated >= ${from}`,
    ...source.where.map((condition) => `| where ${test(condition)}`),
    `| extend Scope = ${scopeText(source.scope)}, V = ${valueText(source.value)}, W = ${weightText(source.weight)}`,
    '| where isnotnull(V)',
    ...(source.id ? [id.includes('TimeGenerated') ? onceAtATime : once] : []),
  ];
}

/** What the rows of one signal add up to in each minute: all statistics follow from it. */
function minutesOf(signal: Signal, reach: number): string {
  const threshold = thresholdOf(signal);
  return [
    // Only for the cost: a minute more than any window reaches.
    ...signalRows(signal, `current - ${reach}m`),
    `| summarize N = count(), SW = sum(W), SV = sum(W * V), Lo = min(V), ${beyondText(threshold)} by Scope, Minute = bin(TimeGenerated, 1m)`,
    `| project Signal = ${quoted(signal)}, Scope, Minute, N, SW, SV, Lo, AtDegraded, AtUnhealthy`,
  ].join('\n');
}

/** Columns that conditions name as text and that are none. */
const types: Readonly<Record<string, 'bool' | 'number'>> = {
  Success: 'bool',
  StatusCode: 'number',
  HttpStatusCode: 'number',
  ScStatus: 'number',
};
const isDynamic = (column: string) => column.includes('.');
const text = (column: string) => (isDynamic(column) || types[column] === 'number' ? `tostring(${column})` : column);
const number = (column: string) => `todouble(${isDynamic(column) ? text(column) : column})`;

/** A condition on a row, as KQL. */
export function test([column, operator, what]: Condition): string {
  switch (operator) {
    case '>=':
      return `${number(column)} >= ${real(what)}`;
    case 'in':
    case '!in':
      return `${text(column)} ${operator} (${what.map(quoted).join(', ')})`;
    default:
      return `${text(column)} ${operator} ${types[column] === 'bool' ? what : quoted(what)}`;
  }
}

function valueText(value: Threshold['source']['value']): string {
  if ('column' in value) return number(value.column);
  return value.when.length === 0 ? '1.0' : `iff(${value.when.map(test).join(' and ')}, 1.0, 0.0)`;
}

const weightText = (weight: string | undefined) => (weight === undefined ? '1.0' : `coalesce(${number(weight)}, 1.0)`);

/** Of an ARM id what stands last; in lower case and without blanks, as `scopeName` in expand.ts has it. */
function scopeText(columns: readonly string[]): string {
  const parts = columns.map((column) => {
    const name = column.endsWith('ResourceId') ? `extract('[^/]*$', 0, ${column})` : text(column);
    return `tolower(replace_string(${name}, ' ', ''))`;
  });
  if (parts.length === 0) return "''";
  return parts.length === 1 ? (parts[0] ?? '') : `strcat(${parts.join(", '@', ")})`;
}

/** Of a percentile, the weight of rows at each bound or beyond says all that is asked. */
function beyondText({ statistic, degradedAt, unhealthyAt }: Threshold): string {
  const beyond = (bound: number) => (statistic === 'p95' ? `sum(iff(V >= ${real(bound)}, W, 0.0))` : 'sum(0.0)');
  return `AtDegraded = ${beyond(degradedAt)}, AtUnhealthy = ${beyond(unhealthyAt)}`;
}
