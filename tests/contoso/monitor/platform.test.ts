import { describe, expect, test } from 'vitest';
import { globalWorkspace } from '../../../fixtures/contoso/azure/arm/resources.ts';
import type { CosmosOperation } from '../../../fixtures/contoso/azure/cosmos/types.ts';
import type { FrontDoorRequest, ScaleEvent } from '../../../fixtures/contoso/azure/watch.ts';
import { contoso } from './support.ts';
import { request, watched } from './watched.ts';

// Source: supported metrics of Microsoft.Web/sites; reference of AppServiceHTTPLogs.
describe('requests of a site', () => {
  test('count by status class and instance, a slot apart', () => {
    const { monitor, hand, metric, resources, settle } = watched();
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
    const { monitor, hand, rows } = watched();
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
    const { monitor, control, resources, metric, settle } = watched();
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
    monitor.watcher.scaleEvent({ ...event, at, kind: 'FlappingOccurred', direction: 'Decrease', to: 1 });
    monitor.watcher.scaleEvent({ ...event, at, kind: 'Flapping', direction: 'None', to: 2 });
    settle();
    const of = (name: string, by: string[] = []) =>
      metric(resources.autoscale('plan-weu').id, 'Microsoft.Insights/autoscaleSettings', name, by);
    expect(of('ObservedCapacity')).toEqual({ '': 2 });
    expect(of('ObservedMetricValue', ['MetricTriggerSource'])).toEqual({ CpuPercentage: 81 });
    expect(of('MetricThreshold', ['MetricTriggerRule'])).toEqual({ 'CpuPercentage 70': 70, 'HttpQueueLength 5': 5 });
    expect(of('ScaleActionsInitiated', ['ScaleDirection'])).toEqual({ Increase: 1, Decrease: 1 });
  });

  test('has a row for what it did, none for what it left alone', () => {
    const { monitor, control, hand, rows } = watched();
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
    const { monitor, hand, resources, metric, settle } = watched();
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
    const { monitor, hand, rows } = watched();
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
    const { monitor, hand, resources, metric, rows, settle } = watched();
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
    activityId: '0f0e',
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
    const { monitor, hand, rows } = watched();
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
    // Joined by it to the request, and to the client that got it in `x-ms-activity-id`.
    expect(rows('CDBDataPlaneRequests')[0]?.ActivityId).toBe(operation.activityId);
    expect(consumption?.ActivityId).toBe(operation.activityId);
    void monitor.close();
    expect(stopped).toEqual(['contoso']);
  });
});
