import { describe, expect, test } from 'vitest';
import { createResources, globalWorkspace } from '../../../fixtures/contoso/azure/arm/resources.ts';
import type { CosmosOperation } from '../../../fixtures/contoso/azure/cosmos/types.ts';
import { createMonitor } from '../../../fixtures/contoso/azure/monitor/monitor.ts';
import { tableNames, tables } from '../../../fixtures/contoso/azure/monitor/tables.ts';
import { createTelemetryStore } from '../../../fixtures/contoso/azure/monitor/telemetry-store.ts';
import type { FrontDoorRequest, ScaleEvent, SiteRequest } from '../../../fixtures/contoso/azure/watch.ts';
import { createClock, minuteMs } from '../../../fixtures/contoso/clock.ts';
import { clock } from '../azure-control/support.ts';
import { contoso } from './support.ts';

const key = 'ikey';

function setUp() {
  const hand = clock(60);
  const control = createClock(hand);
  const telemetry = createTelemetryStore(hand, key);
  const resources = createResources(contoso);
  const monitor = createMonitor({ world: hand, clock: control, resources, telemetry: () => telemetry });
  const rows = (name: string, workspace?: string) =>
    (monitor.table(name, workspace) ?? '')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  /** One metric over all that was, by the dimensions. */
  const metric = (
    resourceId: string,
    namespace: keyof typeof import('../../../fixtures/contoso/azure/monitor/metric-definitions.ts').metricDefinitions,
    name: string,
    by: string[] = [],
  ) => {
    const query = {
      namespace,
      resourceId,
      metric: name,
      by,
      from: control.epoch - minuteMs,
      to: control.now() + minuteMs,
      intervalMs: 60 * minuteMs,
    };
    return Object.fromEntries(
      monitor.metrics.query(query).map(({ dimensions, points }) => {
        const sums = points.flatMap((point) => point.sums ?? []);
        return [Object.values(dimensions).join(), sums.reduce((total, each) => total + each.total, 0)];
      }),
    );
  };
  return { hand, control, telemetry, resources, monitor, rows, metric, settle: () => hand.pass(10) };
}

const request: SiteRequest = {
  at: 0,
  stamp: 'westeurope',
  region: 'westeurope',
  instance: 'plan-weu-0',
  build: 'good',
  method: 'GET',
  path: '/api/search?q=run',
  route: 'GET /api/search',
  status: 200,
  durationMs: 41.6,
  userAgent: 'k6',
};

// Source: supported metrics of Microsoft.Web/sites; reference of AppServiceHTTPLogs.
describe('requests of a site', () => {
  test('count by status class and instance, a slot apart', () => {
    const { monitor, hand, metric, resources, settle } = setUp();
    const rows = [
      [200, 'a'],
      [201, 'a'],
      [404, 'b'],
      [503, 'b'],
      [500, 'b'],
      [302, 'a'],
    ] as const;
    for (const [status, instance] of rows) monitor.watcher.siteRequest({ ...request, at: hand.now(), status, instance });
    monitor.watcher.siteRequest({ ...request, at: hand.now(), slot: 'staging' });
    settle();
    const site = resources.site('westeurope').id;
    const of = (name: string) => metric(site, 'Microsoft.Web/sites', name, ['Instance']);
    expect(of('Requests')).toEqual({ a: 3, b: 3 });
    expect(of('Http2xx')).toEqual({ a: 2 });
    expect(of('Http4xx')).toEqual({ b: 1 });
    expect(of('Http5xx')).toEqual({ b: 2 });
    expect(metric(resources.site('westeurope', 'staging').id, 'Microsoft.Web/sites/slots', 'Requests')).toEqual({ '': 1 });
  });

  test('stand in AppServiceHTTPLogs of their region', () => {
    const { monitor, hand, rows } = setUp();
    monitor.watcher.siteRequest({ ...request, at: hand.now() });
    monitor.watcher.siteRequest({
      ...request,
      at: hand.now() + 1,
      stamp: 'eastus',
      region: 'eastus',
      status: 503,
      slot: undefined,
    });
    expect(rows('AppServiceHTTPLogs', 'westeurope')).toEqual([
      {
        TimeGenerated: new Date(hand.now()).toISOString(),
        Type: 'AppServiceHTTPLogs',
        _ResourceId:
          '/subscriptions/00000000-0000-0000-0000-000000000000/resourcegroups/rg-contoso-westeurope/providers/microsoft.web/sites/contoso-westeurope',
        CIp: '127.0.0.1',
        ComputerName: 'plan-weu-0',
        CsHost: 'contoso-westeurope',
        CsMethod: 'GET',
        CsUriQuery: '?q=run',
        CsUriStem: '/api/search',
        Result: 'Success',
        ScStatus: 200,
        TimeTaken: 42,
        UserAgent: 'k6',
      },
    ]);
    expect(rows('AppServiceHTTPLogs').map(({ ScStatus, Result }) => [ScStatus, Result])).toEqual([
      [200, 'Success'],
      [503, 'Failed'],
    ]);
  });
});

// Source: reference of AutoscaleScaleActionsLog; azure-facts 2 for autoscale's own metrics.
describe('autoscale', () => {
  const event: ScaleEvent = {
    at: 0,
    plan: 'plan-weu',
    kind: 'ScaleAction',
    direction: 'Increase',
    from: 2,
    to: 3,
    reason: 'CPU 81 > 70',
  };

  test('publishes what it observes, and what it does', () => {
    const { monitor, control, resources, metric, settle } = setUp();
    const at = control.now();
    monitor.watcher.autoscaleRun({
      at,
      plan: 'plan-weu',
      capacity: 2,
      rules: [
        { metric: 'CpuPercentage', threshold: 70, seen: 81 },
        { metric: 'HttpQueueLength', threshold: 5 },
      ],
    });
    monitor.watcher.scaleEvent({ ...event, at });
    monitor.watcher.scaleEvent({ ...event, at, kind: 'Flapping', direction: 'None', to: 2 });
    settle();
    const of = (name: string, by: string[] = []) =>
      metric(resources.autoscale('plan-weu').id, 'Microsoft.Insights/autoscaleSettings', name, by);
    expect(of('ObservedCapacity')).toEqual({ '': 2 });
    expect(of('ObservedMetricValue', ['MetricTriggerSource'])).toEqual({ CpuPercentage: 81 });
    expect(of('MetricThreshold', ['MetricTriggerRule'])).toEqual({ 'CpuPercentage 70': 70, 'HttpQueueLength 5': 5 });
    expect(of('ScaleActionsInitiated', ['ScaleDirection'])).toEqual({ Increase: 1 });
  });

  test('has a row for what it did, none for what it left alone', () => {
    const { monitor, control, hand, rows } = setUp();
    hand.pass(60);
    monitor.watcher.scaleEvent({ ...event, at: control.now() });
    monitor.watcher.scaleEvent({ ...event, at: control.now(), kind: 'ActionFailed' });
    for (const kind of ['Flapping', 'MetricsMissing'] as const) monitor.watcher.scaleEvent({ ...event, kind });
    const found = rows('AutoscaleScaleActionsLog', 'westeurope');
    expect(found.map((row) => [row.CurrentInstanceCount, row.NewInstanceCount, row.ScaleDirection, row.ResultType])).toEqual([
      [2, 3, 'Increase', 'Succeeded'],
      [2, 3, 'Increase', 'Failed'],
    ]);
    // Wall time, though it happened an hour of control-plane time after the epoch.
    expect(Date.parse(String(found[0]?.TimeGenerated)) - hand.now()).toBeCloseTo(0, -1);
  });
});

// Source: learn.microsoft.com/azure/frontdoor/monitor-front-door-reference.
describe('Front Door', () => {
  const edge: FrontDoorRequest = {
    at: 0,
    method: 'GET',
    path: '/api/products',
    status: 200,
    durationMs: 20,
    origin: 'westeurope',
    originMs: 15,
    ref: 'ref-1',
    userAgent: 'k6',
  };

  test('counts requests, failures and its origins’ health', () => {
    const { monitor, hand, resources, metric, settle } = setUp();
    const at = hand.now();
    monitor.watcher.frontDoorRequest({ ...edge, at });
    monitor.watcher.frontDoorRequest({
      ...edge,
      at,
      status: 503,
      origin: undefined,
      originMs: undefined,
      errorInfo: 'OriginTimeout',
    });
    for (const healthy of [true, false, true, true])
      monitor.watcher.originProbe({ at, origin: 'eastus', status: healthy ? 200 : 503, durationMs: 3, healthy });
    settle();
    const of = (name: string, by: string[]) => metric(resources.frontDoor.id, 'Microsoft.Cdn/profiles', name, by);
    expect(of('RequestCount', ['HttpStatus', 'HttpStatusGroup'])).toEqual({ '200,2XX': 1, '503,5XX': 1 });
    expect(of('OriginRequestCount', ['Origin'])).toEqual({ westeurope: 1 });
    expect(of('Percentage5XX', [])).toEqual({ '': 100 });
    expect(of('OriginHealthPercentage', ['Origin', 'OriginGroup'])).toEqual({ 'eastus,shop': 300 });
  });

  test('logs every request, but of probes the failed ones alone', () => {
    const { monitor, hand, rows } = setUp();
    monitor.watcher.frontDoorRequest({ ...edge, at: hand.now() });
    monitor.watcher.frontDoorRequest({ ...edge, at: hand.now() + 1, status: 503, origin: undefined, errorInfo: 'OriginTimeout' });
    for (const healthy of [true, false])
      monitor.watcher.originProbe({ at: hand.now() + 2, origin: 'eastus', status: healthy ? 200 : 0, durationMs: 3, healthy });
    const found = rows('AzureDiagnostics', globalWorkspace);
    expect(found.map((row) => [row.Category, row.httpStatusCode_s, row.originName_s, row.ErrorInfo_s])).toEqual([
      ['FrontDoorAccessLog', '200', 'westeurope', 'NoError'],
      ['FrontDoorAccessLog', '503', undefined, 'OriginTimeout'],
      ['FrontDoorHealthProbeLog', '0', 'eastus', undefined],
    ]);
    expect(found[0]).toMatchObject({ trackingReference_s: 'ref-1', timeTaken_s: '0.020', timeToFirstByte_s: '0.015' });
  });
});

// Source: learn.microsoft.com/azure/key-vault/general/monitor-key-vault-reference.
describe('Key Vault', () => {
  test('counts results, and logs who asked for what', () => {
    const { monitor, hand, resources, metric, rows, settle } = setUp();
    const asked = { at: hand.now(), region: 'eastus', stamp: 'eastus', path: '/secrets/payment-api-key', durationMs: 2 };
    for (const status of [200, 200, 403, 500]) monitor.secretRequest({ ...asked, status });
    settle();
    const of = (name: string, by: string[]) => metric(resources.vault('eastus').id, 'Microsoft.KeyVault/vaults', name, by);
    expect(of('ServiceApiResult', ['StatusCode', 'StatusCodeClass'])).toEqual({ '200,2xx': 2, '403,4xx': 1, '500,5xx': 1 });
    expect(of('Availability', [])).toEqual({ '': 300 });
    expect(
      rows('AZKVAuditLogs', 'eastus').map((row) => [row.OperationName, row.HttpStatusCode, row.ResultSignature, row.ResultType]),
    ).toEqual([
      ['SecretGet', 200, 'OK', 'Success'],
      ['SecretGet', 200, 'OK', 'Success'],
      ['SecretGet', 403, 'Forbidden', 'Failed'],
      ['SecretGet', 500, '500', 'Failed'],
    ]);
    expect(rows('AZKVAuditLogs', 'westeurope')).toEqual([]);
  });
});

// Source: references of CDBDataPlaneRequests and CDBPartitionKeyRUConsumption.
describe('Cosmos DB', () => {
  const operation: CosmosOperation = {
    at: 0,
    region: 'westeurope',
    database: 'shop',
    container: 'orders',
    operationType: 'Query',
    statusCode: 200,
    subStatusCode: 0,
    requestCharge: 3.5,
    partitionKeyRangeId: '0',
    partitionKey: '["synthetic-1"]',
    durationMs: 4,
  };

  test('logs operations, and partition keys of those on one partition', () => {
    const { monitor, hand, rows } = setUp();
    let tell: (operation: CosmosOperation) => void = () => undefined;
    const [account] = contoso.cosmosAccounts;
    if (!account) throw new Error('no account');
    const stopped: string[] = [];
    const onOperation = (listener: typeof tell) => {
      tell = listener;
      return () => void stopped.push(account.name);
    };
    monitor.watchCosmos(account, {
      onOperation,
      snapshot: () => ({ account: 'contoso', writeRegions: [], regions: [], containers: [] }),
    });
    tell({ ...operation, at: hand.now() });
    tell({
      ...operation,
      at: hand.now() + 1,
      partitionKey: undefined,
      partitionKeyRangeId: undefined,
      statusCode: 429,
      requestCharge: 0,
    });
    expect(
      rows('CDBDataPlaneRequests', globalWorkspace).map((row) => [
        row.AccountName,
        row.OperationName,
        row.StatusCode,
        row.RequestCharge,
        row.PartitionId,
      ]),
    ).toEqual([
      ['contoso', 'Query', 200, 3.5, '0'],
      ['contoso', 'Query', 429, 0, undefined],
    ]);
    const [consumption, ...others] = rows('CDBPartitionKeyRUConsumption');
    expect(others).toEqual([]);
    expect(consumption).toMatchObject({
      PartitionKey: '["synthetic-1"]',
      PartitionKeyRangeId: '0',
      RegionName: 'westeurope',
      RequestCharge: 3.5,
    });
    // Joined by it to the request.
    expect(consumption?.ActivityId).toBe(rows('CDBDataPlaneRequests')[0]?.ActivityId);
    void monitor.close();
    expect(stopped).toEqual(['contoso']);
  });
});

// Source: "Metrics export with diagnostic settings": without dimensions; "Log data ingestion time": about three minutes later.
describe('AzureMetrics', () => {
  test('has no dimensions, and comes three minutes after the metric', () => {
    const { monitor, control, hand, rows } = setUp();
    const start = Math.ceil(control.now() / minuteMs) * minuteMs;
    hand.pass((control.wallTime(start) - hand.now()) / 1_000);
    for (const [instance, cpuPercent] of [
      ['a', 20],
      ['b', 60],
    ] as const)
      monitor.watcher.instanceMinute({
        at: start,
        plan: 'plan-weu',
        instance,
        cpuPercent,
        memoryPercent: 1,
        httpQueueLength: 0,
        totals: { arrivals: 0, refused: 0, busyMs: 0, waitedMs: 0, queueLength: 0 },
      });
    const cpu = () => rows('AzureMetrics', 'westeurope').filter(({ MetricName }) => MetricName === 'CpuPercentage');
    hand.pass(2.9);
    expect(cpu()).toEqual([]);
    hand.pass(0.2);
    expect(cpu()).toEqual([
      expect.objectContaining({
        Average: 40,
        Count: 2,
        Minimum: 20,
        Maximum: 60,
        Total: 80,
        TimeGrain: 'PT1M',
        UnitName: 'Percent',
        ResourceProvider: 'MICROSOFT.WEB',
        Resource: 'PLAN-WEU',
      }),
    ]);
    expect(Object.keys(cpu()[0] ?? {}).filter((column) => /instance|dimension/i.test(column))).toEqual([]);
    expect(Date.parse(String(cpu()[0]?.TimeGenerated))).toBeCloseTo(control.wallTime(start), -1);
  });
});

// Source: reference of the App* tables; azure-facts 7.5.
describe('telemetry', () => {
  const servedBy = { region: 'westeurope', stamp: 'westeurope', instance: 'plan-weu-0', build: 'good' };
  const data = {
    id: 'span',
    name: 'GET /api/products',
    duration: '00:00:01.2500000',
    responseCode: '200',
    success: true,
    url: '/x',
    properties: { region: 'westeurope' },
  };

  test('of the store is in its region’s workspace, with ids and durations as columns', () => {
    const { telemetry, hand, rows } = setUp();
    telemetry.track({ kind: 'Request', at: hand.now(), traceId: 'trace', parentId: 'parent', servedBy, data });
    expect(rows('AppRequests', 'global')).toEqual([]);
    expect(rows('AppRequests', 'westeurope')).toEqual([
      expect.objectContaining({
        Id: 'span',
        OperationId: 'trace',
        ParentId: 'parent',
        DurationMs: 1_250,
        PerformanceBucket: '1sec-3sec',
        ResultCode: '200',
        Success: true,
        ItemCount: 1,
        AppRoleInstance: 'plan-weu-0',
        IKey: key,
      }),
    ]);
  });

  test('of the suite is in the global one', () => {
    const { telemetry, hand, rows } = setUp();
    const baseData = {
      id: 'a',
      name: 'checkout',
      duration: '00:00:00.200',
      success: false,
      runLocation: 'local',
      message: 'why',
      properties: { region: 'westeurope' },
    };
    telemetry.receive({
      name: 'Microsoft.ApplicationInsights.Availability',
      time: new Date(hand.now()).toISOString(),
      tags: { 'ai.cloud.role': 'synthetics' },
      data: { baseType: 'AvailabilityData', baseData },
    });
    expect(rows('AppAvailabilityResults', 'global')).toEqual([
      expect.objectContaining({
        Id: 'a',
        Name: 'checkout',
        DurationMs: 200,
        PerformanceBucket: '<250ms',
        Success: false,
        Location: 'local',
        Message: 'why',
      }),
    ]);
  });

  test('that was sampled says how many it stands for', () => {
    const { telemetry, hand, rows } = setUp();
    telemetry.track({
      kind: 'RemoteDependency',
      at: hand.now(),
      servedBy,
      data: { name: 'health', success: true, sampleRate: 10, duration: '1.00:00:00' },
    });
    expect(rows('AppDependencies')).toEqual([
      expect.objectContaining({ ItemCount: 10, DurationMs: 86_400_000, PerformanceBucket: '>=5min' }),
    ]);
  });

  test('of errors and traces has its severity as a number', () => {
    const { telemetry, hand, rows } = setUp();
    telemetry.track({
      kind: 'Exception',
      at: hand.now(),
      servedBy,
      data: { exceptions: [{ typeName: 'TypeError', message: 'boom' }], severityLevel: 'Error' },
    });
    telemetry.track({ kind: 'Message', at: hand.now(), servedBy, data: { message: 'hello', severityLevel: 1 } });
    expect(rows('AppExceptions')).toEqual([
      expect.objectContaining({ ExceptionType: 'TypeError', OuterMessage: 'boom', SeverityLevel: 3 }),
    ]);
    expect(rows('AppTraces')).toEqual([expect.objectContaining({ Message: 'hello', SeverityLevel: 1 })]);
  });
});

describe('tables', () => {
  test('name their columns as Log Analytics does, each with the standard ones', () => {
    for (const name of tableNames)
      expect(Object.keys(tables[name]), name).toEqual(expect.arrayContaining(['TimeGenerated', 'Type', '_ResourceId']));
    expect(tableNames).toContain('CDBPartitionKeyRUConsumption');
  });

  test('that don’t exist are not made up', () => {
    const { monitor } = setUp();
    expect([monitor.table('AppRequest'), monitor.table('toString'), monitor.table('AppRequests')]).toEqual([
      undefined,
      undefined,
      '',
    ]);
  });

  test('hold the newest 20,000 rows', () => {
    const { monitor, hand } = setUp();
    for (let i = 0; i < 25_000; i += 1) monitor.watcher.siteRequest({ ...request, at: hand.now() + i, durationMs: i });
    const lines = (monitor.table('AppServiceHTTPLogs') ?? '').trimEnd().split('\n');
    expect(lines.length).toBe(20_000);
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ TimeTaken: 24_999 });
  });
});
