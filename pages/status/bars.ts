import { type Bar, barKinds, type StatusState } from './state.ts';

const isBar = (text: string | undefined): text is Bar => text !== undefined && Object.hasOwn(barKinds, text);

interface BarAt {
  readonly atMs: number;
  readonly bar: Bar;
  readonly p95: number | null;
}

/** Of one pair, oldest first. */
export function barsOf({ columns }: Pick<StatusState, 'columns'>, pair: number): BarAt[] {
  return Object.entries(columns)
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([start, { outcomes, p95 }]) => {
      const bar = outcomes[pair];
      return { atMs: Number(start), bar: isBar(bar) ? bar : '-', p95: p95[pair] ?? null };
    });
}

/** What still speaks of now: the latest bar with a result, no older than the journey is often. What ended hours ago is not well. */
export function latestOf(bars: readonly BarAt[], { columnMs, everyMinutes, journeys }: StatusState['shape'], pair: number) {
  const everyMs = (everyMinutes[pair % journeys.length] ?? 1) * 60_000;
  const since = (bars.at(-1)?.atMs ?? 0) - Math.max(columnMs, everyMs);
  return bars.findLast(({ atMs, bar }) => bar !== '-' && atMs >= since);
}
