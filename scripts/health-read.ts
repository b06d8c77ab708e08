import type { Environment } from '../fixtures/environments/schema.ts';
import { readVariables } from '../fixtures/environments/variables.ts';
import { observationsQuery } from '../health/log-queries.ts';
import { type LogRow, readRows, sourceTables } from '../health/rows.ts';
import type { Log } from '../synthetics/monitor/log.ts';
import { type TokenSource, tokenSource } from '../synthetics/runners/token.ts';
import { type MetricSeries, readMetrics } from '../telemetry/azure-monitor.ts';
import { type LogsSource, queryLogs, readLocalTable } from '../telemetry/log-tables.ts';
import { armOf, credentialOf } from './azure.ts';
import { readHealthCheck } from './health-check.ts';
import { readCourses } from './health-courses.ts';
import { type Reading, SignalReader } from './health-signals.ts';
import { namespaces, regionOf, regionOfPlan, sourceOf } from './metrics-place.ts';
import { resourceIdsOf } from './resource-ids.ts';
import { hourly, secretEndings } from './secret-endings.ts';

/** Whether there is more to read than results: a file that names no resource leaves the model nothing to find causes with. */
export const hasServerSignals = ({ local, plans, cosmosAccounts, telemetry }: Environment): boolean =>
  local !== undefined ||
  telemetry.resourceId !== undefined ||
  telemetry.workspaces !== undefined ||
  [...plans, ...cosmosAccounts].some(({ resourceId }) => resourceId !== undefined);

/** Reads all that an environment has. */
export const signalReaderOf = (environment: Environment, log: Pick<Log, 'warn'>): SignalReader =>
  new SignalReader({
    environment,
    readings: readingsOf(environment, tokenSource(environment.auth, readVariables())),
    courses: (nowMs) => readCourses(environment, nowMs),
    endings: hourly(() => secretEndings(environment, () => armOf(environment))),
    log,
  });

/** Every reading of an environment: metrics and log tables of Azure Monitor, and the API's own health check. */
export function readingsOf(environment: Environment, tokens: TokenSource, logs: Partial<LogsSource> = {}): Reading[] {
  return [...logReadings(environment, logs), metricsReading(environment), healthCheckReading(environment, tokens)];
}

function logReadings(environment: Environment, logs: Partial<LogsSource>): Reading[] {
  const { local, stamps } = environment;
  if (!local) return queriedReadings(environment, logs);
  const workspaces = [...new Set(stamps.map(({ region }) => region)), 'global'];
  return sourceTables.map((table) => ({
    name: table,
    read: async (sinceMs) => {
      const rows = await Promise.all(
        workspaces.map(async (Workspace): Promise<LogRow[]> => {
          const read = await readLocalTable(local, table, Workspace, sinceMs);
          return read.map((row) => ({ ...row, Workspace }));
        }),
      );
      return readRows(table, rows.flat());
    },
  }));
}

/** Log Analytics, by a query a table over all workspaces that the file names; what is read at once is of one time. */
function queriedReadings(environment: Environment, logs: Partial<LogsSource>): Reading[] {
  const workspaces = (environment.telemetry.workspaces ?? []).map(({ name, resourceId: resource }) => ({ name, resource }));
  const [asked] = workspaces;
  if (!asked) return [];
  return sourceTables.map((table) => ({
    name: table,
    read: async (sinceMs) => {
      const { query, observations } = observationsQuery(table, workspaces, sinceMs);
      const credential = logs.credential ?? (await credentialOf(environment));
      return observations(await queryLogs({ credential, resourceId: asked.resource, ...logs }, query));
    },
  }));
}

/** Fresher than the same metrics in the logs, and the same rows: those of one minute count once. */
const metricsReading = (environment: Environment): Reading => ({
  name: 'metrics',
  read: async (from, to) => {
    const { source } = await sourceOf(environment);
    const ids = resourceIdsOf(environment);
    const asks = [
      ...environment.plans.map((plan) => ({
        region: regionOfPlan(environment, plan),
        resourceIds: [ids.plan(plan.name)],
        namespace: namespaces.plan,
        metrics: ['CpuPercentage', 'HttpQueueLength', 'MemoryPercentage'],
      })),
      ...environment.cosmosAccounts.map((account) => ({
        region: regionOf(account),
        resourceIds: [ids.cosmos(account.name)],
        namespace: namespaces.cosmos,
        metrics: ['NormalizedRUConsumption'],
      })),
    ];
    const readings = await Promise.all(
      asks.map(({ region, ...asked }) =>
        readMetrics(source(region), { ...asked, aggregations: ['average', 'maximum'], from, to }),
      ),
    );
    return readRows(
      'AzureMetrics',
      readings.flatMap(({ series }) => series.flatMap(metricRows)),
    );
  },
});

/** A hole is no row. */
const metricRows = ({ resourceId, metric, points }: MetricSeries): LogRow[] =>
  points.flatMap(({ at, values }) =>
    values
      ? [
          {
            TimeGenerated: new Date(at).toISOString(),
            _ResourceId: resourceId.toLowerCase(),
            MetricName: metric,
            Average: values.average,
            Maximum: values.maximum,
          },
        ]
      : [],
  );

/**
 * What the API says of its dependencies. Its telemetry keeps a tenth of what is well: asked once a minute, it says so itself.
 */
const healthCheckReading = (environment: Environment, tokens: TokenSource): Reading => ({
  name: 'health checks',
  read: async () => {
    const rows = await Promise.all(
      environment.stamps.map(async (stamp): Promise<LogRow[]> => {
        const probes = await readHealthCheck(environment, stamp, tokens);
        return (probes ?? []).map(({ name, healthy, checkedAt }) => ({
          TimeGenerated: checkedAt,
          Id: `${stamp.name} ${checkedAt} ${name}`,
          DependencyType: 'Health probe',
          Target: name,
          Success: healthy,
          Properties: { stamp: stamp.name },
        }));
      }),
    );
    return readRows('AppDependencies', rows.flat());
  },
});
