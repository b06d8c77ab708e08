import { describe, expect, test, vi } from 'vitest';
import { tableNames, tables } from '../../../fixtures/contoso/azure/monitor/tables.ts';
import { minuteMs } from '../../../fixtures/contoso/clock.ts';
import { key, request, watched } from './watched.ts';

// Source: "Metrics export with diagnostic settings": without dimensions; "Log data ingestion time": about three minutes later.
describe('AzureMetrics', () => {
  test('has no dimensions, and comes three minutes after the metric', () => {
    const { monitor, control, hand, rows } = watched();
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
    const { telemetry, hand, rows } = watched();
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
    const { telemetry, hand, rows } = watched();
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
    const { telemetry, hand, rows } = watched();
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
    const { telemetry, hand, rows } = watched();
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
    const { monitor } = watched();
    expect([monitor.table('AppRequest'), monitor.table('toString'), monitor.table('AppRequests')]).toEqual([
      undefined,
      undefined,
      '',
    ]);
  });

  test('from a time on have what is later, and make no row of what is older', () => {
    const { monitor, telemetry, resources, hand, control } = watched();
    const servedBy = { region: 'westeurope', stamp: 'westeurope', instance: 'a', build: 'good' };
    const began = hand.now();
    for (let i = 0; i < 100; i += 1) {
      const at = began + i * 1_000;
      telemetry.track({ kind: 'Request', at, servedBy, data: { id: `r${i}`, duration: '00:00:01' } });
      const envelope = { data: { baseType: 'AvailabilityData', baseData: { id: `a${i}`, duration: '00:00:01' } } };
      telemetry.receive({ name: 'Availability', time: new Date(at).toISOString(), ...envelope });
      monitor.watcher.siteRequest({ ...request, at, durationMs: i });
      monitor.secretRequest({ at, region: 'westeurope', stamp: 'westeurope', path: '/secrets/a', status: 200, durationMs: 1 });
    }
    hand.pass(100);
    const made = [vi.spyOn(resources, 'component'), vi.spyOn(resources, 'site'), vi.spyOn(resources, 'vault')];
    for (const table of ['AppRequests', 'AppAvailabilityResults', 'AppServiceHTTPLogs', 'AZKVAuditLogs']) {
      for (const spy of made) spy.mockClear();
      const times = (monitor.table(table, undefined, began + 95_000) ?? '')
        .split('\n')
        .filter(Boolean)
        .map((line) => Date.parse((JSON.parse(line) as { TimeGenerated: string }).TimeGenerated));
      expect([table, times]).toEqual([table, [95, 96, 97, 98, 99].map((second) => Math.floor(began) + second * 1_000)]);
      expect([table, made.reduce((sum, spy) => sum + spy.mock.calls.length, 0)]).toEqual([table, 5]);
    }
    const since = control.wallTime(control.now() - 10 * minuteMs);
    const metrics = (monitor.table('AzureMetrics', undefined, since) ?? '').split('\n').filter(Boolean);
    const all = (monitor.table('AzureMetrics') ?? '').split('\n').filter(Boolean);
    const isLater = (line: string) => Date.parse((JSON.parse(line) as { TimeGenerated: string }).TimeGenerated) >= since;
    expect(metrics).toEqual(all.filter(isLater));
    expect([metrics.length > 0, metrics.length < all.length]).toEqual([true, true]);
  });

  test('hold the newest 20,000 rows', () => {
    const { monitor, hand } = watched();
    for (let i = 0; i < 25_000; i += 1) monitor.watcher.siteRequest({ ...request, at: hand.now() + i, durationMs: i });
    const lines = (monitor.table('AppServiceHTTPLogs') ?? '').trimEnd().split('\n');
    expect(lines.length).toBe(20_000);
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ TimeTaken: 24_999 });
  });
});
