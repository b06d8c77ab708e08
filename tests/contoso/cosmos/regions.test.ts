import type { CosmosClientOptions } from '@azure/cosmos';
import { describe, expect, it } from 'vitest';
import { failure, startAccount, type TestAccount } from './account.ts';

const two = { regions: ['westeurope', 'eastus'] };
const lag = { replicationLagMs: { minimum: 100, maximum: 100 } };
const everywhere = { ...two, ...lag, multiRegionWrites: true };
const item = (account: TestAccount, region: string) => account.container('products', region).item('p1', 'p1');
const status = async (account: TestAccount, region: string) => (await item(account, region).read()).statusCode;
const priceIn = async (account: TestAccount, region: string) => (await item(account, region).read()).resource?.priceCents;
const put = (account: TestAccount, region: string, priceCents: number) =>
  account.container('products', region).items.upsert({ id: 'p1', priceCents });

/** The SDK as a multi-region store would set it up: it finds the regions itself, and sends session tokens only if told to. */
const discovering = (
  account: TestAccount,
  preferred: string,
  more: Partial<CosmosClientOptions> = { consistencyLevel: 'Session' },
) =>
  account.container('products', 'westeurope', {
    ...more,
    connectionPolicy: {
      enableEndpointDiscovery: true,
      enableBackgroundEndpointRefreshing: false,
      preferredLocations: [preferred],
    },
  });

describe('regions: the account document', () => {
  // learn.microsoft.com/rest/api/cosmos-db: GET / lists writable and readable locations
  it.each([
    ['one write region', { ...two }, ['westeurope'], false],
    ['writes everywhere', { ...two, multiRegionWrites: true }, ['westeurope', 'eastus'], true],
  ])('%s', async (_, options, writable, multiple) => {
    const account = await startAccount(options);
    const { client } = discovering(account, 'eastus').database;
    const { resource } = await client.getDatabaseAccount();
    expect(resource?.writableLocations.map(({ name }) => name)).toEqual(writable);
    expect(resource?.readableLocations.map(({ name, databaseAccountEndpoint }) => [name, databaseAccountEndpoint])).toEqual(
      Object.entries(account.cosmos.endpoints),
    );
    expect(resource?.enableMultipleWritableLocations).toBe(multiple);
    expect(resource?.consistencyPolicy).toBe('Session');
  });

  it('leads the SDK to read nearby and to write where writes go', async () => {
    const account = await startAccount({ ...two, ...lag });
    const nearEast = discovering(account, 'eastus', {});
    await nearEast.items.create({ id: 'p1' });
    account.advance(100);
    expect((await nearEast.item('p1', 'p1').read()).statusCode).toBe(200);
    expect(account.operations.map(({ operationType, region }) => `${operationType} ${region}`)).toEqual([
      'Create westeurope',
      'Read eastus',
    ]);
  });
});

describe('regions: replication lag', () => {
  it.each([
    [99, 404],
    [100, 200],
  ])('after %d ms of 100 another region answers %d', async (afterMs, expected) => {
    const account = await startAccount(everywhere);
    await put(account, 'westeurope', 1);
    expect(await status(account, 'westeurope')).toBe(200);
    account.advance(afterMs);
    expect(account.cosmos.snapshot().regions[1]?.unreplicated).toBe(afterMs < 100 ? 1 : 0);
    expect(await status(account, 'eastus')).toBe(expected);
  });

  it('takes 50 to 200 ms by default', async () => {
    const account = await startAccount(two);
    await put(account, 'westeurope', 1);
    account.advance(49);
    expect(await status(account, 'eastus')).toBe(404);
    account.advance(151);
    expect(await status(account, 'eastus')).toBe(200);
  });

  it('replicates deletes, and queries see them', async () => {
    const account = await startAccount(everywhere);
    await put(account, 'westeurope', 1);
    account.advance(100);
    await item(account, 'westeurope').delete();
    const count = async () =>
      (await account.container('products', 'eastus').items.query('SELECT VALUE COUNT(1) FROM c').fetchAll()).resources[0];
    expect(await count()).toBe(1);
    account.advance(100);
    expect(await count()).toBe(0);
  });

  it('keeps the order of writes when a later lag is shorter', async () => {
    const account = await startAccount({ ...two, multiRegionWrites: true, replicationLagMs: { minimum: 10, maximum: 10 } });
    account.faults.set('cosmos-replication eastus', { id: 'f', delayMs: 500 });
    await put(account, 'westeurope', 1);
    account.faults.clear();
    await put(account, 'westeurope', 2);
    account.advance(509);
    expect(await status(account, 'eastus')).toBe(404);
    account.advance(1);
    expect(await priceIn(account, 'eastus')).toBe(2);
  });
});

describe('regions: sessions', () => {
  // learn.microsoft.com/azure/cosmos-db/consistency-levels: session; sub-status 1002: http-status-codes-for-cosmosdb
  // The SDK's session policy then asks the same region once more, without its token (@azure/cosmos sessionRetryPolicy).
  it.each([
    ['still behind', 0, '404/0'],
    ['caught up meanwhile', 100, '200/0'],
  ])('a region that is behind says so, and is asked once more: %s', async (_, laterMs, answer) => {
    const account = await startAccount({ ...two, ...lag });
    const nearEast = discovering(account, 'eastus');
    await nearEast.items.create({ id: 'p1' });
    account.cosmos.onOperation(({ subStatusCode }) => subStatusCode === 1002 && account.advance(laterMs));
    await nearEast.item('p1', 'p1').read();
    expect(account.operations.slice(1).map((o) => `${o.region} ${o.statusCode}/${o.subStatusCode}`)).toEqual([
      'eastus 404/1002',
      `eastus ${answer}`,
    ]);
  });

  it('another session may miss it for a moment', async () => {
    const account = await startAccount({ ...two, ...lag });
    await discovering(account, 'westeurope').items.create({ id: 'p1' });
    const other = discovering(account, 'eastus');
    expect((await other.item('p1', 'p1').read()).statusCode).toBe(404);
    expect(account.operations.at(-1)).toMatchObject({ region: 'eastus', statusCode: 404, subStatusCode: 0 });
  });

  it.each([
    ['one write region', false, /^\d+:-1#1$/],
    ['writes everywhere', true, /^\d+:1#1#0=1#1=0$/],
  ])('the token counts writes: %s', async (_, multiRegionWrites, shape) => {
    const account = await startAccount({ ...two, ...lag, multiRegionWrites });
    const { headers } = await put(account, 'westeurope', 1);
    expect(headers['x-ms-session-token']).toMatch(shape);
  });

  it('asks nothing of partitions that the session has not touched', async () => {
    const account = await startAccount({ ...two, ...lag, physicalPartitions: 4 });
    const nearEast = discovering(account, 'eastus');
    await nearEast.items.create({ id: 'p1' });
    await Promise.all(['a', 'b', 'c', 'd', 'e'].map((id) => nearEast.item(id, id).read()));
    const behind = account.operations.filter(({ subStatusCode }) => subStatusCode === 1002);
    const range = account.operations[0]?.partitionKeyRangeId;
    expect(behind.every(({ partitionKeyRangeId }) => partitionKeyRangeId === range)).toBe(true);
    expect(
      account.operations.filter(({ region, subStatusCode }) => region === 'eastus' && subStatusCode === 0).length,
    ).toBeGreaterThan(0);
  });
});

describe('regions: where writes go', () => {
  it('refuses writes elsewhere with 403/3', async () => {
    const account = await startAccount({ ...two, ...lag });
    expect(await failure(put(account, 'eastus', 1))).toMatchObject({ code: 403, substatus: 3 });
    expect(account.operations.at(-1)).toMatchObject({ region: 'eastus', statusCode: 403, requestCharge: 0 });
  });

  it('fails over: nothing lost, writes move', async () => {
    const account = await startAccount({ ...two, ...lag });
    await put(account, 'westeurope', 1);
    account.cosmos.failOver('eastus');
    expect(account.cosmos.snapshot().writeRegions).toEqual(['eastus']);
    expect(await priceIn(account, 'eastus')).toBe(1);
    expect((await put(account, 'eastus', 2)).statusCode).toBe(200);
    expect(await failure(put(account, 'westeurope', 3))).toMatchObject({ code: 403, substatus: 3 });
    account.advance(100);
    expect(await priceIn(account, 'westeurope')).toBe(2);
    account.cosmos.failOver();
    expect(account.cosmos.snapshot().writeRegions).toEqual(['westeurope']);
  });

  it('the SDK finds the new write region by itself', async () => {
    const account = await startAccount({ ...two, ...lag });
    const store = discovering(account, 'westeurope');
    await store.items.create({ id: 'p1' });
    account.cosmos.failOver('eastus');
    expect((await store.items.upsert({ id: 'p1', n: 2 })).statusCode).toBe(200);
    expect(account.operations.slice(1).map((o) => `${o.region} ${o.statusCode}/${o.subStatusCode}`)).toEqual([
      'westeurope 403/3',
      'eastus 200/0',
    ]);
  });

  it('refuses to fail over to what is no region', async () => {
    const account = await startAccount(two);
    expect(() => account.cosmos.failOver('mars')).toThrow(/no region mars/);
  });
});

describe('regions: conflicts of writes everywhere', () => {
  // learn.microsoft.com/azure/cosmos-db/conflict-resolution-policies: last writer wins by _ts; a delete always wins
  const rows: [string, (account: TestAccount) => Promise<unknown>, number | undefined][] = [
    [
      'the later of two updates wins',
      async (a) => {
        await put(a, 'westeurope', 10);
        a.advance(1000);
        await put(a, 'eastus', 20);
      },
      20,
    ],
    [
      '… wherever it came from',
      async (a) => {
        await put(a, 'eastus', 20);
        a.advance(1000);
        await put(a, 'westeurope', 10);
      },
      10,
    ],
    [
      'two in one second end the same everywhere',
      async (a) => {
        await put(a, 'eastus', 20);
        await put(a, 'westeurope', 10);
      },
      10,
    ],
    [
      'a delete wins over an update',
      async (a) => {
        await item(a, 'westeurope').delete();
        a.advance(1000);
        await put(a, 'eastus', 20);
      },
      undefined,
    ],
    [
      'an update loses to a later delete',
      async (a) => {
        await put(a, 'eastus', 20);
        await item(a, 'westeurope').delete();
      },
      undefined,
    ],
    [
      'what is created after its delete stays',
      async (a) => {
        await item(a, 'westeurope').delete();
        await put(a, 'westeurope', 30);
      },
      30,
    ],
  ];
  it.each(rows)('%s', async (_, act, expected) => {
    const account = await startAccount({ ...everywhere, replicationLagMs: { minimum: 5000, maximum: 5000 } });
    account.cosmos.load('shop', 'products', [{ id: 'p1', priceCents: 1 }]);
    await act(account);
    account.advance(10_000);
    expect([await priceIn(account, 'westeurope'), await priceIn(account, 'eastus')]).toEqual([expected, expected]);
  });
});
