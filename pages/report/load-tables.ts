import type { LoadVerdict } from '../../load/verdict/verdict.ts';
import { clockOf, spanOf } from '../time-axis.ts';
import { figure } from '../words.ts';

/** A table as every report draws it: text only, so that each can escape it in its own way. */
export interface LoadTable {
  readonly title: string;
  /** A line above it. */
  readonly lead?: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** What a load run says beside its judgements: who failed, what it cost, how it compares. Tables without a row are left out. */
export function loadTables(load: LoadVerdict): LoadTable[] {
  return [eventTable(load), layerTable(load), ledgerTable(load), partitionTable(load), baselineTable(load)].filter(
    (table) => table.rows.length > 0,
  );
}

function eventTable(load: LoadVerdict): LoadTable {
  const { fromMs } = spanOf(load);
  const rows = (load.events ?? []).map(({ atMs, name, detail }, index) => [
    String(index + 1),
    clockOf((atMs - fromMs) / 1000),
    name,
    detail,
  ]);
  return { title: 'Events', head: ['', 'at', 'event', 'detail'], rows };
}

function layerTable({ layers = [] }: LoadVerdict): LoadTable {
  const rows = [...layers].sort((a, b) => b.failed - a.failed);
  return {
    title: 'Errors by layer',
    head: ['layer', 'failed', 'of these throttled'],
    rows: rows.map(({ layer, failed, throttled }) => [layer, figure(failed), figure(throttled)]),
  };
}

function ledgerTable({ ru }: LoadVerdict): LoadTable {
  const head = ['journey', 'RU each', '± RU', 'iterations', 'by step'];
  if (!ru) return { title: 'Request units', head, rows: [] };
  const rows = ru.journeys.map(({ journey, ru: each, withinRu, iterations, steps }) => [
    journey,
    figure(each),
    figure(withinRu),
    figure(iterations),
    steps.length === 0 ? 'not told apart' : steps.map((step) => `${step.step} ${figure(step.ru)}`).join(', '),
  ]);
  const retries =
    ru.throttleRetries === 0
      ? ''
      : `; ${figure(ru.throttleRetries)} throttled attempts were made again, p95 ${figure(ru.retryP95Ms ?? 0)} ms then, ${figure(ru.calmP95Ms ?? 0)} ms else`;
  const idle = ru.idleRuPerSecond === undefined ? '' : `, ${figure(ru.idleRuPerSecond)} of them at rest`;
  const lead = `By ${ru.source}: ${figure(ru.projectedRuPerSecond)} ± ${figure(ru.projectedWithin)} RU/s at the target rate${idle}, budget ${figure(ru.budgetRuPerSecond)}${retries}`;
  return { title: 'Request units', lead, head, rows };
}

/** More would hide the hot one. */
const shownPartitions = 10;

function partitionTable({ ru }: LoadVerdict): LoadTable {
  const rows = (ru?.partitions ?? []).slice(0, shownPartitions);
  return {
    title: 'Partitions, the hottest first',
    head: ['container', 'partition', 'highest minute, % of its RU'],
    rows: rows.map(({ container, partition, peakPercent }) => [container, partition, figure(peakPercent)]),
  };
}

const changeWords = { worse: '✗ worse', better: '✓ better', same: 'same' } as const;

function baselineTable({ baseline }: LoadVerdict): LoadTable {
  const head = ['metric', 'before', 'now', 'change', ''];
  if (!baseline) return { title: 'Against the baseline', head, rows: [] };
  const sorted = [...baseline.rows].sort((a, b) => b.changePercent - a.changePercent);
  return {
    title: 'Against the baseline',
    lead: `${baseline.verdict}, ${baseline.runs} earlier runs${baseline.reason ? `; ${baseline.reason}` : ''}`,
    head,
    rows: sorted.map(({ name, unit, before, now, changePercent, change }) => [
      name,
      `${figure(before)} ${unit}`,
      `${figure(now)} ${unit}`,
      `${changePercent > 0 ? '+' : ''}${figure(changePercent)} %`,
      changeWords[change],
    ]),
  };
}
