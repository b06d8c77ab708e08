import { pick, seeded } from '../../../fixtures/data/random.ts';
import type { ModelNode } from '../../../health/expand.ts';
import { readBy } from '../../../health/series.ts';
import type { Condition, Threshold } from '../../../health/threshold-types.ts';
import { type Signal, thresholdOf } from '../../../health/thresholds.ts';
import { minuteMs, nowMs, well } from '../situation.ts';
import { rowOf, type TableRow } from '../table-rows.ts';

/** The current minute, and how far back any window reaches. */
const currentMs = Math.floor(nowMs / minuteMs) * minuteMs;
const longestDrawn = 100;

type Random = () => number;

/**
 * The rows of a drawn situation, of every signal that the model reads: values at their bounds and just beside, windows with one row
 * too few, gaps, changes a while ago, rows that are late, double, of the future, or that a condition leaves out. The same seed
 * gives the same rows. How much of it is in trouble is drawn too.
 */
export function drawnTables(model: readonly ModelNode[], seed: number): Record<string, TableRow[]> {
  const random = seeded(seed);
  const trouble = pick(random, [0.01, 0.04, 0.15, 0.5, 1]);
  const tables: Record<string, TableRow[]> = {};
  for (const [key, { signal, windowMinutes }] of readBy(model)) {
    const scope = key.slice(signal.length + 1);
    for (const { table, row } of drawnRows(signal, scope, windowMinutes, random() < trouble, random)) {
      tables[table] ??= [];
      tables[table].push(row);
    }
  }
  for (const rows of Object.values(tables)) shuffle(rows, random);
  return tables;
}

interface Drawn {
  readonly table: string;
  readonly row: TableRow;
}

/** Stretches of minutes, from long ago to now, each with its own level. */
function drawnRows(signal: Signal, scope: string, windowMinutes: number, isTroubled: boolean, random: Random): Drawn[] {
  const rows: Drawn[] = [];
  const threshold = thresholdOf(signal);
  let back = Math.min(longestDrawn, windowMinutes + 40);
  let serial = 0;
  while (back >= -1) {
    const length = 1 + Math.floor(random() * pick(random, [3, 8, 30]));
    const level = isTroubled ? levelOf({ ...threshold, windowMinutes }, random) : levelWell(signal);
    for (let minute = 0; minute < length && back >= -1; minute += 1, back -= 1)
      for (const [at, value] of level(random).entries()) {
        // Two rows of one metric and minute differ by their time alone.
        const atMs = currentMs - back * minuteMs + at * 500;
        const { table, row: plain } = rowOf(signal, scope, atMs, value, `${signal} ${scope} ${serial}`);
        serial += 1;
        const row = odd(plain, threshold, random);
        rows.push({ table, row });
        if (random() < 0.02) rows.push({ table, row: again(row, random) });
      }
  }
  return rows;
}

/** Values of one minute. */
type Level = (random: Random) => number[];

/** Just enough rows, all of them good. */
function levelWell(signal: Signal): Level {
  const { minSamples, windowMinutes, source } = thresholdOf(signal);
  const isAlwaysOne = !('column' in source.value) && source.value.when.length === 0;
  return () => (isAlwaysOne ? [] : Array<number>(Math.ceil(minSamples / windowMinutes)).fill(well[signal]));
}

function levelOf({ statistic, degradedAt, unhealthyAt, minSamples, windowMinutes, source }: Threshold, random: Random): Level {
  const bound = pick(random, [degradedAt, unhealthyAt]);
  const few = Math.ceil(minSamples / windowMinutes);
  const rows = pick(random, [few, Math.max(1, few - 1), bound % 10 === 0 ? 10 : 20]);
  if (random() < 0.15) return () => [];
  switch (statistic) {
    case 'share': {
      // As near to the bound as whole rows come: at it, or one row below.
      const bad = Math.ceil((bound * rows) / 100) - pick(random, [0, 0, 1]);
      return () => Array.from({ length: rows }, (_, i) => (i < (random() < 0.05 ? rows : bad) ? 1 : 0));
    }
    case 'sum':
    case 'perMinute': {
      const each = pick(random, [0, 1, bound - 1, bound, bound]);
      const isAlwaysOne = !('column' in source.value) && source.value.when.length === 0;
      const every = statistic === 'sum' ? 1 / windowMinutes : 1;
      return () => {
        const bad = random() < every ? each : statistic === 'sum' ? 0 : each;
        return Array.from({ length: isAlwaysOne ? bad : Math.max(bad, few) }, (_, i) => (i < bad ? 1 : 0));
      };
    }
    case 'p95': {
      const share = pick(random, [1, 1, 2]);
      return () => Array.from({ length: 20 }, (_, i) => (i < share ? bound : bound - 1));
    }
    default: {
      const value = bound + pick(random, [0, 0, -1, 1, -0.5]);
      return () => Array<number>(Math.max(1, few)).fill(value);
    }
  }
}

/** Now and then a row that a condition leaves out, or that stands for several. */
function odd(row: TableRow, { source }: Threshold, random: Random): TableRow {
  const chance = random();
  if (source.weight !== undefined && chance < 0.05) return { ...row, [source.weight]: 1 + Math.floor(random() * 4) };
  if (chance > 0.97 && source.where.length > 0) return left(row, pick(random, source.where as [Condition, ...Condition[]]));
  return row;
}

/** The row, but for one condition that it breaks. */
function left(row: TableRow, [column, operator, what]: Condition): TableRow {
  const [outer = '', key] = column.split('.');
  const first = typeof what === 'object' ? (what[0] ?? '') : String(what);
  const breaking = { '==': 'other', '!=': first, in: 'other', '!in': first, '!contains': `x${first}x`, '>=': '-99999' }[operator];
  if (key !== undefined) return { ...row, [outer]: { ...(row[outer] as object), [key]: breaking } };
  if (typeof row[outer] === 'number') return { ...row, [outer]: Number(breaking) || 0 };
  return { ...row, [outer]: breaking };
}

/** The same row once more, as a repeated delivery brings it, at its own time or later. */
function again(row: TableRow, random: Random): TableRow {
  if (random() < 0.5 || !('Id' in row)) return row;
  return { ...row, TimeGenerated: new Date(Date.parse(row.TimeGenerated) + 90_000).toISOString() };
}

function shuffle(rows: TableRow[], random: Random): void {
  for (let i = rows.length - 1; i > 0; i -= 1) {
    const j = Math.floor(random() * (i + 1));
    const [a, b] = [rows[i], rows[j]];
    if (a && b) [rows[i], rows[j]] = [b, a];
  }
}
