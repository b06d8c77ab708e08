import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { minuteMs } from '../../../fixtures/contoso/clock.ts';
import { contoso, type Managed, managed } from './support.ts';

let m: Managed;
let minute: (n: number) => number;
let planId: string;
let accountId: string;
const version = 'api-version=2024-02-01';
const iso = (ms: number) => new Date(ms).toISOString();

beforeAll(async () => {
  m = await managed();
  const { resources, monitor } = m.management;
  const start = Math.ceil(m.controlClock.now() / 3_600_000) * 3_600_000;
  minute = (n) => start + n * minuteMs;
  planId = resources.plan('plan-weu').id;
  accountId = resources.cosmos('contoso').id;
  for (const [n, a, b] of [
    [0, 20, 40],
    [1, 60, 80],
    [3, 10, 30],
  ] as const) {
    for (const [Instance, cpu] of [
      ['i-0', a],
      ['i-1', b],
    ] as const)
      monitor.metrics.record(
        { namespace: 'Microsoft.Web/serverfarms', resourceId: planId, metric: 'CpuPercentage' },
        cpu,
        { Instance },
        minute(n),
      );
  }
  for (const [StatusCode, Region, times] of [
    ['200', 'westeurope', 9],
    ['429', 'westeurope', 2],
    ['200', 'eastus', 4],
  ] as const) {
    const dimensions = {
      DatabaseName: 'shop',
      CollectionName: 'orders',
      Region,
      StatusCode,
      OperationType: 'Query',
      Status: 'x',
    };
    const address = {
      namespace: 'Microsoft.DocumentDB/databaseAccounts',
      resourceId: accountId,
      metric: 'TotalRequests',
    } as const;
    for (let i = 0; i < times; i += 1) monitor.metrics.record(address, 1, dimensions, minute(0));
  }
  m.hand.pass((m.controlClock.wallTime(minute(30)) - m.hand.now()) / 1_000);
});
afterAll(() => m.close());

const listOf = (id: string, query: string) => `${id}/providers/microsoft.insights/metrics?${version}&${query}`;
const span = (from = 0, to = 4) => `timespan=${iso(minute(from))}/${iso(minute(to))}`;
const batchOf = (query: string) => `/subscriptions/00000000-0000-0000-0000-000000000000/metrics:getBatch?${version}&${query}`;

interface Value {
  readonly id: string;
  readonly name: { readonly value: string };
  readonly timeseries: readonly {
    readonly metadatavalues: readonly { readonly name: { readonly value: string }; readonly value: string }[];
    readonly data: readonly Readonly<Record<string, unknown>>[];
  }[];
}
const valuesOf = (json: unknown) => (json as { readonly value: readonly Value[] }).value;

// Source: azure-rest-api-specs, Microsoft.Insights Metrics - List 2024-02-01.
describe('GET {resource}/providers/microsoft.insights/metrics', () => {
  test('answers in Azure’s shape, with only the aggregations asked for', async () => {
    const answer = await m.arm(
      'GET',
      listOf(planId, `metricnames=CpuPercentage&aggregation=average,maximum&interval=PT1M&${span()}`),
    );
    expect(answer.status).toBe(200);
    expect(answer.json()).toEqual({
      cost: expect.any(Number),
      timespan: `${iso(minute(0)).replace('.000Z', 'Z')}/${iso(minute(4)).replace('.000Z', 'Z')}`,
      interval: 'PT1M',
      namespace: 'microsoft.web/serverfarms',
      resourceregion: 'westeurope',
      value: [
        {
          id: `${planId}/providers/Microsoft.Insights/metrics/CpuPercentage`,
          type: 'Microsoft.Insights/metrics',
          name: { value: 'CpuPercentage', localizedValue: 'CPU Percentage' },
          displayDescription: 'CPU Percentage',
          unit: 'Percent',
          errorCode: 'Success',
          timeseries: [
            {
              metadatavalues: [],
              data: [
                { timeStamp: iso(minute(0)).replace('.000Z', 'Z'), average: 30, maximum: 40 },
                { timeStamp: iso(minute(1)).replace('.000Z', 'Z'), average: 70, maximum: 80 },
                { timeStamp: iso(minute(2)).replace('.000Z', 'Z') },
                { timeStamp: iso(minute(3)).replace('.000Z', 'Z'), average: 20, maximum: 30 },
              ],
            },
          ],
        },
      ],
    });
  });

  const shapes: readonly (readonly [what: string, query: () => string, expected: readonly unknown[]])[] = [
    ['the primary aggregation where none is named', () => span(0, 1), [{ average: 30 }]],
    ['five minutes in one bucket', () => `interval=PT5M&aggregation=average,count&${span(0, 4)}`, [{ average: 40, count: 6 }]],
    [
      'the whole time in one bucket',
      () => `interval=FULL&aggregation=minimum,total&${span(0, 4)}`,
      [{ minimum: 10, total: 240 }],
    ],
    ['one instance', () => `$filter=Instance eq 'i-1'&${span(0, 1)}`, [{ average: 40 }]],
    ['a name in any case', () => `$filter=instance eq 'I-1'&${span(0, 1)}`, [{ average: 40 }]],
    ['instances rolled up', () => `$filter=Instance eq '*'&rollupby=Instance&${span(0, 1)}`, [{ average: 30 }]],
  ];
  test.each(shapes)('gives %s', async (_what, query, expected) => {
    const answer = await m.arm('GET', listOf(planId, `metricnames=cpupercentage&${query()}`));
    const [series] = valuesOf(answer.json())[0]?.timeseries ?? [];
    expect(series?.data.map(({ timeStamp: _, ...rest }) => rest)).toEqual(expected);
  });

  test('names the dimensions that a filter splits by in lower case', async () => {
    const answer = await m.arm(
      'GET',
      listOf(accountId, `metricnames=TotalRequests&aggregation=count&$filter=StatusCode eq '*' and Region eq '*'&${span(0, 1)}`),
    );
    const rows = valuesOf(answer.json())[0]?.timeseries.map(({ metadatavalues, data }) => [
      ...metadatavalues.map(({ name, value }) => `${name.value}=${value}`),
      data[0]?.count,
    ]);
    expect(rows).toEqual([
      ['statuscode=200', 'region=westeurope', 9],
      ['statuscode=200', 'region=eastus', 4],
      ['statuscode=429', 'region=westeurope', 2],
    ]);
  });

  test.each([
    ['top=1', [9]],
    ['top=2&orderby=count asc', [2, 4]],
    ['top=3&orderby=count desc', [9, 4, 2]],
  ])('orders and cuts a split: %s', async (query, expected) => {
    const filter = "$filter=StatusCode eq '*' and Region eq '*'";
    const answer = await m.arm(
      'GET',
      listOf(accountId, `metricnames=TotalRequests&aggregation=count&${filter}&${query}&${span(0, 1)}`),
    );
    expect(valuesOf(answer.json())[0]?.timeseries.map(({ data }) => data[0]?.count)).toEqual(expected);
  });

  test('joins values of one dimension by or', async () => {
    const filter = "$filter=Region eq 'westeurope' and StatusCode eq '200' or StatusCode eq '429'";
    const answer = await m.arm('GET', listOf(accountId, `metricnames=TotalRequests&aggregation=count&${filter}&${span(0, 1)}`));
    expect(valuesOf(answer.json())[0]?.timeseries.map(({ data }) => data[0]?.count)).toEqual([9, 2]);
  });

  test('has an empty list of series for a metric that was never emitted', async () => {
    const answer = await m.arm('GET', listOf(planId, `metricnames=MemoryPercentage&${span()}`));
    expect([answer.status, valuesOf(answer.json())[0]?.timeseries]).toEqual([200, []]);
  });

  test('adjusts a grain that a metric doesn’t have, if asked to', async () => {
    const path = listOf(accountId, `metricnames=ProvisionedThroughput&interval=PT1M&${span()}`);
    expect((await m.arm('GET', path)).status).toBe(400);
    const adjusted = await m.arm('GET', `${path}&AutoAdjustTimegrain=true`);
    expect([adjusted.status, adjusted.json().interval]).toEqual([200, 'PT5M']);
  });

  test('takes the last hour of control-plane time by default', async () => {
    const answer = await m.arm('GET', listOf(planId, 'metricnames=CpuPercentage'));
    expect(valuesOf(answer.json())[0]?.timeseries[0]?.data.filter(({ average }) => average !== undefined).length).toBe(3);
  });

  const refused: readonly (readonly [what: string, id: () => string, query: () => string, status: number, said: string])[] = [
    [
      'an unknown metric',
      () => planId,
      () => `metricnames=Cpu&${span()}`,
      400,
      'Valid metrics: CpuPercentage,MemoryPercentage,HttpQueueLength',
    ],
    ['no metric', () => planId, () => span(), 400, 'metricnames'],
    ['an unknown resource', () => `${planId}x`, () => `metricnames=CpuPercentage&${span()}`, 404, 'plan-weux'],
    ['a grain that doesn’t exist', () => planId, () => `metricnames=CpuPercentage&interval=PT2M&${span()}`, 400, 'PT2M'],
    ['a grain too fine', () => accountId, () => `metricnames=ProvisionedThroughput&interval=PT1M&${span()}`, 400, 'PT5M'],
    ['an unknown aggregation', () => planId, () => `metricnames=CpuPercentage&aggregation=p95&${span()}`, 400, 'p95'],
    ['an unknown dimension', () => planId, () => `metricnames=CpuPercentage&$filter=Region eq 'x'&${span()}`, 400, 'Instance'],
    [
      'or between dimensions',
      () => accountId,
      () => `metricnames=TotalRequests&$filter=Region eq 'a' or StatusCode eq '1'&${span()}`,
      400,
      "'or' may not join",
    ],
    ['a filter cut short', () => planId, () => `metricnames=CpuPercentage&$filter=Instance eq 'a' and &${span()}`, 400, 'Filter'],
    [
      'a filter that is none',
      () => planId,
      () => `metricnames=CpuPercentage&$filter=Instance&${span()}`,
      400,
      'Filter is not valid',
    ],
    [
      'a foreign namespace',
      () => planId,
      () => `metricnames=CpuPercentage&metricnamespace=Microsoft.Web/sites&${span()}`,
      400,
      'serverfarms',
    ],
    ['a time that is none', () => planId, () => 'metricnames=CpuPercentage&timespan=yesterday/today', 400, 'yesterday'],
    ['a start after the end', () => planId, () => `metricnames=CpuPercentage&${span(4, 0)}`, 400, 'before end time'],
    ['top of nothing', () => planId, () => `metricnames=CpuPercentage&top=0&${span()}`, 400, 'top'],
    [
      'an order by nothing',
      () => planId,
      () => `metricnames=CpuPercentage&$filter=Instance eq '*'&orderby=size desc&${span()}`,
      400,
      'orderby',
    ],
    [
      'more points than one answer takes',
      () => planId,
      () => 'metricnames=CpuPercentage&timespan=2020-01-01T00:00:00Z/2026-01-01T00:00:00Z',
      400,
      '100000 points',
    ],
  ];
  test.each(refused)('refuses %s', async (_what, id, query, status, said) => {
    const answer = await m.arm('GET', listOf(id(), query()));
    expect(answer.status).toBe(status);
    const { error } = answer.json<{ error: { code: string; message: string } }>();
    expect(error.code).toBe(status === 404 ? 'ResourceNotFound' : 'BadRequest');
    expect(error.message).toContain(said);
  });
});

// Source: azure-rest-api-specs, data plane metricBatch 2024-02-01.
describe('POST metrics:getBatch', () => {
  const query = () =>
    `metricnamespace=microsoft.web/serverfarms&metricnames=CpuPercentage&aggregation=average&starttime=${iso(minute(0))}&endtime=${iso(minute(2))}`;

  test.each(['https://metrics.monitor.azure.com/.default', 'https://management.azure.com/.default'])(
    'takes a token for %s',
    async (scope) => {
      const answer = await m.arm('POST', batchOf(query()), { resourceids: [planId] }, scope);
      expect(answer.status).toBe(200);
    },
  );

  test('answers a resource each, without cost and timespan', async () => {
    const ids = contoso.plans.map(({ name }) => m.management.resources.plan(name).id);
    const answer = await m.arm('POST', batchOf(query()), { resourceids: ids });
    const { values } = answer.json<{ values: Record<string, unknown>[] }>();
    expect(values.map(({ resourceid, resourceregion }) => [resourceid, resourceregion])).toEqual([
      [ids[0], 'westeurope'],
      [ids[1], 'eastus'],
    ]);
    expect(Object.keys(values[0] ?? {}).sort()).toEqual([
      'endtime',
      'interval',
      'namespace',
      'resourceid',
      'resourceregion',
      'starttime',
      'value',
    ]);
    expect(valuesOf(values[0])[0]?.timeseries[0]?.data.map(({ average }) => average)).toEqual([30, 70]);
  });

  const refused: readonly (readonly [what: string, path: () => string, body: unknown, status: number])[] = [
    ['no namespace', () => batchOf('metricnames=CpuPercentage'), {}, 400],
    ['no resources', () => batchOf(query()), { resourceids: [] }, 400],
    ['more than fifty', () => batchOf(query()), { resourceids: Array.from({ length: 51 }, () => 'x') }, 400],
    ['a body that is no JSON', () => batchOf(query()), 'no', 400],
    ['a resource of another type', () => batchOf(query()), { resourceids: ['ACCOUNT'] }, 400],
    ['an unknown resource', () => batchOf(query()), { resourceids: ['/subscriptions/x'] }, 404],
    [
      'an end without a start',
      () => batchOf(`metricnamespace=microsoft.web/serverfarms&metricnames=CpuPercentage&endtime=${iso(minute(1))}`),
      { resourceids: ['PLAN'] },
      400,
    ],
  ];
  test.each(refused)('refuses %s', async (_what, path, body, status) => {
    const text = (typeof body === 'string' ? body : JSON.stringify(body)).replace('ACCOUNT', accountId).replace('PLAN', planId);
    expect((await m.arm('POST', path(), text)).status).toBe(status);
  });
});
