import { describe, expect, test, vi } from 'vitest';
import { createResources } from '../../../fixtures/contoso/azure/arm/resources.ts';
import type { ContainerSnapshot, CosmosOperation } from '../../../fixtures/contoso/azure/cosmos/types.ts';
import { collectCosmos, countOperation } from '../../../fixtures/contoso/azure/monitor/collect-cosmos.ts';
import { createMetricsStore } from '../../../fixtures/contoso/azure/monitor/metrics-store.ts';
import { startSampling } from '../../../fixtures/contoso/azure/monitor/sampling.ts';
import { createClock, minuteMs } from '../../../fixtures/contoso/clock.ts';
import { clock } from '../azure-control/support.ts';
import { contoso } from './support.ts';

const namespace = 'Microsoft.DocumentDB/databaseAccounts' as const;
const operation: CosmosOperation = {
  activityId: '0f0e',
  at: 0,
  region: 'westeurope',
  database: 'shop',
  container: 'orders',
  operationType: 'Create',
  statusCode: 201,
  subStatusCode: 0,
  requestCharge: 10,
  partitionKeyRangeId: '0',
  durationMs: 4,
};
/** Two partitions of 400 RU/s each. */
const container = (name: string, region = 'westeurope'): ContainerSnapshot => ({
  database: 'shop',
  container: name,
  region,
  documents: 7,
  provisionedRuPerSecond: 800,
  scaledToRuPerSecond: 160,
  partitions: ['0', '1'].map((id) => ({ id, usedRu: 0, limitRu: 400 })),
});

/** An account that is collected from at the end of a minute which holds two whole seconds of operations. */
function collected(
  mode: 'contoso' | 'shared' | 'serverless',
  spent: readonly (readonly [second: number, ru: number, change?: Partial<CosmosOperation>])[],
) {
  const hand = clock(1);
  const control = createClock(hand);
  const store = createMetricsStore(control);
  const resource = createResources(contoso).cosmos(mode);
  const account = contoso.cosmosAccounts.find(({ name }) => name === mode);
  if (!account) throw new Error(`no account ${mode}`);
  const containers = [container('orders'), container('carts')];
  const snapshot = () => ({ account: mode, writeRegions: ['westeurope'], regions: [], containers });
  const { spend, collect } = collectCosmos(store, { snapshot }, account, resource);
  const startMs = Math.ceil(hand.now() / minuteMs) * minuteMs;
  const minute = (n: number) => ({ at: startMs + n * minuteMs, endMs: startMs + (n + 1) * minuteMs });
  collect(minute(-1));
  for (const [second, requestCharge, change] of spent)
    spend({ ...operation, at: startMs + second * 1_000, requestCharge, ...change });
  collect(minute(0));
  collect(minute(1));
  hand.pass(600);
  const read = (metric: string, by: string[] = [], n = 0) =>
    Object.fromEntries(
      store
        .query({
          namespace,
          resourceId: resource.id,
          metric,
          from: minute(n).at,
          to: minute(n).at + 1,
          intervalMs: minuteMs,
          by,
        })
        .map(({ dimensions, points }) => [Object.values(dimensions).join(), points[0]?.sums?.maximum]),
    );
  return { read };
}

// Source: learn.microsoft.com/azure/cosmos-db/monitor-normalized-request-units: maximum over partitions within the interval.
describe('NormalizedRUConsumption', () => {
  const use: readonly (readonly [what: string, spent: Parameters<typeof collected>[1], percent: number])[] = [
    ['of an idle minute is 0', [], 0],
    [
      'is the hottest second, not the average',
      [
        [1, 200],
        [2, 40],
      ],
      50,
    ],
    [
      'adds up what one second spent',
      [
        [3, 100],
        [3.5, 100],
        [3.9, 100],
      ],
      75,
    ],
    ['is 100 when one second was full', [[5, 400]], 100],
    ['is no more than 100', [[5, 900]], 100],
    [
      'takes the hottest partition',
      [
        [1, 100],
        [1, 300, { partitionKeyRangeId: '1' }],
      ],
      75,
    ],
    ['shares a fan-out between the partitions', [[1, 400, { partitionKeyRangeId: undefined }]], 50],
  ];
  test.each(use)('%s', (_what, spent, percent) => {
    expect(collected('contoso', spent).read('NormalizedRUConsumption')).toEqual({ '': percent });
  });

  test('tells a hot partition from its neighbours', () => {
    const { read } = collected('contoso', [
      [1, 400],
      [1, 40, { container: 'carts' }],
    ]);
    expect(read('NormalizedRUConsumption', ['CollectionName', 'PartitionKeyRangeId'])).toEqual({
      'orders,0': 100,
      'orders,1': 0,
      'carts,0': 10,
      'carts,1': 0,
    });
  });

  test('is back at 0 in the next minute', () => {
    expect(collected('contoso', [[1, 400]]).read('NormalizedRUConsumption', [], 1)).toEqual({ '': 0 });
  });

  test('is of the database where containers share their throughput', () => {
    const { read } = collected('shared', [
      [1, 100],
      [1, 100, { container: 'carts' }],
    ]);
    expect(read('NormalizedRUConsumption', ['CollectionName', 'PartitionKeyRangeId'])).toEqual({ ',0': 50, ',1': 0 });
  });
});

// Ours: budgets are spent in real seconds, metrics have control-plane minutes, and fast clocks put several in a second.
describe('a second of use', () => {
  test.each([
    [1, 1],
    [60, 1],
    [120, 2],
    [600, 10],
  ])('at a time scale of %i shows in at least %i minutes', (timeScale, minutes) => {
    const hand = clock(timeScale);
    const control = createClock(hand);
    const store = createMetricsStore(control);
    const [account] = contoso.cosmosAccounts;
    if (!account) throw new Error('no account');
    const { id } = createResources(contoso).cosmos(account.name);
    const snapshot = () => ({ account: '', writeRegions: [], regions: [], containers: [container('orders')] });
    const { spend, collect } = collectCosmos(store, { snapshot }, account, createResources(contoso).cosmos(account.name));
    const second = Math.ceil(hand.now() / 1_000) + 1;
    spend({ ...operation, at: second * 1_000 + 300, requestCharge: 200 });
    collect({ at: control.controlTime((second + 2) * 1_000), endMs: (second + 2) * 1_000 });
    hand.pass(200);
    const span = {
      from: control.controlTime((second - 1) * 1_000),
      to: control.controlTime((second + 3) * 1_000),
      intervalMs: minuteMs,
    };
    const [series] = store.query({ namespace, resourceId: id, metric: 'NormalizedRUConsumption', ...span });
    const used = series?.points.filter(({ sums }) => sums?.maximum === 50) ?? [];
    expect(used.length).toBeGreaterThanOrEqual(minutes);
    expect(used.length).toBeLessThanOrEqual(minutes + 1);
  });
});

// Source: Cosmos DB monitoring data reference; autoscale runs between a tenth of its maximum and the maximum.
describe('throughput', () => {
  test('of autoscale shows the maximum, and where it stands', () => {
    const { read } = collected('contoso', [[1, 300]]);
    expect(read('AutoscaledRU', ['CollectionName', 'PhysicalPartitionId'])).toEqual({
      'orders,0': 300,
      'orders,1': 40,
      'carts,0': 40,
      'carts,1': 40,
    });
  });

  test.each([
    ['contoso', { ProvisionedThroughput: 1, AutoscaleMaxThroughput: 1, AutoscaledRU: 1 }],
    ['shared', { ProvisionedThroughput: 1, AutoscaleMaxThroughput: 0, AutoscaledRU: 0 }],
    ['serverless', { ProvisionedThroughput: 0, AutoscaleMaxThroughput: 0, AutoscaledRU: 0 }],
  ] as const)('of %s has its mode’s metrics alone', (mode, expected) => {
    const { read } = collected(mode, []);
    const seen = Object.keys(expected).map((metric) => [metric, Object.keys(read(metric)).length]);
    expect(Object.fromEntries(seen)).toEqual(expected);
  });
});

// Source: supported metrics of Microsoft.DocumentDB/databaseAccounts.
describe('an operation', () => {
  test('is counted, charged and timed under its dimensions', () => {
    const hand = clock(60);
    const store = createMetricsStore(createClock(hand));
    const rows = [
      [201, 10],
      [429, 0],
      [201, 5],
      [404, 1],
    ] as const;
    for (const [statusCode, requestCharge] of rows)
      countOperation(store, '/a', { ...operation, at: hand.now(), statusCode, requestCharge });
    const span = { from: store.clock.epoch - minuteMs, to: store.clock.epoch + minuteMs, intervalMs: minuteMs };
    hand.pass(10);
    const read = (metric: string, by: string[], value: 'total' | 'count') =>
      Object.fromEntries(
        store
          .query({ namespace, resourceId: '/a', metric, by, ...span })
          .map(({ dimensions, points }) => [
            Object.values(dimensions).join(),
            points.flatMap(({ sums }) => (sums ? [sums[value]] : []))[0],
          ]),
      );
    expect(read('TotalRequests', ['StatusCode', 'Status'], 'count')).toEqual({
      '201,Success': 2,
      '429,ClientThrottlingError': 1,
      '404,NotFound': 1,
    });
    expect(read('TotalRequestUnits', ['CollectionName', 'OperationType'], 'total')).toEqual({ 'orders,Create': 16 });
    expect(read('ServerSideLatency', ['ConnectionMode', 'PublicAPIType'], 'total')).toEqual({ 'Gateway,SQL': 16 });
  });
});

describe('sampling', () => {
  test('sees every minute once, those too that a late process missed', async () => {
    const hand = clock(6_000);
    const seen: number[] = [];
    const control = createClock(hand);
    const stop = startSampling(control, hand, ({ at, endMs }) => {
      seen.push(at);
      expect(control.controlTime(endMs)).toBeCloseTo(at + minuteMs, -1);
    });
    hand.pass(0.035);
    await vi.waitFor(() => expect(seen.length).toBeGreaterThanOrEqual(3), { timeout: 60_000, interval: 5 });
    stop();
    expect(seen.map((at) => at % minuteMs)).toEqual(seen.map(() => 0));
    expect(new Set(seen.slice(1).map((at, i) => at - (seen[i] as number)))).toEqual(new Set([minuteMs]));
  });
});
