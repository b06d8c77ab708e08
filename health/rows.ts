import { scopeName } from './expand.ts';
import type { Observation } from './picture.ts';
import type { Condition, Source } from './threshold-types.ts';
import { type Signal, signals, thresholdOf } from './thresholds.ts';

/** A row of Log Analytics, with the workspace that it lies in. */
export type LogRow = Readonly<Record<string, unknown>>;

/** Tables that signals are read from. */
export const sourceTables: readonly string[] = [...new Set(signals.map((signal) => thresholdOf(signal).source.table))].sort();

const readersOf = new Map(
  sourceTables.map((table) => [table, signals.filter((signal) => thresholdOf(signal).source.table === table)]),
);

/** What the rows of one table say of every signal that reads it. */
export function readRows(table: string, rows: readonly LogRow[]): Observation[] {
  const readers = readersOf.get(table) ?? [];
  return rows.flatMap((row) => {
    const cells = cellsOf(row);
    return readers.flatMap((signal) => observed(signal, thresholdOf(signal).source, cells) ?? []);
  });
}

type Cells = (column: string) => unknown;

function observed(signal: Signal, source: Source, cells: Cells): Observation | undefined {
  if (!source.where.every((condition) => holds(condition, cells))) return undefined;
  const atMs = Date.parse(textOf(cells('TimeGenerated')));
  const value = measured(source, cells);
  if (Number.isNaN(atMs) || value === undefined) return undefined;
  const scope = source.scope.map((column) => scopeName(lastName(textOf(cells(column))))).join('@');
  const weight = source.weight === undefined ? undefined : numberOf(cells(source.weight));
  const id = source.id?.map((column) => textOf(cells(column))).join(' ');
  return { signal, scope, atMs, value, ...(weight !== undefined && { weight }), ...(id !== undefined && { id }) };
}

function measured({ value }: Source, cells: Cells): number | undefined {
  if ('column' in value) return numberOf(cells(value.column));
  return value.when.every((condition) => holds(condition, cells)) ? 1 : 0;
}

function holds([column, operator, what]: Condition, cells: Cells): boolean {
  const seen = cells(column);
  switch (operator) {
    case '==':
      return textOf(seen) === what;
    case '!=':
      return textOf(seen) !== what;
    case 'in':
      return what.includes(textOf(seen));
    case '!in':
      return !what.includes(textOf(seen));
    case '!contains':
      return !textOf(seen).toLowerCase().includes(what);
    case '>=': {
      const number = numberOf(seen);
      return number !== undefined && number >= what;
    }
  }
}

const textOf = (seen: unknown): string => (seen === undefined || seen === null ? '' : String(seen));

function numberOf(seen: unknown): number | undefined {
  const text = textOf(seen).trim();
  const number = Number(text);
  return text === '' || Number.isNaN(number) ? undefined : number;
}

/** Of an ARM id, what it names. */
const lastName = (text: string) => (text.startsWith('/') ? text.slice(text.lastIndexOf('/') + 1) : text);

/** Columns of a row; a dynamic one may come as JSON text. */
function cellsOf(row: LogRow): Cells {
  const opened = new Map<string, unknown>();
  return (column) => {
    const dot = column.indexOf('.');
    if (dot < 0) return row[column];
    const outer = column.slice(0, dot);
    if (!opened.has(outer)) opened.set(outer, typeof row[outer] === 'string' ? parsed(row[outer]) : row[outer]);
    const held = opened.get(outer);
    return typeof held === 'object' && held !== null ? (held as LogRow)[column.slice(dot + 1)] : undefined;
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A row that can't be read says nothing of what it should hold.
    return undefined;
  }
}
