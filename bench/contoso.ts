import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Pool } from 'undici';
import { createAuthority } from '../fixtures/contoso/azure/certificate.ts';
import { listen } from '../fixtures/contoso/azure/listener.ts';
import type { StoredOrder } from '../fixtures/contoso/shop/routes/checkout.ts';
import { catalogue } from '../fixtures/data/catalogue.ts';
import { typescript } from '../scripts/typescript.ts';
import { startStore as startBareStore } from '../tests/contoso/shop/store.ts';
import { startTestStore } from '../tests/support/store.ts';
import { collectGarbage } from './own-cpu.ts';
import { type BenchRow, ratioOf, rowOf } from './rows.ts';

/** CPU of the local store, against the same shop with the same Cosmos stand-in, on a bare HTTPS listener. */
interface Served {
  readonly bare: string;
  readonly regional: string;
  readonly global: string;
  /** PEM of both CAs. */
  readonly ca: readonly string[];
  readonly token: string;
}

/** By the journeys' shares, in turn; as many as a second of the store's four cores carries several times over. */
const browsing = [
  ...Array.from({ length: 6 }, (_, i) => `/api/products/shoe-000${i + 1}`),
  '/api/products?page=1',
  '/api/products?page=2',
  '/api/search?q=trail',
  '/api/products/shoe-0001/reviews',
];
const requestsPerRun = 300;
/** Service times are waited for, so many are under way at once; the queue stays short. */
const underWay = 16;
const runs = 7;
/** Node compiles what runs often, at its own pace: after one run a request costs more than twice what it does after eight. */
const warmUps = 8;

export const benchContosoRegional = (): Promise<BenchRow> =>
  compared('local store: CPU of a regional request ÷ without the imitation layers', 'regional', { atMost: 1.5 });

export const benchContosoGlobal = (): Promise<BenchRow> =>
  compared('local store: CPU of a request through Front Door ÷ without the imitation layers', 'global', { atMost: 4 });

/** Requests a second that one core carries: whole checkouts with their writes, and the list of orders. */
export const benchContosoRate = (): Promise<BenchRow> => rated('local store: requests a second on one core, with writes');

/** As many as the fifty synthetic shoppers leave behind in a week: a thousand each, which every list of orders has to sort. */
export const benchContosoOrders = (): Promise<BenchRow> =>
  rated('local store: requests a second on one core, after 50,000 orders', 50_000);

function rated(name: string, orders = 0): Promise<BenchRow> {
  return withStores(async ({ regional, ca, token }, cpuMs) => {
    const pool = new Pool(regional, { connect: { ca: [...ca] }, connections: underWay });
    const rates: number[] = [];
    for (let run = 0; run <= runs; run += 1) {
      const before = await cpuMs();
      const buying = Array.from({ length: buyers }, (_, i) => checkout(pool, token, shopperOf(run * buyers + i)));
      const requests = (await Promise.all(buying)).reduce((sum, count) => sum + count, 0);
      // The first run warms up.
      if (run > 0) rates.push((requests / ((await cpuMs()) - before)) * 1_000);
    }
    await pool.destroy();
    return rowOf(name, 'requests/s', rates, { atLeast: 300 });
  }, orders);
}

const buyers = 12;
const shoppers = 50;
const shopperOf = (turn: number) => `synthetic-${(turn % shoppers) + 1}`;

/** Spread over the shoppers, a second apart. */
function ordersOf(count: number): StoredOrder[] {
  const [shoe] = catalogue(1);
  if (!shoe) throw new Error('the catalogue is empty');
  const { id: productId, name, priceCents, currency, sizes } = shoe;
  const items = [{ productId, name, size: sizes[0] ?? 0, quantity: 1, priceCents }];
  return Array.from({ length: count }, (_, i) => ({
    id: `order-seeded-${i}`,
    shopperId: shopperOf(i),
    cartId: `cart-seeded-${i}`,
    status: 'confirmed' as const,
    items,
    totalCents: priceCents,
    currency,
    paymentId: `pay-seeded-${i}`,
    synthetic: true,
    createdAt: new Date(Date.now() - i * 1_000).toISOString(),
  }));
}

function compared(name: string, side: 'regional' | 'global', goal: { readonly atMost: number }): Promise<BenchRow> {
  return withStores(async (served, cpuMs) => {
    const pools = [served[side], served.bare].map(
      (url) => new Pool(url, { connect: { ca: [...served.ca] }, connections: underWay }),
    );
    const [imitated, bare] = pools.map((pool) => async () => {
      const before = await cpuMs({ collected: true });
      await browse(pool);
      return (await cpuMs()) - before;
    });
    if (!imitated || !bare) throw new Error('two sides are compared');
    for (const pool of pools) for (let turn = 0; turn < warmUps; turn += 1) await browse(pool);
    const row = await ratioOf(name, imitated, bare, goal);
    await Promise.all(pools.map((pool) => pool.destroy()));
    return row;
  });
}

async function browse(pool: Pool): Promise<void> {
  let next = 0;
  const client = async () => {
    while (next < requestsPerRun) {
      const path = browsing[next++ % browsing.length] as string;
      const { statusCode, body } = await pool.request({ path, method: 'GET' });
      await body.dump();
      if (statusCode !== 200) throw new Error(`${path}: ${statusCode}`);
    }
  };
  await Promise.all(Array.from({ length: underWay }, client));
}

/** One shopper's way: look, fill a cart, order it, see the order and the list. Gives the number of requests. */
async function checkout(pool: Pool, token: string, shopper: string): Promise<number> {
  const headers = { authorization: `Bearer ${token}`, 'x-shopper-id': shopper, 'x-synthetic-test': 'true' };
  let sent = 0;
  const send = async (method: 'GET' | 'POST', path: string, body?: unknown, more: Record<string, string> = {}) => {
    sent += 1;
    const json = body === undefined ? {} : { body: JSON.stringify(body) };
    const type = body === undefined ? {} : { 'content-type': 'application/json' };
    const answer = await pool.request({ path, method, headers: { ...headers, ...type, ...more }, ...json });
    const text = await answer.body.text();
    if (answer.statusCode >= 400) throw new Error(`${method} ${path}: ${answer.statusCode} ${text}`);
    return JSON.parse(text) as { id: string; sizes: number[] };
  };
  for (const path of browsing) await send('GET', path);
  const { sizes } = await send('GET', '/api/products/shoe-0001');
  const cart = await send('POST', '/api/carts', {});
  await send('POST', `/api/carts/${cart.id}/items`, { productId: 'shoe-0001', size: sizes[0], quantity: 1 });
  const order = await send('POST', '/api/orders', { cartId: cart.id }, { 'idempotency-key': cart.id });
  await send('GET', `/api/orders/${order.id}`);
  await send('GET', '/api/orders');
  return sent;
}

/** CPU milliseconds so far; `collected`: after the garbage of what came before is gone, which others would pay for. */
type CpuMs = (options?: { readonly collected: boolean }) => Promise<number>;

/** Runs `use` beside both stores in a process of their own, whose CPU it can ask for. */
async function withStores<T>(use: (served: Served, cpuMs: CpuMs) => Promise<T>, orders = 0): Promise<T> {
  const child = fork(__filename, ['serve', String(orders)], { execArgv: [...typescript] });
  try {
    const ended = once(child, 'exit').then(([code]) => Promise.reject(new Error(`the stores ended with ${code}`)));
    const answered = async <A>() => (await Promise.race([once(child, 'message'), ended]))[0] as A;
    const served = await answered<Served>();
    const cpuMs: CpuMs = async (options = { collected: false }) => {
      child.send(options);
      return answered<number>();
    };
    return await Promise.race([use(served, cpuMs), ended]);
  } finally {
    if (child.connected) {
      child.disconnect();
      await once(child, 'exit');
    }
  }
}

async function serve(orders: number): Promise<void> {
  const store = await startTestStore({ documents: { orders: ordersOf(orders) } });
  const bare = await startBareStore();
  const authority = await createAuthority();
  const certificate = await authority.issue();
  const front = await listen({ certificate, port: 0, handle: (req, res) => bare.shop.handle(req, res) });
  process.on('message', ({ collected }: { readonly collected: boolean }) => {
    if (collected) collectGarbage();
    const { user, system } = process.cpuUsage();
    process.send?.((user + system) / 1_000);
  });
  process.once('disconnect', () => void Promise.all([store.close(), front.close(), bare.close()]));
  process.send?.({
    bare: front.url,
    regional: store.contoso.urls.westeurope ?? '',
    global: store.contoso.globalUrl ?? '',
    ca: [store.contoso.ca, authority.ca],
    token: await store.token(),
  } satisfies Served);
}

if (process.argv[2] === 'serve') void serve(Number(process.argv[3]));
