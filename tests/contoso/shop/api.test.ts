import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { routes } from '../../../fixtures/contoso/shop/routes.ts';
import { filledCart, type Headers, type Method, principal, products, real, type Store, startStore, synthetic } from './store.ts';

let store: Store;
beforeAll(async () => {
  store = await startStore();
});
afterAll(() => store.close());

const anyone: Headers = {};
const first = products[0];
const size = first?.sizes[0];

describe('routes', () => {
  type Row = [method: Method, path: string, who: Headers, body: unknown, status: number, code?: string];
  const long = 'x'.repeat(2_001);
  const rows: Row[] = [
    ['GET', '/api/products', anyone, undefined, 200],
    ['GET', '/api/products?page=2&pageSize=100', anyone, undefined, 200],
    ['GET', '/api/products?page=0', anyone, undefined, 400, 'invalid_request'],
    ['GET', '/api/products?page=-1', anyone, undefined, 400, 'invalid_request'],
    ['GET', '/api/products?page=1.5', anyone, undefined, 400, 'invalid_request'],
    ['GET', '/api/products?page=1e2', anyone, undefined, 400, 'invalid_request'],
    ['GET', '/api/products?page=1&page=2', anyone, undefined, 400, 'invalid_request'],
    ['GET', '/api/products?pageSize=0', anyone, undefined, 400, 'invalid_request'],
    ['GET', '/api/products?pageSize=1', anyone, undefined, 200],
    ['GET', '/api/products?pageSize=101', anyone, undefined, 400, 'invalid_request'],
    ['GET', '/api/products/shoe-0001', anyone, undefined, 200],
    ['GET', '/api/products/shoe-9999', anyone, undefined, 404, 'product_not_found'],
    ['GET', '/api/search?q=comet', anyone, undefined, 200],
    ['GET', '/api/search', anyone, undefined, 400, 'invalid_request'],
    ['GET', '/api/search?q=', anyone, undefined, 400, 'invalid_request'],
    ['GET', '/api/search?q=%20', anyone, undefined, 400, 'invalid_request'],
    ['GET', '/api/products/shoe-0001/reviews', anyone, undefined, 200],
    ['POST', '/api/products/shoe-0001/reviews', real(), { rating: 5, text: 'good' }, 201],
    ['POST', '/api/products/shoe-0001/reviews', anyone, { rating: 5, text: 'good' }, 401, 'unauthorized'],
    ['POST', '/api/products/shoe-9999/reviews', real(), { rating: 5, text: 'good' }, 404, 'product_not_found'],
    ['POST', '/api/products/shoe-0001/reviews', real(), { rating: 0, text: 'good' }, 400, 'invalid_request'],
    ['POST', '/api/products/shoe-0001/reviews', real(), { rating: 6, text: 'good' }, 400, 'invalid_request'],
    ['POST', '/api/products/shoe-0001/reviews', real(), { rating: 5, text: ' ' }, 400, 'invalid_request'],
    ['POST', '/api/products/shoe-0001/reviews', real(), { rating: 5, text: long }, 400, 'invalid_request'],
    ['POST', '/api/products/shoe-0001/reviews', real(), { rating: 5, text: 'good', x: 1 }, 400, 'invalid_request'],
    ['POST', '/api/products/shoe-0001/reviews', real(), '{"rating":', 400, 'invalid_request'],
    ['POST', '/api/products/shoe-0001/reviews', real(), undefined, 400, 'invalid_request'],
    ['DELETE', '/api/products/shoe-0001/reviews/review-0', real(), undefined, 404, 'review_not_found'],
    ['GET', '/api/me', real(), undefined, 200],
    ['GET', '/api/me', anyone, undefined, 401, 'unauthorized'],
    ['GET', '/api/me', principal('client', 'Shopper.Synthetic'), undefined, 403, 'shopper_not_synthetic'],
    ['GET', '/api/me', { ...synthetic(), 'x-shopper-id': 'ada' }, undefined, 403, 'shopper_not_synthetic'],
    ['GET', '/api/me', { ...synthetic(), 'x-shopper-id': 'synthetic-/../x' }, undefined, 403, 'shopper_not_synthetic'],
    ['GET', '/api/me/reviews', real(), undefined, 200],
    ['GET', '/api/me/reviews', anyone, undefined, 401, 'unauthorized'],
    ['POST', '/api/carts', real(), {}, 201],
    ['POST', '/api/carts', real(), '', 201],
    ['POST', '/api/carts', real(), { items: [] }, 400, 'invalid_request'],
    ['POST', '/api/carts', anyone, {}, 401, 'unauthorized'],
    ['GET', '/api/carts', real(), undefined, 200],
    ['GET', '/api/carts', anyone, undefined, 401, 'unauthorized'],
    ['GET', '/api/carts/cart-0', real(), undefined, 404, 'cart_not_found'],
    ['DELETE', '/api/carts/cart-0', real(), undefined, 404, 'cart_not_found'],
    ['POST', '/api/carts/cart-0/items', real(), { productId: 'shoe-0001', size, quantity: 1 }, 404, 'cart_not_found'],
    ['POST', '/api/orders', real(), { cartId: 'cart-0' }, 400, 'invalid_request'],
    ['POST', '/api/orders', { ...real(), 'idempotency-key': 'k' }, { cartId: 'cart-0' }, 404, 'cart_not_found'],
    ['POST', '/api/orders', { ...real(), 'idempotency-key': 'k' }, {}, 400, 'invalid_request'],
    ['POST', '/api/orders', { 'idempotency-key': 'k' }, { cartId: 'cart-0' }, 401, 'unauthorized'],
    ['GET', '/api/orders', real(), undefined, 200],
    ['GET', '/api/orders?pageSize=x', real(), undefined, 400, 'invalid_request'],
    ['GET', '/api/orders/order-0', real(), undefined, 404, 'order_not_found'],
    ['POST', '/api/orders/order-0/cancel', real(), undefined, 404, 'order_not_found'],
    ['GET', '/openapi.json', anyone, undefined, 200],
    ['GET', '/api/health', anyone, undefined, 200],
    ['HEAD', '/api/health', anyone, undefined, 200],
    ['GET', '/api/health/instance', anyone, undefined, 200],
    ['HEAD', '/api/health/instance', anyone, undefined, 200],
    ['GET', '/api/nothing', anyone, undefined, 404, 'not_found'],
    ['PUT', '/api/products', anyone, {}, 404, 'not_found'],
  ];

  it.each(rows)('%s %s by %j with %j answers %i', async (method, path, who, body, status, code) => {
    const answer = await store.send(method, path, who, body);
    expect([answer.status, answer.json.error?.code]).toEqual([status, code]);
    if (method === 'HEAD') expect(answer.text).toBe('');
    expect(answer.headers).toMatchObject({
      'x-contoso-region': 'westeurope',
      'x-contoso-stamp': 'weu-1',
      'x-contoso-instance': 'i-1',
      'x-contoso-build': '1.2.3',
    });
    expect(answer.headers['x-contoso-slot']).toBeUndefined();
  });

  it('is all covered by the rows above', () => {
    const matches = (path: string) => new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`);
    const missed = routes.filter((r) => !rows.some(([m, p]) => m === r.method && matches(r.path).test(p.split('?')[0] ?? '')));
    expect(missed).toEqual([]);
  });

  it('says every fault of a request at once', async () => {
    const { json } = await store.send('GET', '/api/search?page=0&pageSize=101');
    for (const place of ['query.q', 'query.page', 'query.pageSize']) expect(String(json.error?.message)).toContain(place);
  });
});

describe('catalogue', () => {
  it('pages through every shoe once, in order', async () => {
    const seen: unknown[] = [];
    for (let page = 1; page <= 3; page++) {
      const { json } = await store.send('GET', `/api/products?page=${page}&pageSize=90`);
      expect(json).toMatchObject({ page, pageSize: 90, total: 200 });
      seen.push(...(json.items as unknown as { id: string }[]).map(({ id }) => id));
    }
    expect(seen).toEqual(products.map(({ id }) => id));
  });

  it.each([
    ['/api/products?pageSize=100&category=boots', ({ category }: (typeof products)[number]) => category === 'boots'],
    ['/api/products?pageSize=100&category=none', () => false],
    ['/api/search?pageSize=100&q=FABRIKAM', ({ brand }: (typeof products)[number]) => brand === 'Fabrikam'],
    ['/api/search?pageSize=100&q=sandal', ({ category }: (typeof products)[number]) => category === 'sandals'],
    ['/api/search?pageSize=100&q=ridge', ({ name }: (typeof products)[number]) => name.includes('Ridge')],
    ["/api/search?pageSize=100&q=o'brien%22", () => false],
  ])('%s finds exactly what matches', async (path, isWanted) => {
    const { json } = await store.send('GET', path);
    const wanted = products.filter(isWanted).map(({ id }) => id);
    expect((json.items as unknown as { id: string }[]).map(({ id }) => id)).toEqual(wanted);
    expect(json.total).toBe(wanted.length);
  });

  it('shows a shoe with sizes and no inner fields', async () => {
    const { json } = await store.send('GET', '/api/products/shoe-0001');
    const { catalogue, searchText, ...shown } = first ?? ({} as (typeof products)[number]);
    expect(json).toEqual(shown);
  });
});

describe('shoppers', () => {
  it('review a shoe, see it first, and remove it', async () => {
    const path = '/api/products/shoe-0002/reviews';
    const posted = await store.send('POST', path, real('rita'), { rating: 4, text: 'fits' });
    store.pass(1_000);
    const later = await store.send('POST', path, real('omar'), { rating: 2, text: 'tight' });
    const { json } = await store.send('GET', path);
    expect((json.items as unknown as { id: string }[]).map(({ id }) => id)).toEqual([later.json.id, posted.json.id]);
    expect(json.items?.[1]).toEqual({ ...posted.json, rating: 4, text: 'fits', synthetic: false, productId: 'shoe-0002' });
    const own = await store.send('GET', '/api/me/reviews', real('rita'));
    expect(own.json).toMatchObject({ total: 1, items: [{ id: posted.json.id }] });
    expect((await store.send('DELETE', `${path}/${posted.json.id}`, real('omar'))).status).toBe(404);
    expect((await store.send('DELETE', `${path}/${posted.json.id}`, real('rita'))).status).toBe(204);
    expect((await store.send('DELETE', `${path}/${posted.json.id}`, real('rita'))).status).toBe(404);
  });

  it('fill a cart that others cannot see', async () => {
    const id = await filledCart(store, real('cleo'));
    const { json } = await store.send('GET', `/api/carts/${id}`, real('cleo'));
    expect(json).toEqual({
      id,
      items: [{ productId: 'shoe-0001', name: first?.name, size, quantity: 2, priceCents: first?.priceCents }],
      totalCents: 2 * (first?.priceCents ?? 0),
      currency: 'EUR',
      synthetic: false,
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    });
    for (const method of ['GET', 'DELETE'] as const)
      expect((await store.send(method, `/api/carts/${id}`, real('mallory'))).status).toBe(404);
    expect((await store.send('GET', '/api/carts', real('cleo'))).json).toMatchObject({ total: 1, items: [{ id }] });
    expect((await store.send('DELETE', `/api/carts/${id}`, real('cleo'))).status).toBe(204);
    expect((await store.send('GET', '/api/carts', real('cleo'))).json.total).toBe(0);
  });

  it.each([
    ['size', { productId: 'shoe-0001', size: 99, quantity: 1 }, 400],
    ['quantity 0', { productId: 'shoe-0001', size, quantity: 0 }, 400],
    ['quantity 11', { productId: 'shoe-0001', size, quantity: 11 }, 400],
    ['quantity 10', { productId: 'shoe-0001', size, quantity: 10 }, 201],
    ['fraction', { productId: 'shoe-0001', size, quantity: 1.5 }, 400],
    ['unknown shoe', { productId: 'shoe-9999', size, quantity: 1 }, 404],
    ['text for a number', { productId: 'shoe-0001', size, quantity: '1' }, 400],
  ])('put into the cart: %s', async (_what, body, status) => {
    const cart = await store.send('POST', '/api/carts', real('dan'), {});
    expect((await store.send('POST', `/api/carts/${cart.json.id}/items`, real('dan'), body)).status).toBe(status);
  });

  it('are named the same everywhere, synthetic ones marked', async () => {
    const { json } = await store.send('GET', '/api/me', synthetic(3));
    expect(json).toMatchObject({ shopperId: 'synthetic-3', synthetic: true });
    expect(json.name).toBe((await store.send('GET', '/api/me', synthetic(3))).json.name);
    expect((await store.send('GET', '/api/me', real('ada'))).json).toMatchObject({ shopperId: 'ada', synthetic: false });
  });
});
