import { describe, expect, it } from 'vitest';
import { rangeIndexOf } from '../../../fixtures/contoso/azure/cosmos/partitions.ts';
import { partitionsFor, serverlessRu, Throughput, throughputFault } from '../../../fixtures/contoso/azure/cosmos/throughput.ts';
import { failure, startAccount, type TestAccount } from './account.ts';

describe('throughput: steps and minima', () => {
  // learn.microsoft.com/azure/cosmos-db/concepts-limits
  const rows: [string, Parameters<typeof throughputFault>, RegExp | undefined][] = [
    ['manual takes 400', ['manual', 400], undefined],
    ['manual refuses 300', ['manual', 300], /at least 400/],
    ['manual refuses 450', ['manual', 450], /multiple of 100/],
    ['manual keeps a hundredth of the highest ever', ['manual', 400, 100_000], /at least 1000/],
    ['manual takes that hundredth', ['manual', 1000, 100_000], undefined],
    ['autoscale takes a maximum of 1,000', ['autoscale', 1000], undefined],
    ['autoscale refuses 1,500', ['autoscale', 1500], /multiple of 1000/],
    ['autoscale refuses 0', ['autoscale', 0], /at least 1000/],
    ['autoscale keeps a tenth of the highest ever', ['autoscale', 1000, 20_000], /at least 2000/],
    ['25 containers share 400', ['manual', 400, 0, 25], undefined],
    ['the 26th needs 100 more', ['manual', 400, 0, 26], /at least 500/],
    ['the 26th needs 1,000 more of autoscale', ['autoscale', 1000, 0, 26], /at least 2000/],
    ['serverless has nothing to set', ['serverless', 5000], /no throughput/],
    ['a number that is none', ['manual', Number.NaN], /multiple of 100/],
  ];
  it.each(rows)('%s', (_, args, fault) => {
    if (fault === undefined) expect(throughputFault(...args)).toBeUndefined();
    else expect(throughputFault(...args)).toMatch(fault);
  });

  it.each([
    ['manual', 10_000, 1],
    ['manual', 10_100, 2],
    ['autoscale', 40_000, 4],
    ['serverless', 99_999, 1],
  ] as const)('%s %d RU/s needs %d physical partitions', (mode, ru, partitions) => {
    expect(partitionsFor(mode, ru)).toBe(partitions);
  });

  // learn.microsoft.com/azure/cosmos-db/serverless-performance
  it.each([
    [1, 5000],
    [5, 5000],
    [6, 6000],
    [20, 20_000],
    [30, 20_000],
  ])('serverless with %d partitions serves %d RU/s', (partitions, ru) => {
    expect(serverlessRu(partitions)).toBe(ru);
  });
});

describe('throughput: the budget of a second', () => {
  const second = 1_700_000_000_000;
  const admitted = (t: Throughput, partition: number, now: number, region = 'a') => {
    try {
      t.admit(region, partition, now);
      return true;
    } catch {
      return false;
    }
  };

  it('is split evenly over physical partitions', () => {
    const shared = new Throughput('manual', 1000, 2);
    expect(shared.partitionLimitRu).toBe(500);
    shared.charge('a', 0, 500, second);
    expect([admitted(shared, 0, second), admitted(shared, 1, second)]).toEqual([false, true]);
  });

  it('is full again when the next second starts', () => {
    const shared = new Throughput('manual', 400, 1);
    shared.charge('a', 0, 900, second + 300);
    expect([admitted(shared, 0, second + 999), admitted(shared, 0, second + 1000)]).toEqual([false, true]);
  });

  it('is there in every region', () => {
    const shared = new Throughput('manual', 400, 1);
    shared.charge('a', 0, 400, second);
    expect([admitted(shared, 0, second, 'a'), admitted(shared, 0, second, 'b')]).toEqual([false, true]);
  });

  it('lets the last one overshoot: its cost shows afterwards', () => {
    const shared = new Throughput('manual', 400, 1);
    shared.charge('a', 0, 399.99, second);
    expect(admitted(shared, 0, second)).toBe(true);
  });

  it('never gives a partition more than 10,000 RU/s', () => {
    const raised = new Throughput('manual', 10_000, 1);
    raised.set(30_000);
    expect(raised.partitionLimitRu).toBe(10_000);
  });

  // learn.microsoft.com/azure/cosmos-db/provision-throughput-autoscale: between 0.1 x Tmax and Tmax, at once usable
  it.each([
    [0, 400],
    [390, 780],
    [1000, 2000],
    [2000, 4000],
    [9000, 4000],
  ])('autoscale at %d RU on its hottest of two partitions runs at %d', (usedRu, scaledTo) => {
    const auto = new Throughput('autoscale', 4000, 2);
    auto.charge('a', 1, usedRu, second);
    expect(auto.scaledTo('a', second)).toBe(scaledTo);
  });
});

const read = (account: TestAccount, id: string) => account.container('products').item(id, id).read();

/** Spends a second's budget of the partition that holds an item, by the item's size. */
async function exhaust(account: TestAccount, id: string, limitRu: number) {
  for (let usedRu = 0; usedRu < limitRu; ) usedRu += (await read(account, id)).requestCharge;
}

/** Two product ids on different physical partitions of two. */
const [hot = '', cold = ''] = [0, 1].map((range) =>
  ['p0', 'p1', 'p2', 'p3', 'p4', 'p5'].find((id) => rangeIndexOf(JSON.stringify([id]), 2) === range),
);

async function throttled(more: Parameters<typeof startAccount>[0] = {}, limitRu = 200) {
  const account = await startAccount({ ruPerSecond: 400, physicalPartitions: 2, ...more });
  account.cosmos.load(
    'shop',
    'products',
    [hot, cold].map((id) => ({ id, pad: 'x'.repeat(1_100_000) })),
  );
  await exhaust(account, hot, limitRu);
  return account;
}

describe('throughput: 429 as the SDK takes it', () => {
  // learn.microsoft.com/azure/cosmos-db/troubleshoot-request-rate-too-large; retries: @azure/cosmos resourceThrottleRetryPolicy
  it('answers 429/3200 with the time until the next second', async () => {
    const account = await throttled();
    account.advance(400);
    const noRetry = { connectionPolicy: { enableEndpointDiscovery: false, retryOptions: { maxRetryAttemptCount: 0 } } };
    const seen = await failure(account.container('products', 'westeurope', noRetry).item(hot, hot).read());
    expect(seen).toMatchObject({ code: 429, substatus: 3200 });
    expect(seen.headers).toMatchObject({ 'x-ms-retry-after-ms': '600', 'x-ms-request-charge': '0' });
    expect(account.operations.at(-1)).toMatchObject({ statusCode: 429, subStatusCode: 3200, requestCharge: 0 });
  });

  it('throttles the hot partition alone', async () => {
    const account = await throttled();
    expect((await read(account, cold)).statusCode).toBe(200);
    const partitions = account.cosmos.snapshot().containers.find(({ container }) => container === 'products')?.partitions;
    expect(partitions?.[0]?.usedRu).toBeGreaterThanOrEqual(200);
    expect(partitions?.map(({ limitRu }) => limitRu)).toEqual([200, 200]);
    expect(account.operations.filter(({ statusCode }) => statusCode === 429)).toEqual([]);
  });

  it('is retried by the SDK until the next second comes', async () => {
    const account = await throttled();
    account.advance(990);
    account.cosmos.onOperation(({ statusCode }) => statusCode === 429 && account.advance(5));
    const { statusCode, headers } = await read(account, hot);
    expect([statusCode, headers['x-ms-throttle-retry-count']]).toEqual([200, 2]);
    expect(headers['x-ms-throttle-retry-wait-time-ms']).toBe(15);
  });

  it('is given up after nine retries', async () => {
    const account = await throttled();
    account.advance(998);
    const seen = await failure(read(account, hot));
    expect(seen).toMatchObject({ code: 429, substatus: 3200 });
    expect(seen.headers['x-ms-throttle-retry-count']).toBe(9);
    expect(account.operations.filter(({ statusCode }) => statusCode === 429)).toHaveLength(10);
  });
});

describe('throughput: per container, shared, serverless', () => {
  it.each([
    ['container', 200],
    ['database', 429],
  ] as const)('a %s budget: a neighbour container gets %d', async (throughput, status) => {
    const account = await throttled({ throughput, physicalPartitions: 1 }, 400);
    const noRetry = { connectionPolicy: { enableEndpointDiscovery: false, retryOptions: { maxRetryAttemptCount: 0 } } };
    const create = account.container('events', 'westeurope', noRetry).items.create({ id: 'e1' });
    if (status === 200) expect((await create).statusCode).toBe(201);
    else expect((await failure(create)).code).toBe(429);
  });

  it.each([
    ['serverless in two regions', { mode: 'serverless', regions: ['a', 'b'] }, /one region/],
    ['manual 450', { ruPerSecond: 450 }, /multiple of 100/],
    ['autoscale 400', { mode: 'autoscale', ruPerSecond: 400 }, /multiple of 1000/],
    ['no region', { regions: [] }, /needs a region/],
  ] as const)('does not start with %s', async (_, options, fault) => {
    await expect(startAccount(options)).rejects.toThrow(fault);
  });

  it('serves 5,000 RU/s without a setting when serverless', async () => {
    const account = await startAccount({ mode: 'serverless', ruPerSecond: undefined });
    expect(account.cosmos.snapshot().containers[0]).toMatchObject({
      provisionedRuPerSecond: 5000,
      partitions: [{ limitRu: 5000 }],
    });
    expect((await account.container('products').readOffer()).resource).toBeUndefined();
    expect(() => account.cosmos.setThroughput(1000)).toThrow(/no throughput/);
  });

  it('reads and replaces the offer through the SDK', async () => {
    const account = await startAccount({ ruPerSecond: 1000 });
    const { offer, resource } = await account.container('products').readOffer();
    expect(resource?.content).toEqual({ offerThroughput: 1000 });
    await offer?.replace({ ...resource, content: { offerThroughput: 2000 } } as never);
    const ru = (id: string) =>
      account.cosmos.snapshot().containers.find(({ container }) => container === id)?.provisionedRuPerSecond;
    expect([ru('products'), ru('orders')]).toEqual([2000, 1000]);
    expect(
      await failure(offer?.replace({ ...resource, content: { offerThroughput: 250 } } as never) as Promise<unknown>),
    ).toMatchObject({ code: 400 });
    expect(ru('products')).toBe(2000);
  });

  it('shows the autoscale maximum in the offer', async () => {
    const account = await startAccount({ mode: 'autoscale', ruPerSecond: 4000 });
    expect((await account.container('products').readOffer()).resource?.content).toMatchObject({
      offerAutopilotSettings: { maxThroughput: 4000 },
    });
    expect(account.cosmos.snapshot().containers[0]?.scaledToRuPerSecond).toBe(400);
  });

  it('sets all containers, or one', async () => {
    const account = await startAccount({ ruPerSecond: 400 });
    account.cosmos.setThroughput(600);
    account.cosmos.setThroughput(900, { database: 'shop', container: 'orders' });
    expect(account.cosmos.snapshot().containers.map(({ provisionedRuPerSecond }) => provisionedRuPerSecond)).toEqual([
      900, 600, 600,
    ]);
    expect(() => account.cosmos.setThroughput(450)).toThrow(RangeError);
  });
});
