import { createHmac } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { startAccount, type TestAccount } from './account.ts';

let account: TestAccount;
const stored = { id: 'o1', shopperId: 's1', list: [1, 2], n: 1 };
beforeEach(async () => {
  account = await startAccount();
  await account.container('orders').items.create(stored);
});

interface Raw {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  /** What is signed; default: what is sent. */
  readonly link?: string;
}

const docs = 'dbs/shop/colls/orders/docs';
const item = `${docs}/o1`;
const key = { 'x-ms-documentdb-partitionkey': '["s1"]' };

/** A request as no SDK sends it, signed like any other. */
async function raw({
  method = 'POST',
  path = docs,
  headers = {},
  body,
  link,
}: Raw): Promise<{ status: number; message: string }> {
  const segments = (link ?? path).split('/');
  const isFeed = segments.length % 2 === 1;
  const date = new Date(0).toUTCString();
  const resource = isFeed ? segments.slice(0, -1).join('/') : segments.join('/');
  const text = `${method.toLowerCase()}\n${(isFeed ? segments.at(-1) : segments.at(-2))?.toLowerCase()}\n${resource}\n${date.toLowerCase()}\n\n`;
  const signature = createHmac('sha256', Buffer.from(account.cosmos.key, 'base64')).update(text).digest('base64');
  const answer = await fetch(`${account.cosmos.endpoints.westeurope}${path}`, {
    method,
    headers: { authorization: encodeURIComponent(`type=master&ver=1.0&sig=${signature}`), 'x-ms-date': date, ...headers },
    ...(body === undefined ? {} : { body }),
  });
  // The SDK reads the message of every answer of 400 and above: there must be one.
  const { message = '' } = (answer.status < 400 ? {} : await answer.json()) as { message?: string };
  return { status: answer.status, message };
}

const query = { ...key, 'x-ms-documentdb-isquery': 'True', 'content-type': 'application/query+json' };
const batch = { ...key, 'x-ms-cosmos-is-batch-request': 'True', 'x-ms-cosmos-batch-atomic': 'True' };
const operations = (count: number) =>
  JSON.stringify(
    Array.from({ length: count }, (_, i) => ({ operationType: 'Create', resourceBody: { id: `b${i}`, shopperId: 's1' } })),
  );

describe('requests that no SDK makes', () => {
  const rows: readonly (readonly [what: string, request: Raw, status: number, message: RegExp])[] = [
    ['a document that is not JSON', { headers: key, body: '{"id":' }, 400, /JSON/],
    ['no document at all', { headers: key }, 400, /PartitionKey/],
    ['a document without an id', { headers: key, body: '{"shopperId":"s1"}' }, 400, /id/],
    ['an id that is a number', { headers: key, body: '{"id":1,"shopperId":"s1"}' }, 400, /id/],
    ['an id with a slash', { headers: key, body: '{"id":"a/b","shopperId":"s1"}' }, 400, /id/],
    ['a query that is not JSON', { headers: query, body: 'SELECT * FROM c' }, 400, /JSON/],
    ['a query without its text', { headers: query, body: '{}' }, 400, /text/],
    ['a query whose text is a number', { headers: query, body: '{"query":1}' }, 400, /text/],
    ['a batch that is no list', { headers: batch, body: '{}' }, 400, /1 to 100/],
    ['an empty batch', { headers: batch, body: '[]' }, 400, /1 to 100/],
    ['a batch of 101', { headers: batch, body: operations(101) }, 400, /1 to 100/],
    ['a batch that is not JSON', { headers: batch, body: '[{' }, 400, /JSON/],
    ['a bulk request', { headers: { ...key, 'x-ms-cosmos-is-batch-request': 'True' }, body: '[]' }, 400, /not imitated/],
    ['a patch that is not JSON', { method: 'PATCH', path: item, headers: key, body: '[' }, 400, /JSON/],
    ['a patch without operations', { method: 'PATCH', path: item, headers: key, body: '{}' }, 400, /1 to 10/],
    ['a patch of nothing', { method: 'PATCH', path: item, headers: key }, 400, /1 to 10/],
    ['a document that is a number', { body: '5' }, 400, /not a JSON object/],
    ['a partition key that is no list', { headers: { 'x-ms-documentdb-partitionkey': 's1' }, body: '{}' }, 400, /no JSON list/],
    ['a partition key that is an object', { headers: { 'x-ms-documentdb-partitionkey': '{}' }, body: '{}' }, 400, /no JSON list/],
    ['a POST on a document', { path: item, headers: key, body: '{}' }, 404, /./],
    ['a document of no container', { path: 'dbs/shop/colls/none/docs', headers: key, body: '{"id":"x"}' }, 404, /./],
    [
      'a range that is gone',
      { headers: { ...query, 'x-ms-documentdb-partitionkeyrangeid': '7' }, body: '{"query":"SELECT * FROM c"}' },
      410,
      /gone/,
    ],
    ['a database to be made', { path: 'dbs', body: '{"id":"new"}' }, 405, /local store itself/],
    ['what there is not', { method: 'GET', path: 'dbs/shop/users' }, 404, /./],
    ['a path that cannot be decoded', { method: 'GET', path: 'dbs/%E0%A4%A' }, 400, /./],
    ['another resource than was signed', { method: 'GET', path: item, headers: key, link: docs }, 401, /signature/],
  ];
  it.each(rows)('%s', async (_what, request, status, message) => {
    const seen = await raw(request);
    expect(seen.status).toBe(status);
    expect(seen.message).toMatch(message);
    const { resource } = await account.container('orders').item('o1', 's1').read();
    expect(resource).toMatchObject(stored);
  });

  it('a batch of exactly 100 is taken', async () => {
    expect((await raw({ headers: batch, body: operations(100) })).status).toBe(200);
  });

  it.each([
    ['', 401],
    ['type=master&ver=1.0', 401],
    ['type=aad&ver=1.0&sig=x', 401],
    ['Bearer x', 401],
    ['type=master&ver=1.0&sig=%%%', 400],
  ])('the authorization %j is refused with %i', async (authorization, status) => {
    expect((await raw({ method: 'GET', path: item, headers: { ...key, authorization } })).status).toBe(status);
  });
});

describe('patches that Cosmos DB refuses', () => {
  // learn.microsoft.com/azure/cosmos-db/partial-document-update
  const rows: readonly (readonly [what: string, operation: object])[] = [
    ['an unknown operation', { op: 'move', path: '/n', value: 1 }],
    ['no operation', { path: '/n', value: 1 }],
    ['no path', { op: 'set', value: 1 }],
    ['a path that does not begin with a slash', { op: 'set', path: 'n', value: 2 }],
    ['the whole document', { op: 'set', path: '/', value: {} }],
    ['a parent that is not there', { op: 'set', path: '/a/b', value: 1 }],
    ['a parent that is a number', { op: 'set', path: '/n/b', value: 1 }],
    ['to replace what is not there', { op: 'replace', path: '/x', value: 1 }],
    ['to remove what is not there', { op: 'remove', path: '/x' }],
    ['to remove beyond an array', { op: 'remove', path: '/list/2' }],
    ['to add beyond an array', { op: 'add', path: '/list/3', value: 1 }],
    ['to add at no index of an array', { op: 'add', path: '/list/x', value: 1 }],
    ['to set beyond an array', { op: 'set', path: '/list/3', value: 1 }],
    ['to increment by a text', { op: 'incr', path: '/n', value: '1' }],
    ['another id', { op: 'set', path: '/id', value: 'o2' }],
    ['to increment a list', { op: 'incr', path: '/list', value: 1 }],
  ];
  it.each(rows)('%s', async (_what, operation) => {
    const body = JSON.stringify([{ op: 'set', path: '/n', value: 99 }, operation]);
    const seen = await raw({ method: 'PATCH', path: item, headers: key, body });
    expect([seen.status, seen.message.length > 10]).toEqual([400, true]);
    // All operations or none.
    expect((await account.container('orders').item('o1', 's1').read()).resource).toMatchObject(stored);
  });

  it.each([
    ['incr makes what is not there', { op: 'incr', path: '/count', value: 2 }, { count: 2 }],
    ['add at the end of an array', { op: 'add', path: '/list/2', value: 3 }, { list: [1, 2, 3] }],
    ['set replaces in an array', { op: 'set', path: '/list/1', value: 9 }, { list: [1, 9] }],
  ])('but %s', async (_what, operation, expected) => {
    expect((await raw({ method: 'PATCH', path: item, headers: key, body: JSON.stringify([operation]) })).status).toBe(200);
    expect((await account.container('orders').item('o1', 's1').read()).resource).toMatchObject(expected);
  });
});
