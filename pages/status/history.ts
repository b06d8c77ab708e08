import { type AvailabilityResult, certificateName, countsForObjectives, heartbeatName } from '../../synthetics/result.ts';
import type { Bar, OutcomeColumn, Shape } from './state.ts';

const minuteMs = 60_000;
/** Six hours, in bars that a phone can show side by side. */
export const columnMs = 10 * minuteMs;
const columnsKept = 36;
export const historyMs = columnsKept * columnMs;

/** What a pair's results of one column come to. */
interface Cell {
  passed: number;
  failed: number;
  uncounted: number;
  readonly passedMs: number[];
}

export const pairKey = (journey: string, target: string) => `${journey}@${target}`;
/** Target by target, of each the journeys: the order of all that is kept by pair. */
export const pairsOf = ({ targets, journeys }: Pick<Shape, 'targets' | 'journeys'>): string[] =>
  targets.flatMap((target) => journeys.map((journey) => pairKey(journey, target)));

/** Outcomes and latencies of the last hours, by column and pair; each result is to be added once. */
export class History {
  private readonly columns = new Map<number, Map<string, Cell>>();

  add(results: Iterable<AvailabilityResult>): void {
    for (const result of results) {
      if (result.journey === heartbeatName || result.journey === certificateName) continue;
      const start = Math.floor(Date.parse(result.startedAt) / columnMs) * columnMs;
      const column = this.columns.get(start) ?? new Map<string, Cell>();
      this.columns.set(start, column);
      const key = pairKey(result.journey, result.target.name);
      const cell = column.get(key) ?? { passed: 0, failed: 0, uncounted: 0, passedMs: [] };
      column.set(key, cell);
      count(cell, result);
    }
  }

  prune(nowMs: number): void {
    for (const start of this.columns.keys()) if (start <= nowMs - historyMs) this.columns.delete(start);
  }

  /** Every column up to now, also those without a result; pairs in the order given. */
  columnsOf(pairs: readonly string[], nowMs: number): Record<string, OutcomeColumn> {
    const last = Math.floor(nowMs / columnMs) * columnMs;
    const starts = Array.from({ length: columnsKept }, (_, i) => last - (columnsKept - 1 - i) * columnMs);
    return Object.fromEntries(starts.map((start) => [start, columnOf(pairs, this.columns.get(start))]));
  }

  /** Of what counts; undefined where nothing does. */
  uptimePercent(pair: string): number | undefined {
    const cells = [...this.columns.values()].flatMap((column) => column.get(pair) ?? []);
    const passed = cells.reduce((sum, cell) => sum + cell.passed, 0);
    const counted = passed + cells.reduce((sum, cell) => sum + cell.failed, 0);
    return counted === 0 ? undefined : (100 * passed) / counted;
  }
}

function count(cell: Cell, result: AvailabilityResult): void {
  if (!countsForObjectives(result)) cell.uncounted += 1;
  else if (result.outcome === 'failed') cell.failed += 1;
  else {
    cell.passed += 1;
    cell.passedMs.push(Math.round(result.durationMs));
  }
}

const columnOf = (pairs: readonly string[], cells: ReadonlyMap<string, Cell> | undefined): OutcomeColumn => ({
  outcomes: pairs.map((pair) => barOf(cells?.get(pair))).join(''),
  p95: pairs.map((pair) => p95(cells?.get(pair)?.passedMs ?? [])),
});

function barOf(cell: Cell | undefined): Bar {
  if (!cell) return '-';
  if (cell.failed > 0) return cell.passed > 0 ? 's' : 'f';
  return cell.passed > 0 ? 'p' : 'i';
}

/** Nearest rank. */
function p95(values: readonly number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * 0.95) - 1] ?? null;
}
