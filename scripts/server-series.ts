import type { CosmosAccount, Plan } from '../fixtures/environments/schema.ts';
import type { ServerSeries } from '../load/verdict/verdict.ts';
import type { Aggregation, MetricSeries } from '../telemetry/azure-monitor.ts';
import { namespaces, type Place, read, regionOf, regionOfPlan, usedIn } from './metrics-place.ts';
import { resourceIdsOf } from './resource-ids.ts';

/** Instances, CPU and queue of every plan, RU and 429s of every Cosmos account that a stamp uses, over the run. */
export async function readSeries(at: Place): Promise<ServerSeries[]> {
  const { plans, cosmosAccounts } = usedIn(at.environment);
  const all = [...plans.map((plan) => planSeries(at, plan)), ...cosmosAccounts.map((account) => cosmosSeries(at, account))];
  return (await Promise.all(all)).flat();
}

async function planSeries(at: Place, plan: Plan): Promise<ServerSeries[]> {
  const series = await read(at, regionOfPlan(at.environment, plan), {
    namespace: namespaces.plan,
    resourceIds: [resourceIdsOf(at.environment).plan(plan.name)],
    metrics: ['CpuPercentage', 'HttpQueueLength'],
    aggregations: ['average'],
    by: ['Instance'],
  });
  const cpu = minutesOf(at, series, 'CpuPercentage', 'average');
  const queue = minutesOf(at, series, 'HttpQueueLength', 'average');
  const base = { of: plan.name, everyMs: at.minuteMs };
  return [
    // Every instance tells its CPU each minute: so many tell it, so many there are.
    { kind: 'instances', ...base, points: cpu.map(({ atMs, values }) => pointOf(atMs, values.length || undefined)) },
    { kind: 'cpu', ...base, points: cpu.map(({ atMs, values }) => pointOf(atMs, mean(values))) },
    { kind: 'queue', ...base, points: queue.map(({ atMs, values }) => pointOf(atMs, mean(values))) },
  ];
}

async function cosmosSeries(at: Place, account: CosmosAccount): Promise<ServerSeries[]> {
  const asked = { namespace: namespaces.cosmos, resourceIds: [resourceIdsOf(at.environment).cosmos(account.name)] };
  const [units, answers] = await Promise.all([
    read(at, regionOf(account), { ...asked, metrics: ['TotalRequestUnits'], aggregations: ['total'] }),
    read(at, regionOf(account), { ...asked, metrics: ['TotalRequests'], aggregations: ['count'], by: ['StatusCode'] }),
  ]);
  const seconds = at.minuteMs / 1000;
  const base = { of: account.name, everyMs: at.minuteMs };
  const throttled = answers.filter(({ dimensions }) => dimensions.statuscode === '429');
  const refused = new Map(minutesOf(at, throttled, 'TotalRequests', 'count').map(({ atMs, values }) => [atMs, sum(values)]));
  return [
    {
      kind: 'ru',
      ...base,
      points: minutesOf(at, units, 'TotalRequestUnits', 'total').map(({ atMs, values }) =>
        pointOf(atMs, values.length === 0 ? undefined : sum(values) / seconds),
      ),
    },
    {
      kind: '429',
      ...base,
      // A minute without a 429 has no point of its own; one without any answer is a hole.
      points: minutesOf(at, answers, 'TotalRequests', 'count').map(({ atMs, values }) =>
        pointOf(atMs, values.length === 0 ? undefined : (refused.get(atMs) ?? 0) / seconds),
      ),
    },
  ];
}

/** What all series of a metric have for each minute of the run, nothing where there is a hole. */
function minutesOf({ fromMs, toMs, minuteMs }: Place, series: readonly MetricSeries[], metric: string, of: Aggregation) {
  const byMinute = new Map<number, number[]>();
  for (const { at, values } of series.flatMap((one) => (one.metric === metric ? one.points : []))) {
    if (at + minuteMs <= fromMs || at >= toMs) continue;
    const known = byMinute.get(at) ?? [];
    byMinute.set(at, known);
    if (values?.[of] !== undefined) known.push(values[of]);
  }
  return [...byMinute].sort(([a], [b]) => a - b).map(([atMs, values]) => ({ atMs, values }));
}

const pointOf = (atMs: number, value: number | undefined) => (value === undefined ? { atMs } : { atMs, value });
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]) => (values.length === 0 ? undefined : sum(values) / values.length);
