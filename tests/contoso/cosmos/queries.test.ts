import type { FeedOptions } from '@azure/cosmos';
import { describe, expect, it } from 'vitest';
import { rangeIndexOf } from '../../../fixtures/contoso/azure/cosmos/partitions.ts';
import { compileQuery, parameterValues } from '../../../fixtures/contoso/azure/cosmos/sql.ts';
import { engine } from '../../../fixtures/contoso/azure/cosmos/sql-ast.ts';
import { failure, startAccount } from './account.ts';

const products = Array.from({ length: 30 }, (_, index) => ({
  id: `shoe-${String(index).padStart(2, '0')}`,
  name: index % 3 === 0 ? 'Trail Runner' : 'City Walker',
  category: ['road', 'trail'][index % 2],
  priceCents: 1000 + ((index * 37) % 30) * 100,
  sizes: [40 + (index % 3), 43],
  ...(index % 5 === 0 ? { sale: true } : {}),
}));
const byPrice = [...products].sort((a, b) => a.priceCents - b.priceCents).map(({ id }) => id);
const total = products.reduce((sum, { priceCents }) => sum + priceCents, 0);

async function catalogue(physicalPartitions: number) {
  const account = await startAccount({ physicalPartitions });
  account.cosmos.load('shop', 'products', products);
  account.cosmos.load(
    'shop',
    'orders',
    Array.from({ length: 25 }, (_, n) => ({ id: `o${n}`, shopperId: n < 20 ? 's1' : 's2', createdAt: `2026-01-${10 + n}` })),
  );
  const run = async (container: string, query: string, parameters: Record<string, unknown> = {}, options: FeedOptions = {}) => {
    const named = Object.entries(parameters).map(([name, value]) => ({ name: `@${name}`, value: value as string }));
    return account.container(container).items.query({ query, parameters: named }, options).fetchAll();
  };
  return { account, run };
}

describe('queries: the real SDK over one and over four physical partitions', () => {
  const rows: [string, string, Record<string, unknown>, unknown[], 'in order' | 'any order'][] = [
    ['all', 'SELECT VALUE c.id FROM c', {}, products.map(({ id }) => id), 'any order'],
    [
      'equality',
      'SELECT VALUE c.id FROM c WHERE c.category = @c',
      { c: 'trail' },
      products.filter((p) => p.category === 'trail').map(({ id }) => id),
      'any order',
    ],
    [
      'a search that ignores case',
      'SELECT VALUE c.id FROM c WHERE CONTAINS(c.name, @q, true)',
      { q: 'tRAIL' },
      products.filter((p) => p.name.startsWith('Trail')).map(({ id }) => id),
      'any order',
    ],
    [
      'LOWER and OR',
      'SELECT VALUE c.id FROM c WHERE CONTAINS(LOWER(c.name), @q) OR c.category = @q',
      { q: 'trail' },
      products.filter((p) => p.name.startsWith('Trail') || p.category === 'trail').map(({ id }) => id),
      'any order',
    ],
    ['IN', "SELECT VALUE c.id FROM c WHERE c.id IN ('shoe-01', 'shoe-07', 'none')", {}, ['shoe-01', 'shoe-07'], 'any order'],
    [
      'IS_DEFINED and NOT',
      'SELECT VALUE c.id FROM c WHERE NOT IS_DEFINED(c.sale) AND c.priceCents BETWEEN 1000 AND 1200',
      {},
      products.filter((p) => !('sale' in p) && p.priceCents <= 1200).map(({ id }) => id),
      'any order',
    ],
    [
      'projection',
      "SELECT c.id, c.sizes[0] AS first FROM c WHERE c.id = 'shoe-02'",
      {},
      [{ id: 'shoe-02', first: 42 }],
      'in order',
    ],
    ['ORDER BY', 'SELECT VALUE c.id FROM c ORDER BY c.priceCents', {}, byPrice, 'in order'],
    ['ORDER BY DESC', 'SELECT VALUE c.id FROM c ORDER BY c.priceCents DESC', {}, [...byPrice].reverse(), 'in order'],
    ['OFFSET LIMIT', 'SELECT VALUE c.id FROM c ORDER BY c.priceCents OFFSET 10 LIMIT 5', {}, byPrice.slice(10, 15), 'in order'],
    [
      'OFFSET LIMIT by parameter',
      'SELECT VALUE c.id FROM c ORDER BY c.priceCents OFFSET @o LIMIT @l',
      { o: 28, l: 5 },
      byPrice.slice(28),
      'in order',
    ],
    ['TOP', 'SELECT TOP 3 VALUE c.id FROM c ORDER BY c.priceCents', {}, byPrice.slice(0, 3), 'in order'],
    ['ORDER BY what some lack', 'SELECT VALUE c.sale FROM c ORDER BY c.sale', {}, Array(6).fill(true), 'in order'],
    ['COUNT', 'SELECT VALUE COUNT(1) FROM c', {}, [30], 'in order'],
    ['COUNT of a category', 'SELECT VALUE COUNT(1) FROM c WHERE c.category = @c', { c: 'road' }, [15], 'in order'],
    ['SUM', 'SELECT VALUE SUM(c.priceCents) FROM c', {}, [total], 'in order'],
    ['MAX', 'SELECT VALUE MAX(c.priceCents) FROM c', {}, [3900], 'in order'],
    ['MIN of what some lack', 'SELECT VALUE MIN(c.none) FROM c', {}, [], 'in order'],
    ['MIN', "SELECT VALUE MIN(c.priceCents) FROM c WHERE c.category = 'road'", {}, [1000], 'in order'],
    ['AVG', 'SELECT VALUE AVG(c.priceCents) FROM c', {}, [total / 30], 'in order'],
    ['JOIN', "SELECT VALUE s FROM c JOIN s IN c.sizes WHERE c.id = 'shoe-02'", {}, [42, 43], 'any order'],
    ['DISTINCT', 'SELECT DISTINCT VALUE c.category FROM c', {}, ['road', 'trail'], 'any order'],
    [
      'DISTINCT of objects and lists',
      "SELECT DISTINCT c.name, c.sizes FROM c WHERE c.name = 'Trail Runner'",
      {},
      [{ name: 'Trail Runner', sizes: [40, 43] }],
      'in order',
    ],
    ['DISTINCT in order', 'SELECT DISTINCT VALUE c.category FROM c ORDER BY c.category DESC', {}, ['trail', 'road'], 'in order'],
    ['DISTINCT TOP', 'SELECT DISTINCT TOP 1 VALUE c.category FROM c ORDER BY c.category', {}, ['road'], 'in order'],
    ['DISTINCT of what some lack', 'SELECT DISTINCT VALUE c.sale FROM c', {}, [true], 'in order'],
    ['DISTINCT of a JOIN', 'SELECT DISTINCT VALUE s FROM c JOIN s IN c.sizes', {}, [40, 41, 42, 43], 'any order'],
    ['nothing', "SELECT * FROM c WHERE c.id = 'none'", {}, [], 'in order'],
  ];
  describe.each([1, 4])('%d physical partitions', (partitions) => {
    it.each(rows)('%s', async (_, query, parameters, expected, order) => {
      const { run } = await catalogue(partitions);
      const { resources } = await run('products', query, parameters);
      const text = (values: unknown[]) => (order === 'in order' ? values : [...values].sort());
      expect(text(resources)).toEqual(text(expected));
    });

    it('pages through everything once', async () => {
      const { account } = await catalogue(partitions);
      const pages = account.container('products').items.query('SELECT VALUE c.id FROM c', { maxItemCount: 7 });
      const seen: string[][] = [];
      while (pages.hasMoreResults()) seen.push((await pages.fetchNext()).resources ?? []);
      expect(seen.map(({ length }) => length)).toEqual([7, 7, 7, 7, 2]);
      expect(new Set(seen.flat()).size).toBe(30);
    });

    it('goes on from a continuation token in another client', async () => {
      const { account } = await catalogue(partitions);
      const page = (continuationToken?: string) =>
        account
          .container('products')
          .items.query('SELECT VALUE c.id FROM c', { maxItemCount: 20, ...(continuationToken ? { continuationToken } : {}) })
          .fetchNext();
      const first = await page();
      const second = await page(first.continuationToken);
      expect([first.resources.length, second.resources.length, second.continuationToken]).toEqual([20, 10, undefined]);
      expect(new Set([...first.resources, ...second.resources]).size).toBe(30);
    });
  });
});

describe('queries: within one logical partition', () => {
  it("lists a shopper's orders, newest first, by page", async () => {
    const { account, run } = await catalogue(4);
    const query = 'SELECT VALUE c.id FROM c WHERE c.shopperId = @s ORDER BY c.createdAt DESC OFFSET 5 LIMIT 5';
    const { resources } = await run('orders', query, { s: 's1' }, { partitionKey: 's1' });
    expect(resources).toEqual(['o14', 'o13', 'o12', 'o11', 'o10']);
    const range = String(rangeIndexOf('["s1"]', 4));
    expect(account.operations).toMatchObject([
      { operationType: 'Query', partitionKeyRangeId: range, partitionKey: '["s1"]', statusCode: 200 },
    ]);
  });

  it('sees nothing of other partitions', async () => {
    const { run } = await catalogue(1);
    expect((await run('orders', 'SELECT VALUE COUNT(1) FROM c', {}, { partitionKey: 's2' })).resources).toEqual([5]);
    expect((await run('orders', 'SELECT VALUE COUNT(1) FROM c', {}, { partitionKey: 's3' })).resources).toEqual([0]);
  });

  it('asks one partition where the predicate names the key', async () => {
    const { account, run } = await catalogue(4);
    const { resources, requestCharge } = await run('orders', "SELECT * FROM c WHERE c.createdAt > 'x' AND c.shopperId = @s", {
      s: 's1',
    });
    expect(resources).toEqual([]);
    expect(requestCharge).toBe(2.3);
    expect(account.operations).toMatchObject([{ partitionKeyRangeId: String(rangeIndexOf('["s1"]', 4)) }]);
  });

  it('reads all through the feed', async () => {
    const { account } = await catalogue(4);
    expect((await account.container('orders').items.readAll().fetchAll()).resources).toHaveLength(25);
  });
});

describe('queries: what they cost', () => {
  const rows: [string, number, string, number, number][] = [
    // [rule, physical partitions, query, at least, at most]: minimum for each physical partition, about 1 RU for each item of 1 KB
    ['an empty one asks every physical partition', 4, "SELECT * FROM c WHERE c.category = 'none'", 9.2, 9.2],
    ['thirty small items', 1, 'SELECT * FROM c', 31, 32],
    ['a function has to look at every document', 1, "SELECT * FROM c WHERE CONTAINS(c.name, 'Trail')", 11.77, 11.77],
    ['what OFFSET skips costs a little', 1, 'SELECT * FROM c ORDER BY c.id OFFSET 25 LIMIT 1', 2.87, 2.87],
  ];
  it.each(rows)('%s', async (_, partitions, query, least, most) => {
    const { run } = await catalogue(partitions);
    const { requestCharge } = await run('products', query);
    expect(requestCharge).toBeGreaterThanOrEqual(least);
    expect(requestCharge).toBeLessThanOrEqual(most);
  });
});

describe('queries: what is refused', () => {
  const rows: [string, string, Record<string, unknown>, number, RegExp][] = [
    ['no SQL', 'SELEC * FROM c', {}, 400, /Syntax error/],
    ['GROUP BY', 'SELECT c.category FROM c GROUP BY c.category', {}, 400, /does not imitate GROUP BY, which Cosmos DB has/],
    ['LIKE', "SELECT * FROM c WHERE c.name LIKE 'Trail%'", {}, 400, /does not imitate LIKE/],
    ['a word of a text', "SELEC * FROM c WHERE c.name = 'GROUP BY'", {}, 400, /Syntax error/],
    ['an unknown function', 'SELECT VALUE SHOUT(c.name) FROM c', {}, 400, /cannot run this query: SHOUT is not a function/],
    ['a function of a user', 'SELECT VALUE udf.tax(c.priceCents) FROM c', {}, 400, /cannot run this query: udf.tax is not/],
    ['a LIMIT that is no number', 'SELECT * FROM c OFFSET 0 LIMIT @l', { l: 'x' }, 400, /whole numbers/],
    ['a negative OFFSET', 'SELECT * FROM c OFFSET @o LIMIT 1', { o: -1 }, 400, /whole numbers/],
  ];
  it.each(rows)('%s', async (_, query, parameters, code, message) => {
    const { run } = await catalogue(1);
    const seen = await failure(run('products', query, parameters));
    expect(seen.code).toBe(code);
    expect(seen.message).toMatch(message);
  });

  it('refuses a continuation token that is none', async () => {
    const { run } = await catalogue(1);
    expect(await failure(run('products', 'SELECT * FROM c', {}, { continuationToken: 'nonsense' }))).toMatchObject({ code: 400 });
  });
});

describe('queries: our evaluator answers as the engine does', () => {
  const documents = [
    { id: 'a', n: 1, s: 'x', o: { p: true }, list: [1, 2] },
    { id: 'b', n: 2.5, s: 'Y', o: { p: null } },
    { id: 'c', n: null, s: '', list: [] },
    { id: 'd', n: '1', o: 'none' },
    { id: 'e' },
  ].map((item, index) => ({ ...item, _rid: String(index) }));
  const stored = documents.map((item) => ({
    item,
    etag: '',
    rid: item._rid,
    bytes: 1,
    indexedProperties: 1,
    ts: 0,
    expiresAt: undefined,
    incarnation: 1,
  }));
  const predicates = [
    'c.n = 1',
    'c.n != 1',
    'c.n > 1',
    'c.n <= 2.5',
    'c.n + 1 = 2',
    'c.n % 2 = 1',
    '-c.n = -1',
    'c.o.p',
    'NOT c.o.p',
    'c.o.p = null',
    'c.n = @n',
    'c.s = @s',
    'c.s || "y" = "xy"',
    '(c.n ?? 7) = 7',
    '(c.o.p ? 1 : 2) = 2',
    'c.n = 1 OR c.missing = 1',
    'c.n = 1 AND c.missing = 1',
    'c["s"] = "x"',
    'c.list[1] = 2',
    'c.list = [1, 2]',
    'ARRAY_LENGTH(c.list) = 2',
    'ARRAY_CONTAINS(c.list, 2)',
    'STARTSWITH(c.s, "x")',
    'ENDSWITH(c.s, "Y")',
    'CONTAINS(c.s, "x")',
    'UPPER(c.s) = "X"',
    'LENGTH(c.s) > 0',
    'IS_NULL(c.n)',
    'IS_STRING(c.n)',
    'IS_DEFINED(c.o)',
    'c.n IN (1, 2.5)',

    'NOT (c.n = 1)',
    'c.s > "a"',
    'c.o = {"p": true}',
    'ABS(c.n) = 1',
    'true',
    '1',
  ];
  const parameters = [
    { name: '@n', value: 2.5 },
    { name: '@s', value: 'x' },
  ];
  it.each(predicates)('WHERE %s', (predicate) => {
    const sql = `SELECT VALUE c.id FROM c WHERE ${predicate}`;
    const query = compileQuery(sql);
    const values = parameterValues(parameters);
    const ours = query
      .rows(
        stored.filter((each) => query.matches(each, values)),
        values,
        false,
      )
      .map(({ value }) => value);
    expect(ours).toEqual(engine.default(sql).exec(documents, { parameters }).result);
  });
});
