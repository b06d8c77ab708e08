import { certificateDays as days } from '../fixtures/environments/certificate-days.ts';
import { responseMs } from '../fixtures/environments/response-ms.ts';
import type { ChangeRuleName, Condition, Source, Threshold } from './threshold-types.ts';

/**
 * A signal's state follows from its bins alone, never from what it was before. Of each bound: it is reached when `worsen` of
 * the last `of` bins are at it or beyond; it is left when `improve` of them are known and not. The latest bin of `lookback`
 * at which either held decides. worsen + improve is above `of`, so that no bin does both.
 */
export const changeRules = {
  single: { worsen: 3, improve: 4, of: 5 },
  smoothed: { worsen: 2, improve: 4, of: 5 },
} as const satisfies Record<ChangeRuleName, { worsen: number; improve: number; of: number }>;

/**
 * lookbackBins: those, up to and with the current one, in which the deciding one is looked for. staleBins: with no known bin
 * among so many of the latest, a signal is stale: unknown, whatever it was.
 */
export const memory = { lookbackBins: 30, staleBins: 5 } as const;

const production = ['Properties.slot', '==', ''] as const;
const unmarked = [
  ['Properties.maintenance', '==', ''],
  ['Properties.load', '==', ''],
  ['Properties.experiment', '==', ''],
] as const;
/** Of production, and no mark says that a failure was to be expected. */
export const results = {
  table: 'AppAvailabilityResults',
  where: [['Properties.outcome', 'in', ['passed', 'failed']], production, ...unmarked],
  id: ['Id'],
} as const;
const failed = { when: [['Properties.outcome', '==', 'failed']] } as const;
const healthRoutes = ['GET /api/health', 'HEAD /api/health', 'GET /api/health/instance', 'HEAD /api/health/instance'] as const;
/** Something behind the API failed: counted there, and no fault of the API. */
const behind = ['502', '504'] as const;
const requests = {
  table: 'AppRequests',
  where: [production, ['Name', '!in', healthRoutes], ['ResultCode', '!in', behind]],
  scope: ['Properties.stamp'],
  id: ['Id'],
  weight: 'ItemCount',
} as const;
const siteLogs = {
  table: 'AppServiceHTTPLogs',
  where: [
    ['_ResourceId', '!contains', '/slots/'],
    ['CsUriStem', '!contains', '/api/health'],
  ],
  scope: ['Workspace'],
  id: undefined,
} as const;
const metric = (name: string, column: string, scope: string, ...where: readonly Condition[]): Source => ({
  table: 'AzureMetrics',
  where: [['MetricName', '==', name], ...where],
  value: { column },
  scope: [scope],
  id: ['_ResourceId', 'TimeGenerated'],
});
const dataPlane = { table: 'CDBDataPlaneRequests', where: [], scope: ['AccountName', 'RegionName'], id: ['ActivityId'] } as const;

/**
 * Every bound that says whether something is well, in one table. Evaluator, KQL, load verdicts and docs derive from it. The
 * column `Workspace` is the region whose workspace the row lies in, or `global`: whoever reads the rows knows.
 */
export const thresholds = {
  /** One result a minute and location: 20 % is one location of five. */
  journeyFailed: {
    title: 'failed results',
    statistic: 'share',
    windowMinutes: 1,
    direction: 'higher',
    degradedAt: 20,
    unhealthyAt: 50,
    minSamples: 1,
    change: 'single',
    unit: '%',
    source: { ...results, value: failed, scope: ['Properties.journey', 'Properties.target'] },
  },
  /** The error budget: 10 % failed spends that of 99.9 % a hundred times as fast as it lasts, and does so now. */
  budgetSpent: {
    title: 'failed results in an hour',
    statistic: 'share',
    windowMinutes: 60,
    shortMinutes: 5,
    direction: 'higher',
    degradedAt: 10,
    unhealthyAt: 50,
    minSamples: 30,
    change: 'single',
    unit: '%',
    source: { ...results, value: failed, scope: ['Properties.journey', 'Properties.target'] },
  },
  /** What passed on retry alone: one bad instance in three fails a third of first attempts. What stays failed is journeyFailed's. */
  passedOnRetry: {
    title: 'results that passed only on retry',
    statistic: 'share',
    windowMinutes: 10,
    direction: 'higher',
    degradedAt: 20,
    unhealthyAt: 50,
    minSamples: 20,
    change: 'single',
    unit: '%',
    source: {
      ...results,
      value: {
        when: [
          ['Properties.outcome', '==', 'passed'],
          ['Properties.attempts', '!=', '1'],
        ],
      },
      scope: ['Properties.target'],
    },
  },
  inconclusive: {
    title: 'results that say nothing',
    statistic: 'share',
    windowMinutes: 5,
    direction: 'higher',
    degradedAt: 50,
    unhealthyAt: 90,
    minSamples: 5,
    change: 'single',
    unit: '%',
    source: {
      table: 'AppAvailabilityResults',
      where: [production, ['Properties.targetKind', 'in', ['stamp', 'global']]],
      value: { when: [['Properties.outcome', '==', 'inconclusive']] },
      scope: [],
      id: ['Id'],
    },
  },
  /** Looked at hourly. */
  certificateDays: {
    title: 'days until the certificate ends',
    statistic: 'min',
    windowMinutes: 120,
    direction: 'lower',
    degradedAt: days.warning,
    unhealthyAt: days.failing,
    minSamples: 1,
    change: 'single',
    unit: 'days',
    source: {
      table: 'AppAvailabilityResults',
      where: [['Properties.journey', '==', 'certificate'], production, ['Properties.certificateDays', '>=', -36_500]],
      value: { column: 'Properties.certificateDays' },
      scope: ['Properties.target'],
      id: ['Id'],
    },
  },
  /** The API's own verdict on its stamp; 503 is unhealthy, docs/health-check.md. */
  healthCheckFailed: {
    title: 'health checks that answer 503',
    statistic: 'share',
    windowMinutes: 5,
    direction: 'higher',
    degradedAt: 20,
    unhealthyAt: 50,
    minSamples: 3,
    change: 'smoothed',
    unit: '%',
    source: {
      ...requests,
      where: [production, ['Name', 'in', ['GET /api/health', 'HEAD /api/health']]],
      value: { when: [['ResultCode', '>=', 500]] },
    },
  },
  /** Probes of dependencies within the API's health check; a success that was kept stands for ten. */
  probeFailed: {
    title: 'failed health probes',
    statistic: 'share',
    windowMinutes: 10,
    direction: 'higher',
    degradedAt: 20,
    unhealthyAt: 50,
    minSamples: 3,
    change: 'smoothed',
    unit: '%',
    source: {
      table: 'AppDependencies',
      where: [['DependencyType', '==', 'Health probe'], production],
      value: { when: [['Success', '==', 'false']] },
      scope: ['Target', 'Properties.stamp'],
      id: ['Id'],
      weight: 'ItemCount',
    },
  },
  serverErrors: {
    title: 'server errors',
    statistic: 'perMinute',
    windowMinutes: 5,
    direction: 'higher',
    degradedAt: 2,
    unhealthyAt: 10,
    minSamples: 5,
    change: 'smoothed',
    unit: 'a minute',
    source: { ...requests, value: { when: [['ResultCode', '>=', 500]] } },
  },
  serverLatencyMs: {
    title: 'server latency p95',
    statistic: 'p95',
    windowMinutes: 5,
    direction: 'higher',
    degradedAt: 30,
    unhealthyAt: 100,
    minSamples: 20,
    change: 'smoothed',
    unit: 'ms',
    source: { ...requests, value: { column: 'DurationMs' } },
  },
  /** Those that nobody expected: an error that the API answers with is a server error already. */
  exceptions: {
    title: 'unexpected exceptions',
    statistic: 'perMinute',
    windowMinutes: 5,
    direction: 'higher',
    degradedAt: 2,
    unhealthyAt: 10,
    minSamples: 1,
    change: 'smoothed',
    unit: 'exceptions a minute',
    source: {
      table: 'AppExceptions',
      where: [production, ['ExceptionType', '!=', 'ShopError']],
      value: { when: [] },
      scope: ['Properties.stamp'],
      id: undefined,
      weight: 'ItemCount',
    },
  },
  responseMs: {
    title: 'App Service response p95',
    statistic: 'p95',
    windowMinutes: 5,
    direction: 'higher',
    degradedAt: responseMs.degraded,
    unhealthyAt: responseMs.unhealthy,
    minSamples: 20,
    change: 'smoothed',
    unit: 'ms',
    source: { ...siteLogs, value: { column: 'TimeTaken' } },
  },
  /** What the platform answers in the place of an app that doesn't is in no telemetry of the app. */
  siteErrors: {
    title: 'App Service server errors',
    statistic: 'perMinute',
    windowMinutes: 5,
    direction: 'higher',
    degradedAt: 2,
    unhealthyAt: 10,
    minSamples: 5,
    change: 'smoothed',
    unit: 'a minute',
    source: { ...siteLogs, where: [...siteLogs.where, ['ScStatus', '!in', behind]], value: { when: [['ScStatus', '>=', 500]] } },
  },
  instanceHealthPercent: {
    title: 'healthy instances',
    statistic: 'avg',
    windowMinutes: 5,
    direction: 'lower',
    degradedAt: 90,
    unhealthyAt: 50,
    minSamples: 2,
    change: 'smoothed',
    unit: '%',
    source: metric('HealthCheckStatus', 'Average', 'Workspace', ['_ResourceId', '!contains', '/slots/']),
  },
  cpuPercent: {
    title: 'CPU',
    statistic: 'avg',
    windowMinutes: 5,
    direction: 'higher',
    degradedAt: 70,
    unhealthyAt: 90,
    minSamples: 2,
    change: 'smoothed',
    unit: '%',
    source: metric('CpuPercentage', 'Average', '_ResourceId'),
  },
  memoryPercent: {
    title: 'memory',
    statistic: 'avg',
    windowMinutes: 5,
    direction: 'higher',
    degradedAt: 85,
    unhealthyAt: 95,
    minSamples: 2,
    change: 'smoothed',
    unit: '%',
    source: metric('MemoryPercentage', 'Average', '_ResourceId'),
  },
  queueLength: {
    title: 'requests that wait',
    statistic: 'avg',
    windowMinutes: 5,
    direction: 'higher',
    degradedAt: 5,
    unhealthyAt: 20,
    minSamples: 2,
    change: 'smoothed',
    unit: 'requests',
    source: metric('HttpQueueLength', 'Average', '_ResourceId'),
  },
  scaleFailures: {
    title: 'failed scale actions',
    statistic: 'sum',
    windowMinutes: 15,
    direction: 'higher',
    degradedAt: 1,
    unhealthyAt: 3,
    minSamples: 1,
    change: 'smoothed',
    unit: 'failures',
    source: {
      table: 'AutoscaleScaleActionsLog',
      where: [['ResultType', '==', 'Failed']],
      value: { when: [] },
      scope: ['TargetResourceId'],
      id: undefined,
    },
  },
  /** The hottest partition of the hottest second: 100 % alone is no outage, so it never makes the component unhealthy. */
  cosmosRuPercent: {
    title: 'Cosmos normalised RU',
    statistic: 'avg',
    windowMinutes: 5,
    direction: 'higher',
    degradedAt: 70,
    unhealthyAt: 90,
    minSamples: 2,
    change: 'smoothed',
    unit: '%',
    source: metric('NormalizedRUConsumption', 'Maximum', '_ResourceId'),
  },
  /** 1 to 5 % are a sign of throughput that is well used, and retried by the SDK. */
  cosmosThrottled: {
    title: 'Cosmos 429s',
    statistic: 'share',
    windowMinutes: 5,
    direction: 'higher',
    degradedAt: 5,
    unhealthyAt: 20,
    minSamples: 20,
    change: 'smoothed',
    unit: '%',
    source: { ...dataPlane, value: { when: [['StatusCode', '==', '429']] } },
  },
  cosmosFailed: {
    title: 'failed Cosmos requests',
    statistic: 'share',
    windowMinutes: 5,
    direction: 'higher',
    degradedAt: 5,
    unhealthyAt: 20,
    minSamples: 20,
    change: 'smoothed',
    unit: '%',
    source: { ...dataPlane, value: { when: [['StatusCode', '>=', 500]] } },
  },
  /** 401 is the challenge that every first request gets. */
  keyVaultFailures: {
    title: 'Key Vault failures',
    statistic: 'sum',
    windowMinutes: 5,
    direction: 'higher',
    degradedAt: 3,
    unhealthyAt: 10,
    minSamples: 1,
    change: 'smoothed',
    unit: 'failures',
    source: {
      table: 'AZKVAuditLogs',
      where: [['HttpStatusCode', '!=', '401']],
      value: { when: [['ResultType', '!=', 'Success']] },
      scope: ['Workspace'],
      id: undefined,
    },
  },
  /** A refused card (402) is the payment API at work. */
  paymentFailed: {
    title: 'failed payments',
    statistic: 'share',
    windowMinutes: 5,
    direction: 'higher',
    degradedAt: 5,
    unhealthyAt: 20,
    minSamples: 2,
    change: 'smoothed',
    unit: '%',
    source: {
      table: 'AppDependencies',
      where: [['Name', '==', 'POST /payments'], production, ['ResultCode', '!=', '402']],
      value: { when: [['Success', '==', 'false']] },
      scope: ['Properties.stamp'],
      id: ['Id'],
      weight: 'ItemCount',
    },
  },
  /** Errors of the edge itself, or on its way to an origin; what an origin answers is the origin's. */
  edgeErrors: {
    title: 'errors of Front Door',
    statistic: 'share',
    windowMinutes: 5,
    direction: 'higher',
    degradedAt: 5,
    unhealthyAt: 20,
    minSamples: 10,
    change: 'smoothed',
    unit: '%',
    source: {
      table: 'AzureDiagnostics',
      where: [['Category', '==', 'FrontDoorAccessLog']],
      value: { when: [['ErrorInfo_s', '!in', ['NoError', 'ClientDisconnected', 'ClientGeoBlocked']]] },
      scope: [],
      id: ['trackingReference_s'],
    },
  },
} as const satisfies Record<string, Threshold>;

export type Signal = keyof typeof thresholds;
export const signals = Object.keys(thresholds) as readonly Signal[];
/** The same rows without the literals. */
export const thresholdOf = (signal: Signal): Threshold => thresholds[signal];
