import type { Environment } from '../fixtures/environments/schema.ts';
import { type Course, type Ending, hourMs } from '../health/foresight.ts';
import { type AvailabilityResult, certificateName } from '../synthetics/result.ts';
import { readMetrics } from '../telemetry/azure-monitor.ts';
import { type LogsSource, queryLogs } from '../telemetry/log-tables.ts';
import { credentialOf } from './azure.ts';
import { namespaces, regionOf, regionOfPlan, sourceOf, totals } from './metrics-place.ts';
import { resourceIdsOf } from './resource-ids.ts';

/** Courses of the last hour that must not cross a bound: instances, RU and, where there is a cap, ingestion. */
export async function readCourses(environment: Environment, nowMs: number): Promise<Course[]> {
  const courses = await Promise.all([
    ...instanceCourses(environment, nowMs),
    ...ruCourses(environment, nowMs),
    ingestion(environment),
  ]);
  return courses.flat();
}

/** Instances that had a CPU in a minute: the plan's own metrics don't count them. */
const instanceCourses = (environment: Environment, to: number) =>
  environment.plans.map(async (plan): Promise<Course[]> => {
    if (!plan.autoscale) return [];
    const { source } = await sourceOf(environment);
    const { series } = await readMetrics(source(regionOfPlan(environment, plan)), {
      resourceIds: [resourceIdsOf(environment).plan(plan.name)],
      namespace: namespaces.plan,
      metrics: ['CpuPercentage'],
      aggregations: ['average'],
      by: ['Instance'],
      from: to - hourMs,
      to,
    });
    const counts = new Map<number, number>();
    for (const { atMs } of series.flatMap(({ points }) => totals(points, 'average')))
      counts.set(atMs, (counts.get(atMs) ?? 0) + 1);
    const points = [...counts].map(([atMs, value]) => ({ atMs, value }));
    const about = { id: `instances@${plan.name}`, title: 'instances', place: plan.name, unit: 'instances' };
    return [{ ...about, bound: plan.autoscale.maximum, within: 'hour', points }];
  });

const ruCourses = (environment: Environment, to: number) =>
  environment.cosmosAccounts.map(async (account): Promise<Course[]> => {
    const { source, minuteMs } = await sourceOf(environment);
    const { series } = await readMetrics(source(regionOf(account)), {
      resourceIds: [resourceIdsOf(environment).cosmos(account.name)],
      namespace: namespaces.cosmos,
      metrics: ['TotalRequestUnits'],
      aggregations: ['total'],
      from: to - hourMs,
      to,
    });
    const seconds = minuteMs / 1_000;
    const points = series
      .flatMap((each) => totals(each.points, 'total'))
      .map(({ atMs, value }) => ({ atMs, value: value / seconds }));
    const about = { id: `ru@${account.name}`, title: 'RU', place: account.name, unit: 'RU/s' };
    return [{ ...about, bound: environment.budgets.ruPerSecond, within: 'hour', points }];
  });

/** What was taken in since midnight UTC, when the cap begins anew; the local store bills nothing. */
export async function ingestion(environment: Environment, logs: Partial<LogsSource> = {}): Promise<Course[]> {
  const { resourceId, dailyCapGb } = environment.telemetry;
  if (environment.local || resourceId === undefined || dailyCapGb === undefined) return [];
  const query = [
    'union App*',
    '| where TimeGenerated >= startofday(now())',
    '| summarize Bytes = sum(_BilledSize) by At = bin(TimeGenerated, 5m)',
    '| order by At asc',
  ].join('\n');
  const credential = logs.credential ?? (await credentialOf(environment));
  const rows = await queryLogs({ credential, resourceId, ...logs }, query);
  let sum = 0;
  const points = rows.map(({ At, Bytes }) => {
    sum += Number(Bytes) / 1e9;
    return { atMs: Date.parse(String(At)), value: sum };
  });
  const about = { id: 'ingestion@telemetry', title: 'ingestion', place: 'telemetry', unit: 'GB' };
  return [{ ...about, bound: dailyCapGb, within: 'hour', points }];
}

/** Certificates as they were last seen, and the secret that shoppers sign in with. */
export function endingsOf({ auth }: Environment, results: readonly AvailabilityResult[]): Ending[] {
  const latest = new Map(
    results.flatMap(({ journey, target, startedAt, certificateDays }) =>
      journey === certificateName && certificateDays !== undefined
        ? [[target.name, Date.parse(startedAt) + certificateDays * 24 * hourMs] as const]
        : [],
    ),
  );
  const certificates = [...latest].map(([place, endsAtMs]) => ({
    id: `certificate-end@${place}`,
    title: 'certificate',
    place,
    endsAtMs,
  }));
  if (auth.kind !== 'client-secret' || auth.endsAt === undefined) return certificates;
  return [
    ...certificates,
    { id: 'secret-end@identity', title: 'client secret', place: 'identity', endsAtMs: Date.parse(auth.endsAt) },
  ];
}
