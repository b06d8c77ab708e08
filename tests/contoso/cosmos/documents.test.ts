import { describe, expect, it } from 'vitest';
import { failure, sized, startAccount, type TestAccount } from './account.ts';

type Act = (account: TestAccount) => Promise<unknown>;
const orders = (account: TestAccount) => account.container('orders');
const order = (id: string, more: object = {}) => ({ id, shopperId: 's1', ...more });

async function withOrder(more: object = {}) {
  const account = await startAccount();
  const created = await orders(account).items.create(order('o1', { totalCents: 5, ...more }));
  return { account, created };
}

describe('documents: what succeeds', () => {
  // Status codes: learn.microsoft.com/rest/api/cosmos-db/http-status-codes-for-cosmosdb
  const rows: [string, number, (account: TestAccount) => Promise<{ statusCode: number }>][] = [
    ['create answers 201', 201, (a) => orders(a).items.create(order('o2'))],
    ['read answers 200', 200, (a) => orders(a).item('o1', 's1').read()],
    ['replace answers 200', 200, (a) => orders(a).item('o1', 's1').replace(order('o1'))],
    ['upsert of a new item answers 201', 201, (a) => orders(a).items.upsert(order('o2'))],
    ['upsert of an existing item answers 200', 200, (a) => orders(a).items.upsert(order('o1'))],
    ['delete answers 204', 204, (a) => orders(a).item('o1', 's1').delete()],
    [
      'patch answers 200',
      200,
      (a) =>
        orders(a)
          .item('o1', 's1')
          .patch([{ op: 'incr', path: '/totalCents', value: 2 }]),
    ],
    ['read of nothing answers 404', 404, (a) => orders(a).item('o2', 's1').read()],
    ['the same id lives in another partition', 201, (a) => orders(a).items.create({ id: 'o1', shopperId: 's2' })],
    ['ids with spaces and slashes in the key', 201, (a) => orders(a).items.create({ id: 'o 1', shopperId: 'a/b "c"' })],
  ];
  it.each(rows)('%s', async (_, status, act) => {
    const { account } = await withOrder();
    expect((await act(account)).statusCode).toBe(status);
    expect(account.operations.at(-1)?.statusCode).toBe(status);
  });

  it('finds a partition key that is not ASCII, which the SDK escapes in its header', async () => {
    const { account } = await withOrder();
    const made = await orders(account).items.create({ id: 'o3', shopperId: 'Zoë Şirin' });
    expect(made.statusCode).toBe(201);
    expect((await orders(account).item('o3', 'Zoë Şirin').read()).resource).toMatchObject({ shopperId: 'Zoë Şirin' });
    const query = { query: 'SELECT * FROM c WHERE c.shopperId = @id', parameters: [{ name: '@id', value: 'Zoë Şirin' }] };
    for (const options of [{}, { partitionKey: 'Zoë Şirin' }])
      expect((await orders(account).items.query(query, options).fetchAll()).resources).toHaveLength(1);
  });

  it('adds the properties that the service adds', async () => {
    const { account, created } = await withOrder();
    const { resource, etag, requestCharge } = await orders(account).item('o1', 's1').read();
    expect(resource).toMatchObject({ id: 'o1', shopperId: 's1', totalCents: 5, _ts: 1_700_000_000, _etag: created.etag });
    expect(Buffer.from(resource._rid, 'base64')).toHaveLength(16);
    expect([etag, requestCharge]).toEqual([created.etag, 1]);
  });

  it('answers 304 to the etag that is still true', async () => {
    const { account, created } = await withOrder();
    const again = await orders(account)
      .item('o1', 's1')
      .read({ accessCondition: { type: 'IfNoneMatch', condition: created.etag } });
    expect(again.statusCode).toBe(304);
  });

  it('replaces on the etag that is still true', async () => {
    const { account, created } = await withOrder();
    const condition = { accessCondition: { type: 'IfMatch', condition: created.etag } };
    const item = orders(account).item('o1', 's1');
    const replaced = await item.replace(order('o1', { totalCents: 6 }), condition);
    expect(replaced.etag).not.toBe(created.etag);
    expect((await failure(item.replace(order('o1'), condition))).code).toBe(412);
    expect((await item.read()).resource?.totalCents).toBe(6);
  });

  it('survives what is read back and written again', async () => {
    const { account } = await withOrder();
    const { resource } = await orders(account).item('o1', 's1').read();
    await orders(account).items.upsert({ ...resource, totalCents: 9 });
    expect((await orders(account).item('o1', 's1').read()).resource).toMatchObject({ totalCents: 9, _rid: resource._rid });
  });
});

describe('documents: what is refused, always with a JSON body', () => {
  const stale = { accessCondition: { type: 'IfMatch', condition: '"stale"' } };
  const rows: [string, number, number, Act][] = [
    ['create of an id that is there: 409', 409, 0, (a) => orders(a).items.create(order('o1'))],
    ['replace of nothing: 404', 404, 0, (a) => orders(a).item('o2', 's1').replace(order('o2'))],
    ['delete of nothing: 404', 404, 0, (a) => orders(a).item('o2', 's1').delete()],
    ['replace with a stale etag: 412', 412, 0, (a) => orders(a).item('o1', 's1').replace(order('o1'), stale)],
    ['delete with a stale etag: 412', 412, 0, (a) => orders(a).item('o1', 's1').delete(stale)],
    ['upsert with a stale etag: 412', 412, 0, (a) => orders(a).items.upsert(order('o1'), stale)],
    ['an item over 2 MB: 413', 413, 0, (a) => orders(a).items.create(sized(2 * 1024 * 1024 + 1, order('o2')))],
    [
      'another partition key than the header says: 400/1001',
      400,
      1001,
      (a) => orders(a).item('o1', 's1').replace({ id: 'o1', shopperId: 's2' }),
    ],
    ['an id over 1,023 bytes: 400', 400, 0, (a) => orders(a).items.create(order('x'.repeat(1024)))],
    ['a ttl of 0: 400', 400, 0, (a) => orders(a).items.create(order('o2', { ttl: 0 }))],
    [
      'a patch of what is not there: 400',
      400,
      0,
      (a) =>
        orders(a)
          .item('o1', 's1')
          .patch([{ op: 'replace', path: '/nope', value: 1 }]),
    ],
    [
      'eleven patches at once: 400',
      400,
      0,
      (a) =>
        orders(a)
          .item('o1', 's1')
          .patch(Array(11).fill({ op: 'incr', path: '/totalCents', value: 1 })),
    ],
    ['a container that is not there: 404/1003', 404, 1003, (a) => a.container('nope').items.create({ id: 'x' })],
  ];
  it.each(rows)('%s', async (_, code, substatus, act) => {
    const { account } = await withOrder();
    const seen = await failure(act(account));
    expect({ code: seen.code, substatus: Number(seen.substatus ?? 0) }).toEqual({ code, substatus });
    expect(seen.message.length).toBeGreaterThan(10);
    expect((await orders(account).item('o1', 's1').read()).resource?.totalCents).toBe(5);
  });

  it('takes an item of exactly 2 MB', async () => {
    const { account } = await withOrder();
    expect((await orders(account).items.create(sized(2 * 1024 * 1024, order('o2')))).statusCode).toBe(201);
  });

  it('refuses another key than the account key: 401', async () => {
    const { account } = await withOrder();
    const stranger = account.container('orders', 'westeurope', { key: Buffer.from('another').toString('base64') });
    expect((await failure(stranger.item('o1', 's1').read())).code).toBe(401);
  });
});

describe('documents: patch operations', () => {
  // learn.microsoft.com/azure/cosmos-db/partial-document-update
  const rows: [string, object, object][] = [
    ['add a property', { op: 'add', path: '/note', value: 'n' }, { note: 'n', list: [1, 2], n: 1 }],
    ['add into an array', { op: 'add', path: '/list/1', value: 9 }, { list: [1, 9, 2], n: 1 }],
    ['append to an array', { op: 'add', path: '/list/-', value: 9 }, { list: [1, 2, 9], n: 1 }],
    ['set', { op: 'set', path: '/n', value: 'x' }, { list: [1, 2], n: 'x' }],
    ['replace', { op: 'replace', path: '/list/0', value: 9 }, { list: [9, 2], n: 1 }],
    ['remove', { op: 'remove', path: '/list/0' }, { list: [2], n: 1 }],
    ['increment', { op: 'incr', path: '/n', value: -3 }, { list: [1, 2], n: -2 }],
  ];
  it.each(rows)('%s', async (_, operation, expected) => {
    const { account } = await withOrder({ list: [1, 2], n: 1 });
    const { resource } = await orders(account)
      .item('o1', 's1')
      .patch([operation as never]);
    const { totalCents: _total, id: _id, shopperId: _shopper, ...rest } = resource as Record<string, unknown>;
    expect(Object.fromEntries(Object.entries(rest).filter(([name]) => !name.startsWith('_')))).toEqual(expected);
  });
});

describe('documents: transactional batch', () => {
  // learn.microsoft.com/azure/cosmos-db/transactional-batch
  it('commits all operations of one partition', async () => {
    const { account } = await withOrder();
    const batch = await orders(account).items.batch(
      [
        { operationType: 'Create', resourceBody: order('o2') },
        { operationType: 'Replace', id: 'o2', resourceBody: order('o2', { totalCents: 7 }) },
        { operationType: 'Delete', id: 'o1' },
      ],
      's1',
    );
    expect(batch.result?.map(({ statusCode }) => statusCode)).toEqual([201, 200, 204]);
    expect((await orders(account).item('o2', 's1').read()).resource?.totalCents).toBe(7);
    expect((await orders(account).item('o1', 's1').read()).statusCode).toBe(404);
  });

  it('drops all of them when one fails, others 424', async () => {
    const { account } = await withOrder();
    const batch = await orders(account).items.batch(
      [
        { operationType: 'Create', resourceBody: order('o2') },
        { operationType: 'Create', resourceBody: order('o1') },
        { operationType: 'Delete', id: 'o1' },
      ],
      's1',
    );
    expect(batch.code).toBe(207);
    expect(batch.result?.map(({ statusCode }) => statusCode)).toEqual([424, 409, 424]);
    expect((await orders(account).item('o2', 's1').read()).statusCode).toBe(404);
  });
});

describe('documents: time to live', () => {
  // learn.microsoft.com/azure/cosmos-db/time-to-live
  const rows: [string, { container: string; ttl?: number }, number, number][] = [
    ["an item's ttl ends it", { container: 'orders', ttl: 10 }, 9_999, 200],
    ["an item's ttl ends it, to the second", { container: 'orders', ttl: 10 }, 10_000, 404],
    ['without one it stays, where the default is -1', { container: 'orders' }, 10 ** 10, 200],
    ['-1 stays for ever', { container: 'short', ttl: -1 }, 10 ** 10, 200],
    ["the container's default ends it", { container: 'short' }, 5_000, 404],
    ['an item outlives the default with a longer ttl', { container: 'short', ttl: 60 }, 5_000, 200],
    ['a ttl means nothing where the container has none', { container: 'events', ttl: 1 }, 10 ** 10, 200],
  ];
  it.each(rows)('%s', async (_, { container: id, ttl }, afterMs, status) => {
    const account = await startAccount();
    account.cosmos.createContainers('shop', [{ id: 'short', partitionKey: '/id', defaultTtl: 5 }]);
    const container = account.container(id);
    const item = { id: 'i1', shopperId: 'i1', ...(ttl === undefined ? {} : { ttl }) };
    await container.items.create(item);
    account.advance(afterMs);
    const { resources } = await container.items.query('SELECT * FROM c', { partitionKey: 'i1' }).fetchAll();
    expect((await container.item('i1', 'i1').read()).statusCode).toBe(status);
    expect(resources).toHaveLength(status === 200 ? 1 : 0);
  });

  it('lets an expired id be created again, and frees what expired', async () => {
    const account = await startAccount();
    await orders(account).items.create(order('o1', { ttl: 1 }));
    account.advance(1_000);
    expect((await orders(account).items.create(order('o1', { ttl: 1 }))).statusCode).toBe(201);
    account.advance(61_001);
    expect(account.cosmos.snapshot().containers.find(({ container }) => container === 'orders')?.documents).toBe(0);
  });
});
