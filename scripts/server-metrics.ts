import type { CosmosAccount, Environment } from '../fixtures/environments/schema.ts';
import type { Scenario } from '../load/run.ts';
import type { RuMinute, ServerMetrics, ServerPoint } from '../load/verdict/observation.ts';
import {
  type MetricPoint,
  type MetricsRequest,
  type MetricsSource,
  readArrivedMetrics,
  readClock,
} from '../telemetry/azure-monitor.ts';
import { credentialOf } from './azure.ts';
import { resourceIdsOf } from './resource-ids.ts';

type Read = (fromMs: number, toMs: number) => Promise<ServerMetrics>;
type Reading = { readonly [K in keyof ServerMetrics]: ServerMetrics[K] };

/** What each scenario asks the servers for; the others are judged by what k6 saw. */
const wanted: Partial<Record<Scenario, (at: Place) => Promise<Reading>>> = {
  'cosmos-ru': async (at) => ({ ...(await readRu(at)), ...(await readPartitions(at)) }),
  'hot-product': readPartitions,
  soak: readMemory,
};

/** Azure's metrics lag by a minute or more: three of their minutes are waited for, and what isn't there then is a hole. */
const patienceMinutes = 3;
/** The store at rest, so many of the metrics' minutes before the load. */
const idleMinutes = 5;
/** Least squares needs requests in every window: minutes of a local store, which pass in a second, are put together. */
const shortestWindowMs = 4_000;

interface Place {
  readonly environment: Environment;
  readonly source: (region: string) => MetricsSource;
  /** Wall time of one minute of the metrics. */
  readonly minuteMs: number;
  readonly fromMs: number;
  readonly toMs: number;
}

/** Reads what a scenario needs of Azure Monitor, or of the local store in its place; undefined where it needs nothing. */
export function serverMetricsOf(scenario: Scenario, environment: Environment): Read | undefined {
  const read = wanted[scenario];
  if (!read) return undefined;
  return async (fromMs, toMs) => {
    try {
      const { source, minuteMs } = await sourceOf(environment);
      return await read({ environment, source, minuteMs, fromMs, toMs });
    } catch (error) {
      // No metrics are no reason to lose the run: the verdict says that they are missing, and why.
      return { missing: `no server metrics (${error instanceof Error ? error.message : String(error)})` };
    }
  };
}

async function sourceOf(environment: Environment): Promise<Pick<Place, 'source' | 'minuteMs'>> {
  const { local } = environment;
  const credential = await credentialOf(environment);
  if (!local)
    return { source: (region) => ({ endpoint: `https://${region}.metrics.monitor.azure.com`, credential }), minuteMs: 60_000 };
  const clock = await readClock(local.controlEndpoint);
  return { source: () => ({ endpoint: local.controlEndpoint, credential, clock }), minuteMs: 60_000 / clock.timeScale };
}

const namespaces = { cosmos: 'Microsoft.DocumentDB/databaseAccounts', plan: 'Microsoft.Web/serverfarms' } as const;

async function read(at: Place, region: string, asked: Omit<MetricsRequest, 'from' | 'to'>, fromMs = at.fromMs) {
  const patience = { until: at.toMs + patienceMinutes * at.minuteMs, everyMs: Math.max(250, at.minuteMs / 6) };
  // The minute in which the last answers came belongs to the run.
  const span = { from: floor(fromMs, at), to: at.toMs + at.minuteMs };
  const { series, failures } = await readArrivedMetrics(at.source(region), { ...asked, ...span }, patience);
  const [failure] = failures;
  if (failure) throw new Error(`${failure.metric}: ${failure.reason}`);
  return series;
}

const floor = (ms: number, { minuteMs }: Place) => Math.floor(ms / minuteMs) * minuteMs;

const totals = (points: readonly MetricPoint[], of: 'total' | 'average' | 'maximum'): ServerPoint[] =>
  points.flatMap(({ at, values }) => (values?.[of] === undefined ? [] : [{ atMs: at, value: values[of] }]));

async function readRu(at: Place): Promise<Reading> {
  const byMinute = new Map<number, number>();
  for (const account of at.environment.cosmosAccounts) {
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
    ruMinutes: together(
      minutes.filter(({ fromMs }) => fromMs >= at.fromMs),
      at,
    ),
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

async function readPartitions(at: Place): Promise<Reading> {
  const partitions: NonNullable<ServerMetrics['partitions']>[number][] = [];
  for (const account of at.environment.cosmosAccounts) {
    const asked = { namespace: namespaces.cosmos, metrics: ['NormalizedRUConsumption'], aggregations: ['maximum'] as const };
    const by = ['CollectionName', 'PartitionKeyRangeId'];
    const series = await read(at, regionOf(account), {
      ...asked,
      by,
      resourceIds: [resourceIdsOf(at.environment).cosmos(account.name)],
    });
    for (const { dimensions, points } of series) {
      const values = totals(points, 'maximum').map(({ value }) => value);
      const { collectionname: container = '', partitionkeyrangeid: partition = '' } = dimensions;
      if (values.length > 0) partitions.push({ container, partition, peakPercent: Math.max(...values) });
    }
  }
  return { partitions };
}

async function readMemory(at: Place): Promise<Reading> {
  const rows: [string, ServerPoint[]][] = [];
  for (const plan of at.environment.plans) {
    const region = at.environment.stamps.find((stamp) => stamp.plan === plan.name)?.region ?? '';
    const asked = { namespace: namespaces.plan, metrics: ['MemoryPercentage'], aggregations: ['average'] as const };
    const series = await read(at, region, { ...asked, resourceIds: [resourceIdsOf(at.environment).plan(plan.name)] });
    rows.push([plan.name, series.flatMap(({ points }) => totals(points, 'average'))]);
  }
  return { memoryPercent: Object.fromEntries(rows) };
}

const regionOf = (account: CosmosAccount) => account.regions[0] ?? '';
