import { type AvailabilityResult, certificateName, countsForObjectives, heartbeatName } from '../../synthetics/result.ts';
import type { Bar, OutcomeColumn, Shape } from './state.ts';

const minuteMs = 60_000;
/** Six hours, in bars that a phone can show side by side. */
export const columnMs = 10 * minuteMs;
const columnsKept = 36;
export const historyMs = columnsKept * columnMs;

export const pairKey = (journey: string, target: string) => `${journey}@${target}`;
/** Target by target, of each the journeys: the order of all that is kept by pair. */
export const pairsOf = ({ targets, journeys }: Pick<Shape, 'targets' | 'journeys'>): string[] =>
  targets.flatMap((target) => journeys.map((journey) => pairKey(journey, target)));

type Count = 'passed' | 'failed' | 'uncounted';

/** What the results of ten minutes come to, by the place of their pair. Lists, since six hours of thousands of pairs are kept. */
class Column {
  private readonly counts: Readonly<Record<Count, number[]>> = { passed: [], failed: [], uncounted: [] };
  /** Milliseconds of those that passed, while more may come. */
  private times: number[][] = [];
  private p95s: (number | null)[] | undefined;
  private isFresh = false;
  private drawn: { readonly order: string; readonly as: OutcomeColumn } | undefined;

  add(place: number, result: AvailabilityResult): void {
    const count = countOf(result);
    this.drawn = undefined;
    this.isFresh = true;
    this.counts[count][place] = this.count(count, place) + 1;
    if (count !== 'passed' || this.p95s) return;
    const times = this.times[place] ?? [];
    this.times[place] = times;
    times.push(Math.round(result.durationMs));
  }

  /** Where nothing came since this was last called, it keeps of times what is shown; what comes later is counted all the same. */
  settle(): void {
    if (!this.isFresh) {
      this.p95s ??= Array.from(this.times, (times) => p95(times));
      this.times = [];
    }
    this.isFresh = false;
  }

  count(count: Count, place: number): number {
    return this.counts[count][place] ?? 0;
  }

  /** @param order of the places, to know it again */
  shown(places: readonly number[], order: string): OutcomeColumn {
    if (this.drawn?.order !== order) {
      const { p95s } = this;
      const timeOf = (place: number) => (p95s ? (p95s[place] ?? null) : p95(this.times[place]));
      this.drawn = { order, as: { outcomes: places.map((place) => this.bar(place)).join(''), p95: places.map(timeOf) } };
    }
    return this.drawn.as;
  }

  private bar(place: number): Bar {
    const [passed, failed] = [this.count('passed', place), this.count('failed', place)];
    if (failed > 0) return passed > 0 ? 's' : 'f';
    if (passed > 0) return 'p';
    return this.count('uncounted', place) > 0 ? 'i' : '-';
  }
}

/** Of a time from which nothing was kept. */
const nothing = new Column();

/** Outcomes and latencies of the last hours, by column and pair; each result is to be added once. */
export class History {
  private readonly columns = new Map<number, Column>();
  /** The place of each pair in every column. */
  private readonly places = new Map<string, number>();

  add(results: Iterable<AvailabilityResult>): void {
    for (const result of results) {
      if (result.journey === heartbeatName || result.journey === certificateName) continue;
      const start = Math.floor(Date.parse(result.startedAt) / columnMs) * columnMs;
      const column = this.columns.get(start) ?? new Column();
      this.columns.set(start, column);
      column.add(this.placeOf(pairKey(result.journey, result.target.name)), result);
    }
  }

  prune(nowMs: number): void {
    const current = Math.floor(nowMs / columnMs) * columnMs;
    for (const [start, column] of this.columns) {
      if (start <= nowMs - historyMs) this.columns.delete(start);
      // A round that ends late still finds the column before.
      else if (start < current - columnMs) column.settle();
    }
  }

  /** Every column up to now, also those without a result; pairs in the order given. The same object as before where it is the same. */
  columnsOf(pairs: readonly string[], nowMs: number): Record<string, OutcomeColumn> {
    const last = Math.floor(nowMs / columnMs) * columnMs;
    const starts = Array.from({ length: columnsKept }, (_, i) => last - (columnsKept - 1 - i) * columnMs);
    const places = pairs.map((pair) => this.places.get(pair) ?? -1);
    const order = places.join();
    return Object.fromEntries(starts.map((start) => [start, (this.columns.get(start) ?? nothing).shown(places, order)]));
  }

  /** Of what counts; undefined where nothing does. */
  uptimePercent(pair: string): number | undefined {
    const place = this.places.get(pair) ?? -1;
    let [passed, failed] = [0, 0];
    for (const column of this.columns.values()) {
      passed += column.count('passed', place);
      failed += column.count('failed', place);
    }
    return passed + failed === 0 ? undefined : (100 * passed) / (passed + failed);
  }

  private placeOf(pair: string): number {
    const place = this.places.get(pair) ?? this.places.size;
    this.places.set(pair, place);
    return place;
  }
}

function countOf(result: AvailabilityResult): Count {
  if (!countsForObjectives(result)) return 'uncounted';
  return result.outcome === 'failed' ? 'failed' : 'passed';
}

/** Nearest rank. */
function p95(values: readonly number[] = []): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * 0.95) - 1] ?? null;
}
