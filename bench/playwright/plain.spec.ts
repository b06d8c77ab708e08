// What a Playwright user would write for the same journeys on the same targets: the same steps, requests and content, by hand.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type APIRequestContext, type APIResponse, expect, request, test } from '@playwright/test';
import type { Environment } from '../../fixtures/environments/schema.ts';

const { stamps, global, auth } = JSON.parse(readFileSync(process.env.TARGET_ENV ?? '', 'utf8')) as Environment;
const targets = [...stamps.flatMap((stamp) => [stamp, ...stamp.slots]), ...(global ? [global] : [])].map(
  ({ endpoint }) => endpoint,
);
const pageSize = 20;

interface Product {
  readonly id: string;
  readonly name: string;
  readonly brand: string;
  readonly category: string;
  readonly priceCents: number;
}
interface List {
  readonly items: Product[];
  readonly total: number;
}

async function fetchToken(): Promise<string> {
  if (auth.kind !== 'client-secret') throw new Error(auth.kind);
  const context = await request.newContext();
  const form = {
    grant_type: 'client_credentials',
    client_id: auth.clientId,
    client_secret: auth.clientSecret,
    scope: auth.scope,
  };
  const { access_token } = (await (await context.post(auth.tokenEndpoint, { form })).json()) as { access_token: string };
  await context.dispose();
  return access_token;
}
let held: Promise<string> | undefined;

async function opened(endpoint: string, act: (get: (path: string, token?: string) => Promise<APIResponse>) => Promise<void>) {
  const context: APIRequestContext = await request.newContext();
  const traceparent = `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01`;
  const headers = { accept: 'application/json', 'user-agent': 'bench', traceparent, 'x-synthetic-test': 'true' };
  const signedIn = (token: string) => ({ ...headers, authorization: `Bearer ${token}`, 'x-shopper-id': 'synthetic-001' });
  const get = (path: string, token?: string) =>
    context.fetch(endpoint + path, { headers: token === undefined ? headers : signedIn(token), timeout: 5_000, maxRedirects: 0 });
  try {
    await act(get);
  } finally {
    await context.dispose();
  }
}

type Get = Parameters<Parameters<typeof opened>[1]>[0];

async function jsonOf<T>(reply: APIResponse): Promise<T> {
  expect(reply.status()).toBe(200);
  return JSON.parse(await reply.text()) as T;
}

async function chooseProduct(get: Get): Promise<Product> {
  const list = async (page: number) => jsonOf<List>(await get(`/api/products?page=${page}&pageSize=${pageSize}`));
  const first = await list(1);
  expect(first.total).toBeGreaterThan(0);
  const wanted = Math.floor(Math.random() * first.total);
  const { items } = wanted < pageSize ? first : await list(Math.floor(wanted / pageSize) + 1);
  const product = items[wanted % pageSize];
  expect(product).toBeDefined();
  return product as Product;
}

async function expectAccount(reply: APIResponse): Promise<void> {
  const account = await jsonOf<{ shopperId: string; name: string; synthetic: boolean }>(reply);
  expect(account.shopperId).toBe('synthetic-001');
  expect(account.name).not.toBe('');
  expect(account.synthetic).toBe(true);
}

for (const endpoint of targets) {
  test.describe(endpoint, () => {
    test('browse', () =>
      opened(endpoint, async (get) => {
        const listed = await test.step('open the catalogue', () => chooseProduct(get));
        await test.step('open a product', async () => {
          const reply = await get(`/api/products/${listed.id}`);
          const product = await jsonOf<Product & { description: string; currency: string; sizes: number[] }>(reply);
          expect(product.id).toBe(listed.id);
          for (const text of [product.name, product.brand, product.description, product.currency]) expect(text).toBeTruthy();
          expect(product.priceCents).toBeGreaterThan(0);
          expect(product.priceCents).toBe(listed.priceCents);
          expect(product.sizes.length).toBeGreaterThan(0);
        });
      }));

    test('search', () =>
      opened(endpoint, async (get) => {
        const find = async (q: string) => jsonOf<List>(await get(`/api/search?q=${encodeURIComponent(q)}&page=1&pageSize=20`));
        const brand = await test.step('learn a brand', async () => (await chooseProduct(get)).brand.toLowerCase());
        await test.step('search for it', async () => {
          const { items } = await find(brand);
          expect(items.length).toBeGreaterThan(0);
          const texts = items.map((item) => [item.name, item.brand, item.category].map((text) => text.toLowerCase()));
          expect(texts.every((all) => all.some((text) => text.includes(brand)))).toBe(true);
        });
        await test.step('search for nonsense', async () => {
          const { items, total } = await find('qqzzxx no such shoe');
          expect(total).toBe(0);
          expect(items.length).toBe(0);
        });
      }));

    test('sign-in', () =>
      opened(endpoint, async (get) => {
        await test.step('stay out', async () => expect((await get('/api/me')).status()).toBe(401));
        await test.step('sign in', async () => expectAccount(await get('/api/me', await fetchToken())));
        await test.step('come back', async () => {
          held ??= fetchToken();
          await expectAccount(await get('/api/me', await held));
        });
      }));

    test('health', () =>
      opened(endpoint, (get) =>
        test.step('ask', async () => {
          const { status } = await jsonOf<{ status: string }>(await get('/api/health'));
          expect(['healthy', 'degraded']).toContain(status);
        }),
      ));
  });
}
