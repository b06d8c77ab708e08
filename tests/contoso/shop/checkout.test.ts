import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Behaviour, filledCart, type Headers, products, real, type Store, startStore, synthetic } from './store.ts';

let store: Store;
beforeEach(async () => {
  store = await startStore();
});
afterEach(() => store.close());

const keyed = (who: Headers, key = 'purchase-1'): Headers => ({ ...who, 'idempotency-key': key });
const buy = (who: Headers, cartId: string, key?: string) => store.send('POST', '/api/orders', keyed(who, key), { cartId });
const payments = () => store.outside.sent.filter(({ service }) => service === 'payment');
const stockOf = async (id: string) => Number((await store.send('GET', `/api/products/${id}`)).json.stock);
const price = products[0]?.priceCents ?? 0;

describe('checkout', () => {
  it('pays once, confirms, and shows in the list', async () => {
    const { json, status } = await buy(real(), await filledCart(store, real()));
    expect(status).toBe(201);
    expect(json).toMatchObject({
      status: 'confirmed',
      totalCents: 2 * price,
      currency: 'EUR',
      paymentId: 'pay-1',
      synthetic: false,
    });
    expect(payments()).toHaveLength(1);
    expect(payments()[0]).toMatchObject({
      url: '/payment/payments',
      headers: { authorization: 'Bearer payment-key', 'idempotency-key': json.id },
    });
    expect(JSON.parse(payments()[0]?.body ?? '')).toEqual({
      amountCents: 2 * price,
      currency: 'EUR',
      orderId: json.id,
      synthetic: false,
    });
    expect((await store.send('GET', '/api/orders', real())).json).toMatchObject({ total: 1, items: [json] });
    expect((await store.send('GET', `/api/orders/${json.id}`, real())).json).toEqual(json);
    expect((await store.send('GET', `/api/orders/${json.id}`, real('mallory'))).status).toBe(404);
    expect((await store.send('POST', `/api/orders/${json.id}/cancel`, real('mallory'))).status).toBe(404);
  });

  it('gives the same order for the same key', async () => {
    const cart = await filledCart(store, real());
    const bought = await buy(real(), cart);
    const again = await buy(real(), cart);
    expect([again.status, again.json]).toEqual([200, bought.json]);
    expect(payments()).toHaveLength(1);
  });

  it('makes one order of ten at once', async () => {
    const cart = await filledCart(store, real());
    const all = await Promise.all(Array.from({ length: 10 }, () => buy(real(), cart)));
    expect(new Set(all.map(({ json }) => json.id)).size).toBe(1);
    expect(all.map(({ status }) => status).sort()).toEqual([...Array(9).fill(200), 201]);
    expect(new Set(payments().map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
    expect(await stockOf('shoe-0001')).toBe((products[0]?.stock ?? 0) - 2);
  });

  it('keeps keys of two shoppers apart', async () => {
    const [one, two] = [
      await buy(real('a'), await filledCart(store, real('a'))),
      await buy(real('b'), await filledCart(store, real('b'))),
    ];
    expect([one.status, two.status]).toEqual([201, 201]);
    expect(one.json.id).not.toBe(two.json.id);
  });

  it('finds the payment again after the store failed', async () => {
    const cart = await filledCart(store, real());
    store.faults.set('cosmos-writes', {});
    expect((await buy(real(), cart)).json.error?.code).toBe('cosmos_unavailable');
    store.faults.clear();
    expect((await buy(real(), cart)).status).toBe(201);
    expect(new Set(payments().map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
  });

  it('refuses an empty cart, and one bought already', async () => {
    const { json } = await store.send('POST', '/api/carts', real(), {});
    expect((await buy(real(), String(json.id))).json.error?.code).toBe('cart_empty');
    const cart = await filledCart(store, real());
    await buy(real(), cart, 'first');
    expect((await buy(real(), cart, 'second')).json.error?.code).toBe('cart_empty');
    expect(payments()).toHaveLength(1);
  });

  const failures: [Behaviour, number, string][] = [
    [402, 402, 'payment_refused'],
    [422, 409, 'idempotency_key_reused'],
    [401, 502, 'payment_unavailable'],
    [500, 502, 'payment_unavailable'],
    [503, 502, 'payment_unavailable'],
    [204, 502, 'payment_unavailable'],
    ['reset', 502, 'payment_unavailable'],
  ];
  it.each(failures)('with a payment that answers %s: %i %s, and no order', async (behaviour, status, code) => {
    const cart = await filledCart(store, real());
    store.outside.behaviour.set('payment', behaviour);
    const answer = await buy(real(), cart);
    expect([answer.status, answer.json.error?.code]).toEqual([status, code]);
    expect((await store.send('GET', '/api/orders', real())).json.total).toBe(0);
    store.outside.behaviour.clear();
    expect((await buy(real(), cart)).status).toBe(201);
  });

  it('cancels once and gives the stock back once', async () => {
    const before = await stockOf('shoe-0001');
    const { json } = await buy(real(), await filledCart(store, real()));
    expect(await stockOf('shoe-0001')).toBe(before - 2);
    for (let time = 0; time < 2; time++) {
      const cancelled = await store.send('POST', `/api/orders/${json.id}/cancel`, {
        ...real(),
        'content-type': 'application/json',
      });
      expect([cancelled.status, cancelled.json]).toEqual([200, { ...json, status: 'cancelled' }]);
      expect(await stockOf('shoe-0001')).toBe(before);
    }
  });
});

describe('synthetic data', () => {
  it('is marked, takes no stock, and is gone after a day', async () => {
    const before = await stockOf('shoe-0001');
    const who = synthetic(1);
    const cart = await filledCart(store, who);
    const bought = await buy(who, cart);
    const review = await store.send('POST', '/api/products/shoe-0001/reviews', who, { rating: 3, text: 'ok' });
    for (const { json } of [bought, review]) expect(json.synthetic).toBe(true);
    expect(JSON.parse(payments()[0]?.body ?? '')).toMatchObject({ synthetic: true });
    expect(await stockOf('shoe-0001')).toBe(before);
    expect(['carts', 'orders', 'reviews'].map(store.documents)).toEqual([1, 1, 1]);
    store.pass(23 * 3_600_000);
    expect((await store.send('GET', `/api/orders/${bought.json.id}`, who)).status).toBe(200);
    store.pass(2 * 3_600_000);
    expect((await store.send('GET', `/api/orders/${bought.json.id}`, who)).status).toBe(404);
    expect((await store.send('GET', `/api/carts/${cart}`, who)).status).toBe(404);
    expect((await store.send('GET', '/api/products/shoe-0001/reviews')).json.total).toBe(0);
  });

  it.each([
    ['header alone', { ...real('ada'), 'x-synthetic-test': 'true' }, true],
    ['role alone', (({ 'x-synthetic-test': _, ...rest }) => rest)(synthetic(2)), true],
    ['another value', { ...real('ada'), 'x-synthetic-test': 'false' }, false],
    ['neither', real('ada'), false],
  ] as [string, Headers, boolean][])('by %s', async (_how, who, expected) => {
    const { json } = await store.send('POST', '/api/carts', who, {});
    expect(json.synthetic).toBe(expected);
    store.pass(25 * 3_600_000);
    expect((await store.send('GET', `/api/carts/${json.id}`, who)).status).toBe(expected ? 404 : 200);
  });
});

describe('orders', () => {
  it('list costs the same however many others have', async () => {
    const order = (shopperId: string, n: number) => ({
      id: `order-${n}`,
      shopperId,
      cartId: 'cart-1',
      status: 'confirmed',
      items: [],
      totalCents: n,
      currency: 'EUR',
      paymentId: 'pay-1',
      synthetic: false,
      createdAt: new Date(Date.UTC(2026, 0, 1) + n * 1_000).toISOString(),
    });
    store.cosmos.load(
      'contoso',
      'orders',
      Array.from({ length: 25 }, (_, n) => order('ada', n)),
    );
    const list = () => store.send('GET', '/api/orders?page=2&pageSize=10', real('ada'));
    const alone = await list();
    expect((alone.json.items as unknown as { totalCents: number }[]).map(({ totalCents }) => totalCents)).toEqual([
      14, 13, 12, 11, 10, 9, 8, 7, 6, 5,
    ]);
    expect(alone.json).toMatchObject({ page: 2, pageSize: 10, total: 25 });
    store.cosmos.load(
      'contoso',
      'orders',
      Array.from({ length: 50_000 }, (_, n) => order(`shopper-${n % 500}`, 100 + n)),
    );
    store.operations.length = 0;
    const before = process.cpuUsage();
    const among = await list();
    const { user, system } = process.cpuUsage(before);
    // Milliseconds of CPU, whatever else the machine does; looking at all of them would take seconds.
    expect((user + system) / 1_000).toBeLessThan(500);
    expect(among.json).toEqual(alone.json);
    expect(among.headers['x-contoso-request-charge']).toBe(alone.headers['x-contoso-request-charge']);
    expect(store.operations.every(({ partitionKey }) => partitionKey === '["ada"]')).toBe(true);
  });
});
