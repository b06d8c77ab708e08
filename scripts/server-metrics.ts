import type { Environment } from '../fixtures/environments/schema.ts';
import type { Scenario } from '../load/run.ts';
import type { RuMinute, ServerMetrics, ServerPoint } from '../load/verdict/observation.ts';
import { readAutoscale } from './autoscale-metrics.ts';
import { namespaces, type Place, read, regionOf, regionOfPlan, sourceOf, totals, usedIn } from './metrics-place.ts';
import { resourceIdsOf } from './resource-ids.ts';
import { readSeries } from './server-series.ts';

type Read = (fromMs: number, toMs: number) => Promise<ServerMetrics>;
type Reading = { readonly [K in keyof ServerMetrics]: ServerMetrics[K] };

/** What a scenario asks the servers for beside the time axis. */
const wanted: Partial<Record<Scenario, (at: Place, target?: string) => Promise<Reading>>> = {
  autoscale: readAutoscale,
  'cosmos-ru': async (at) => ({ ...(await readRu(at)), ...(await readPartitions(at)), ...(await readAnswers(at)) }),
  'hot-product': readPartitions,
  soak: readMemory,
};

/** The store at rest, so many of the metrics' minutes before the load. */
const idleMinutes = 5;
/** Least squares needs requests in every window: minutes of a local store, which pass in a second, are put together. */
const shortestWindowMs = 2_000;

/**
 * Reads of Azure Monitor, or of the local store in its place, what a run shows on its time axis and is judged by; undefined
 * for a smoke test, which is over before the metrics have their first minute.
 */
export function serverMetricsOf(scenario: Scenario, environment: Environment, target?: string): Read | undefined {
  if (scenario === 'smoke') return undefined;
  return async (fromMs, toMs) => {
    try {
      const at = { environment, ...(await sourceOf(environment)), fromMs, toMs };
      const [series, asked] = await Promise.all([readSeries(at), wanted[scenario]?.(at, target)]);
      return { ...asked, series };
    } catch (error) {
      // No metrics are no reason to lose the run: the verdict says that they are missing, and why.
      return { missing: `no server metrics (${error instanceof Error ? error.message : String(error)})` };
    }
  };
}

async function readRu(at: Place): Promise<Reading> {
  const byMinute = new Map<number, number>();
  for (const account of usedIn(at.environment).cosmosAccounts) {
    const asked = { namespace: namespaces.cosmos, metrics: ['TotalRequestUnits'], aggregations: ['total'] as const };
    const before = at.fromMs - (idleMinutes + 1) * at.minuteMs;
    const series = await read(
      at,
      regionOf(account),
      { ...asked, resourceIds: [resourceIdsOf(at.environment).cosmos(account.name)] },
      before,
    );
    for (const { atMs, value } of series.flatMap(({ points }) => totals(points, 'total')))
      byMinute.set(atMs, (byMinute.get(atMs) ?? 0) + value);
  }
  const minutes = [...byMinute].sort(([a], [b]) => a - b).map(([fromMs, ru]) => ({ fromMs, toMs: fromMs + at.minuteMs, ru }));
  const idle = minutes.filter(({ toMs }) => toMs <= at.fromMs).map(({ ru }) => ru / (at.minuteMs / 1000));
  return {
    ruMinutes: together(minutes, at),
    // The mean: what runs at rest may do so every other minute.
    ...(idle.length === 0 ? {} : { idleRuPerSecond: idle.reduce((sum, ru) => sum + ru, 0) / idle.length }),
  };
}

/** Neighbouring minutes put together until they are long enough; a hole between them ends a window. */
function together(minutes: readonly RuMinute[], { minuteMs }: Place): RuMinute[] {
  const windows: RuMinute[] = [];
  let open: RuMinute | undefined;
  for (const minute of minutes) {
    const isNext = open !== undefined && Math.abs(minute.fromMs - open.toMs) < minuteMs / 2;
    open = open && isNext ? { fromMs: open.fromMs, toMs: minute.toMs, ru: open.ru + minute.ru } : minute;
    if (open.toMs - open.fromMs < shortestWindowMs) continue;
    windows.push(open);
    open = undefined;
  }
  // What is left at the end is too short for a window of its own.
  return open ? [...windows.slice(0, -1), joined(windows.at(-1), open)] : windows;
}

const joined = (last: RuMinute | undefined, rest: RuMinute): RuMinute =>
  last && last.toMs <= rest.fromMs + 1 ? { fromMs: last.fromMs, toMs: rest.toMs, ru: last.ru + rest.ru } : rest;

async function readAnswers(at: Place): Promise<Reading> {
  let [throttled, all] = [0, 0];
  for (const account of usedIn(at.environment).cosmosAccounts) {
    const asked = { namespace: namespaces.cosmos, metrics: ['TotalRequests'], aggregations: ['count'] as const };
    const resourceIds = [resourceIdsOf(at.environment).cosmos(account.name)];
    for (const { dimensions, points } of await read(at, regionOf(account), { ...asked, resourceIds, by: ['StatusCode'] })) {
      const count = totals(points, 'count').reduce((sum, { value }) => sum + value, 0);
      all += count;
      if (dimensions.statuscode === '429') throttled += count;
    }
  }
  return { cosmosAnswers: { throttled, all } };
}

async function readPartitions(at: Place): Promise<Reading> {
  const partitions: NonNullable<ServerMetrics['partitions']>[number][] = [];
  const told = new Set<number>();
  for (const account of usedIn(at.environment).cosmosAccounts) {
    const asked = { namespace: namespaces.cosmos, metrics: ['NormalizedRUConsumption'], aggregations: ['maximum'] as const };
    const by = ['CollectionName', 'PartitionKeyRangeId'];
    const series = await read(at, regionOf(account), {
      ...asked,
      by,
      resourceIds: [resourceIdsOf(at.environment).cosmos(account.name)],
    });
    for (const { dimensions, points } of series) {
      const own = totals(points, 'maximum');
      for (const { atMs } of own) told.add(atMs);
      const values = own.map(({ value }) => value);
      const { collectionname: container = '', partitionkeyrangeid: partition = '' } = dimensions;
      if (values.length > 0) partitions.push({ container, partition, peakPercent: Math.max(...values) });
    }
  }
  const minutes = Math.max(1, Math.floor((at.toMs - at.fromMs) / at.minuteMs));
  return { partitions, partitionsPercent: Math.min(100, (told.size / minutes) * 100) };
}

async function readMemory(at: Place): Promise<Reading> {
  const rows: [string, ServerPoint[]][] = [];
  for (const plan of usedIn(at.environment).plans) {
    const asked = { namespace: namespaces.plan, metrics: ['MemoryPercentage'], aggregations: ['average'] as const };
    const series = await read(at, regionOfPlan(at.environment, plan), {
      ...asked,
      resourceIds: [resourceIdsOf(at.environment).plan(plan.name)],
    });
    rows.push([plan.name, series.flatMap(({ points }) => totals(points, 'average'))]);
  }
  return { memoryPercent: Object.fromEntries(rows) };
}
