import tls from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createResources } from '../../../fixtures/contoso/azure/arm/resources.ts';
import { type TableName, tables } from '../../../fixtures/contoso/azure/monitor/tables.ts';
import type { Environment } from '../../../fixtures/environments/schema.ts';
import { contosoOptionsOf } from '../../../scripts/local-store.ts';
import { type Arm, createArm } from '../../../telemetry/arm.ts';
import { clientCredential } from '../../../telemetry/azure-credential.ts';
import { type MetricsSource, readClock, readMetrics } from '../../../telemetry/azure-monitor.ts';
import { trustCertificates } from '../../../telemetry/trust.ts';
import { soon } from '../../support/soon.ts';
import { startTestStore, type TestStore } from '../../support/store.ts';

const trusted = tls.getCACertificates('default');

let store: TestStore;
let arm: Arm;
let source: MetricsSource;
let resources: ReturnType<typeof createResources>;
const version = '2024-04-01';

/** An idle plan with autoscale would take back what the test gives it. */
const withoutAutoscaleInEastus = (environment: Environment): Environment => ({
  ...environment,
  plans: environment.plans.map(({ autoscale, ...plan }) =>
    plan.name === 'plan-eastus' ? { ...plan, instances: 2 } : { ...plan, ...(autoscale ? { autoscale } : {}) },
  ),
});

beforeAll(async () => {
  store = await startTestStore({ timeScale: 600, change: withoutAutoscaleInEastus });
  trustCertificates(store.caFile);
  const { auth } = store.environment;
  if (auth.kind !== 'client-secret') throw new Error(`auth is ${auth.kind}`);
  const credential = clientCredential(auth);
  arm = createArm({ endpoint: store.contoso.controlUrl, credential });
  source = { endpoint: store.contoso.controlUrl, credential, clock: await readClock(store.contoso.controlUrl) };
  resources = createResources(contosoOptionsOf(store.environment));
});
afterAll(async () => {
  await store.close();
  tls.setDefaultCACertificates(trusted);
});

const table = (name: TableName, workspace?: string) => store.table(name, workspace);
const buildAt = async (target: string) =>
  (await store.send(`${store.contoso.urls[target]}/api/products`)).headers['x-contoso-slot'];

describe('the whole store', () => {
  test('publishes CPU of each instance while it serves', async () => {
    const from = Date.now();
    await Promise.all(Array.from({ length: 60 }, () => store.send(`${store.contoso.urls.westeurope}/api/products`)));
    const asked = {
      resourceIds: [resources.plan('plan-westeurope').id],
      namespace: 'Microsoft.Web/serverfarms',
      metrics: ['CpuPercentage', 'MemoryPercentage', 'HttpQueueLength'],
      aggregations: ['average', 'maximum'] as const,
      by: ['Instance'],
      from,
    };
    await soon(async () => {
      const { series } = await readMetrics(source, { ...asked, to: Date.now() });
      const cpu = series.filter(({ metric }) => metric === 'CpuPercentage');
      expect(cpu.map(({ dimensions }) => dimensions.instance).sort()).toEqual(['plan-westeurope-0', 'plan-westeurope-1']);
      expect(Math.max(...cpu.flatMap(({ points }) => points.map(({ values }) => values?.maximum ?? 0)))).toBeGreaterThan(5);
      expect(new Set(series.map(({ metric }) => metric)).size).toBe(3);
    });
  });

  test('counts requests and request units, and both agree with the logs', async () => {
    await soon(async () => {
      const { series } = await readMetrics(source, {
        resourceIds: [resources.cosmos('contoso').id],
        namespace: 'Microsoft.DocumentDB/databaseAccounts',
        metrics: ['TotalRequests', 'TotalRequestUnits'],
        aggregations: ['count', 'total'],
        interval: 'FULL',
        from: (source.clock?.epoch ?? 0) - 1_000,
        to: Date.now(),
        by: ['CollectionName'],
        filter: "CollectionName eq 'products'",
      });
      const requests = series.find(({ metric }) => metric === 'TotalRequests')?.points[0]?.values?.count ?? 0;
      expect(requests).toBeGreaterThanOrEqual(60);
      const logged = (await table('CDBDataPlaneRequests', 'global')).filter(
        ({ CollectionName }) => CollectionName === 'products',
      );
      expect(requests).toBe(logged.length);
      const units = series.find(({ metric }) => metric === 'TotalRequestUnits')?.points[0]?.values?.total ?? 0;
      expect(units).toBeCloseTo(
        logged.reduce((sum, { RequestCharge }) => sum + Number(RequestCharge), 0),
        3,
      );
    });
  });

  test('changes the instance count of a plan', async () => {
    const { id } = resources.plan('plan-eastus');
    expect(await arm.patch(id, version, { sku: { capacity: 3 } })).toMatchObject({ sku: { name: 'S2', capacity: 3 } });
    expect(await arm.get(id, version)).toMatchObject({ sku: { capacity: 3 } });
    await expect(arm.patch(id, version, { sku: { capacity: 11 } })).rejects.toMatchObject({ status: 400, code: 'BadRequest' });
  });

  test('takes an origin out of the global endpoint, and in again', async () => {
    const origin = `${resources.frontDoor.id}/originGroups/shop/origins/westeurope`;
    const served = async () => (await store.send(`${store.contoso.globalUrl}/api/products`)).headers['x-contoso-stamp'];
    expect(await arm.patch(origin, version, { properties: { enabledState: 'Disabled' } })).toMatchObject({
      properties: { enabledState: 'Disabled' },
    });
    for (let i = 0; i < 4; i += 1) expect(await served()).toBe('eastus');
    await arm.patch(origin, version, { properties: { enabledState: 'Enabled' } });
    await soon(async () => expect(await served()).toBe('westeurope'));
  });

  test('swaps the slots of a site', async () => {
    expect(await buildAt('westeurope-staging')).toBe('staging');
    const site = resources.site('westeurope').id;
    expect(await arm.get(site, version)).toMatchObject({ properties: { slotSwapStatus: null } });
    const askedAt = Date.now();
    await arm.post(`${resources.site('westeurope', 'staging').id}/slotsswap`, version, {
      targetSlot: 'production',
      preserveVnet: true,
    });
    const { properties } = (await arm.get(site, version)) as { properties: { slotSwapStatus: { timestampUtc: string } } };
    expect(properties.slotSwapStatus).toMatchObject({ sourceSlotName: 'staging', destinationSlotName: 'production' });
    expect(Date.parse(properties.slotSwapStatus.timestampUtc)).toBeGreaterThanOrEqual(askedAt);
    const state = (await store.admin('GET', '/admin/state')).json as {
      stamps: { name: string; slots: { slot: string; events: { reason: string }[] }[] }[];
    };
    const events =
      state.stamps.find(({ name }) => name === 'westeurope')?.slots.flatMap((slot) => slot.events.map(({ reason }) => reason)) ??
      [];
    expect(events.some((reason) => /swap/.test(reason))).toBe(true);
  });

  test('sets the throughput of a container', async () => {
    const path = `${resources.cosmos('contoso').id}/sqlDatabases/contoso/containers/orders/throughputSettings/default`;
    const body = { properties: { resource: { autoscaleSettings: { maxThroughput: 6_000 } } } };
    expect(await arm.put(path, version, body)).toMatchObject(body);
    expect(await arm.get(path, version)).toMatchObject(body);
    const wrong = { properties: { resource: { autoscaleSettings: { maxThroughput: 1_500 } } } };
    await expect(arm.put(path, version, wrong)).rejects.toMatchObject({ status: 400, message: expect.stringContaining('1000') });
  });

  test('has rows in the tables of what happened, of their columns and types alone', async () => {
    const types: Readonly<Record<string, (value: unknown) => boolean>> = {
      string: (value) => typeof value === 'string',
      datetime: (value) => typeof value === 'string' && !Number.isNaN(Date.parse(value)),
      real: (value) => typeof value === 'number',
      int: (value) => Number.isInteger(value),
      bool: (value) => typeof value === 'boolean',
      dynamic: (value) => typeof value === 'object',
    };
    const filled: TableName[] = [
      'AppRequests',
      'AppDependencies',
      'AzureMetrics',
      'AppServiceHTTPLogs',
      'CDBDataPlaneRequests',
      'AzureDiagnostics',
      'AZKVAuditLogs',
    ];
    for (const name of filled) {
      const rows = await soon(async () => {
        const found = await table(name);
        expect(found.length, name).toBeGreaterThan(0);
        return found;
      });
      const columns: Readonly<Record<string, string>> = tables[name];
      const wrong = rows.flatMap((row) =>
        Object.entries(row).filter(([column, value]) => !types[columns[column] ?? '']?.(value)),
      );
      expect(wrong.slice(0, 3), name).toEqual([]);
      expect(new Set(rows.map(({ Type }) => Type))).toEqual(new Set([name]));
    }
  });

  test('keeps a workspace for each region, and one for what is global', async () => {
    const hosts = async (workspace: string) =>
      new Set((await table('AppServiceHTTPLogs', workspace)).map(({ CsHost }) => CsHost));
    expect(await hosts('westeurope')).toEqual(new Set(['contoso-westeurope', 'contoso-westeurope-staging']));
    expect(await hosts('global')).toEqual(new Set());
    expect((await table('AzureDiagnostics', 'westeurope')).length).toBe(0);
    expect((await table('AzureDiagnostics', 'global')).length).toBeGreaterThan(0);
  });
});
