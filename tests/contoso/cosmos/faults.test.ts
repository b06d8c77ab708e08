import { CosmosClient } from '@azure/cosmos';
import { describe, expect, it } from 'vitest';
import { failure, startAccount, type TestAccount } from './account.ts';

const two = { regions: ['westeurope', 'eastus'], multiRegionWrites: true };
type Act = (account: TestAccount, region: string) => Promise<{ statusCode?: number }>;

const read: Act = (a, region) => a.container('products', region).item('p1', 'p1').read();
const query: Act = async (a, region) => {
  await a.container('products', region).items.query('SELECT * FROM c', { partitionKey: 'p1' }).fetchAll();
  return { statusCode: 200 };
};
const readContainer: Act = (a, region) => a.container('products', region).read();
const write: Act = (a, region) => a.container('products', region).items.upsert({ id: 'p1' });

async function withFault(kind: string, place: string, effect: object = {}) {
  const account = await startAccount(two);
  account.cosmos.load('shop', 'products', [{ id: 'p1' }]);
  account.faults.set(`${kind} ${place}`, { id: 'f1', ...effect });
  return account;
}

describe('faults: effect, place and end', () => {
  const rows: [string, string, Act, number, number][] = [
    ['cosmos-reads fails reads', 'cosmos-reads', read, 503, 0],
    ['cosmos-reads fails queries', 'cosmos-reads', query, 503, 0],
    ['cosmos-reads leaves writes', 'cosmos-reads', write, 200, 0],
    ['cosmos-writes fails writes', 'cosmos-writes', write, 503, 0],
    ['cosmos-writes leaves reads', 'cosmos-writes', read, 200, 0],
    ['cosmos-writes leaves queries', 'cosmos-writes', query, 200, 0],
    ['cosmos-container-missing fails writes', 'cosmos-container-missing', write, 404, 1003],
    ['cosmos-container-missing fails reads of the container', 'cosmos-container-missing', readContainer, 404, 1003],
    ['cosmos-container-missing fails queries', 'cosmos-container-missing', query, 404, 1003],
  ];
  it.each(rows)('%s, there and as long as it holds', async (_, kind, act, code, substatus) => {
    const account = await withFault(kind, 'westeurope');
    if (code === 200) expect((await act(account, 'westeurope')).statusCode).toBe(200);
    else {
      const seen = await failure(act(account, 'westeurope'));
      expect({ code: seen.code, substatus: Number(seen.substatus ?? 0) }).toEqual({ code, substatus });
      // Without a record: the SDK's read of the container's definition is no data operation.
      if (kind !== 'cosmos-container-missing' || act === query)
        expect(account.operations.at(-1)).toMatchObject({ statusCode: code, region: 'westeurope', requestCharge: 0 });
    }
    expect((await act(account, 'eastus')).statusCode).toBe(200);
    account.faults.clear();
    expect((await act(account, 'westeurope')).statusCode).toBe(200);
  });

  it('holds everywhere without a place', async () => {
    const account = await withFault('cosmos-reads', '*');
    expect(
      await Promise.all(['westeurope', 'eastus'].map(async (region) => (await failure(read(account, region))).code)),
    ).toEqual([503, 503]);
  });

  it('answers the status that the fault names', async () => {
    const account = await withFault('cosmos-reads', '*', { status: 500 });
    expect((await failure(read(account, 'westeurope'))).code).toBe(500);
  });
});

describe('faults: throttling', () => {
  it('is retried as 429/3200 and passes once it ends', async () => {
    const account = await withFault('cosmos-throttling', '*');
    account.cosmos.onOperation(() => account.operations.length >= 3 && account.faults.clear());
    const { statusCode, headers } = await account.container('products').item('p1', 'p1').read();
    expect([statusCode, headers['x-ms-throttle-retry-count'], headers['x-ms-throttle-retry-wait-time-ms']]).toEqual([
      200, 3, 300,
    ]);
    expect(account.operations.map(({ statusCode: code, subStatusCode }) => `${code}/${subStatusCode}`)).toEqual([
      '429/3200',
      '429/3200',
      '429/3200',
      '200/0',
    ]);
  });

  it('is given up after nine retries', async () => {
    const account = await withFault('cosmos-throttling', '*');
    const seen = await failure(write(account, 'westeurope'));
    expect(seen).toMatchObject({ code: 429, substatus: 3200 });
    expect([seen.headers['x-ms-throttle-retry-count'], account.operations.length]).toEqual([9, 10]);
  });
});

describe('faults: slow and gone', () => {
  it.each([
    ['slow reads', 'cosmos-reads', read],
    ['slow writes', 'cosmos-writes', write],
    ['slow queries', 'cosmos-reads', query],
  ] as const)('%s succeed after the delay', async (_, kind, act) => {
    const account = await withFault(kind, 'westeurope', { delayMs: 120 });
    const startedAt = performance.now();
    expect((await act(account, 'westeurope')).statusCode).toBe(200);
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(115);
    expect(account.operations.at(-1)?.durationMs).toBeGreaterThanOrEqual(120);
  });

  it('delays and fails where the fault names both', async () => {
    const account = await withFault('cosmos-reads', '*', { delayMs: 60, status: 503 });
    expect((await failure(read(account, 'westeurope'))).code).toBe(503);
    expect(account.operations.at(-1)?.durationMs).toBeGreaterThanOrEqual(60);
  });

  it('resets connections in the region that is gone', async () => {
    const account = await startAccount(two);
    const container = account.container('products', 'westeurope');
    // Before the fault: the SDK reads the container's definition first, and repeats reads for ten seconds.
    await container.items.upsert({ id: 'p1' });
    account.faults.set('cosmos-gone westeurope', { id: 'f1' });
    const answer = fetch(account.cosmos.endpoints.westeurope ?? '');
    await expect(answer).rejects.toMatchObject({ cause: { code: expect.stringMatching(/ECONNRESET|UND_ERR_SOCKET/) } });
    expect((await failure(container.items.upsert({ id: 'p1' }))).code).toBe('ECONNRESET');
    expect((await read(account, 'eastus')).statusCode).toBe(404);
    account.faults.clear();
    expect((await read(account, 'westeurope')).statusCode).toBe(200);
  });
});

describe('faults: what is no fault of the account', () => {
  it.each([
    ['no signature', { headers: {} }, 401],
    ['an unknown address', { headers: {}, path: 'nope' }, 401],
    ['a path that cannot be decoded', { headers: {}, path: '%E0%A4%A' }, 400],
    ['a header that cannot be decoded', { headers: { authorization: '%E0%A4%A' } }, 400],
  ])('%s gets a JSON body', async (_, { headers, path }: { headers: Record<string, string>; path?: string }, status) => {
    const account = await startAccount();
    const answer = await fetch(`${account.cosmos.endpoints.westeurope}${path ?? ''}`, { headers });
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({ code: expect.any(String), message: expect.any(String) });
  });

  it('an unknown database or container gets 404/1003', async () => {
    const account = await startAccount();
    const client = new CosmosClient({
      endpoint: account.cosmos.endpoints.westeurope ?? '',
      key: account.cosmos.key,
      connectionPolicy: { enableEndpointDiscovery: false },
    });
    const seen = await failure(client.database('none').container('none').items.create({ id: 'x' }));
    client.dispose();
    expect([seen.code, seen.substatus]).toEqual([404, 1003]);
  });

  it('stops listening on request, and to closed accounts', async () => {
    const account = await startAccount();
    const seen: string[] = [];
    const stop = account.cosmos.onOperation(({ operationType }) => seen.push(operationType));
    await write(account, 'westeurope');
    stop();
    await read(account, 'westeurope');
    expect([seen, account.operations.map(({ operationType }) => operationType)]).toEqual([['Upsert'], ['Upsert', 'Read']]);
  });
});
