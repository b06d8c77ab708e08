import { afterEach, describe, expect, it } from 'vitest';
import { type Headers, type Method, real, type Store, startStore, unresolved } from './store.ts';

let store: Store;
afterEach(() => store?.close());

describe('a Cosmos that fails', () => {
  type Row = [kind: string, method: Method, path: string, who: Headers, body: unknown, status: number, code: string | undefined];
  const rows: Row[] = [
    ['cosmos-reads', 'GET', '/api/products', {}, undefined, 503, 'cosmos_unavailable'],
    ['cosmos-reads', 'GET', '/api/orders', real(), undefined, 503, 'cosmos_unavailable'],
    ['cosmos-reads', 'POST', '/api/carts', real(), {}, 201, undefined],
    ['cosmos-writes', 'GET', '/api/products', {}, undefined, 200, undefined],
    ['cosmos-writes', 'POST', '/api/carts', real(), {}, 503, 'cosmos_unavailable'],
    ['cosmos-container-missing', 'GET', '/api/search?q=a', {}, undefined, 503, 'cosmos_unavailable'],
    ['cosmos-gone', 'GET', '/api/products/shoe-0001', {}, undefined, 503, 'cosmos_unavailable'],
    ['cosmos-throttling', 'GET', '/api/products/shoe-0001', {}, undefined, 503, 'cosmos_throttled'],
  ];
  it.each(rows)('by %s: %s %s', async (kind, method, path, who, body, status, code) => {
    store = await startStore();
    // Once well, so that what the SDK holds of the account is no excuse.
    await store.send('GET', '/api/products/shoe-0001');
    store.faults.set(kind, { delayMs: undefined });
    const answer = await store.send(method, path, who, body);
    expect([answer.status, answer.json.error?.code]).toEqual([status, code]);
    expect(answer.headers['x-contoso-layer']).toBe(status === 503 ? 'cosmos' : undefined);
    expect(answer.headers['retry-after']).toBe(code === 'cosmos_throttled' ? '1' : undefined);
    expect(answer.headers['x-contoso-throttle-retries']).toBe(code === 'cosmos_throttled' ? '9' : undefined);
    expect(answer.text).not.toContain('127.0.0.1');
  });

  it('is retried through a short throttling, and says how often', async () => {
    store = await startStore();
    let refusals = 0;
    store.cosmos.onOperation(({ statusCode }) => {
      if (statusCode === 429 && ++refusals === 2) store.faults.clear();
    });
    store.faults.set('cosmos-throttling', {});
    const answer = await store.send('GET', '/api/products/shoe-0001');
    expect(answer.status).toBe(200);
    expect(answer.headers['x-contoso-throttle-retries']).toBe('2');
    expect((await store.send('GET', '/api/products/shoe-0001')).headers['x-contoso-throttle-retries']).toBeUndefined();
  });

  it('is reported, not crashed on, when its settings are not resolved', async () => {
    store = await startStore({ settings: { COSMOS_KEY: unresolved, COSMOS_ENDPOINT: 'no url' } });
    const { status, json } = await store.send('GET', '/api/products');
    expect([status, json.error?.code]).toEqual([503, 'cosmos_unavailable']);
  });
});

describe('the request charge', () => {
  type Row = [method: Method, path: string, who: Headers, body?: unknown];
  const rows: Row[] = [
    ['GET', '/api/products', {}],
    ['GET', '/api/products?pageSize=100', {}],
    ['GET', '/api/products/shoe-0001', {}],
    ['GET', '/api/products/shoe-9999', {}],
    ['GET', '/api/search?q=comet', {}],
    ['GET', '/api/carts/none', real()],
    ['POST', '/api/carts', real(), {}],
    ['POST', '/api/products/shoe-0001/reviews', real(), { rating: 1, text: 'bad' }],
  ];
  it.each(rows)('of %s %s is what the database counted', async (method, path, who, body) => {
    store = await startStore();
    const { headers } = await store.send(method, path, who, body);
    const spent = store.operations.reduce((sum, { requestCharge }) => sum + requestCharge, 0);
    expect(spent).toBeGreaterThan(0);
    expect(headers['x-contoso-request-charge']).toBe(spent.toFixed(2));
  });

  it.each(['/api/me', '/openapi.json', '/api/products?page=0', '/api/nothing'])('is absent from %s', async (path) => {
    store = await startStore();
    expect((await store.send('GET', path, real())).headers['x-contoso-request-charge']).toBeUndefined();
  });
});
