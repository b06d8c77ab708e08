import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { catalogue } from '../../fixtures/data/catalogue.ts';

/** What a request gets instead of its proper answer; undefined: the proper one. */
export type Trick = (route: string, requestNumber: number) => { status?: number; delayMs?: number; reset?: boolean } | undefined;

interface TinyShop {
  readonly url: string;
  /** `GET /api/products/{id}` for each request, in order; health and tokens apart. */
  readonly routes: readonly string[];
  /** Path and query of the same requests. */
  readonly paths: readonly string[];
  readonly tokens: number;
  /** How tokens were asked for. */
  readonly tokenPaths: readonly string[];
  close(): Promise<void>;
}

const products = catalogue(1);
type Body = Readonly<Record<string, unknown>>;
interface Held {
  readonly reviews: Map<string, Body>;
  readonly carts: Map<string, Body>;
  readonly orders: Map<string, Body>;
  readonly byKey: Map<string, Body>;
  next: number;
}

/** As much of the store's API as the mix needs, cheap, in one process and over plain http: it measures k6, not the store. */
export async function startTinyShop(trick: Trick = () => undefined): Promise<TinyShop> {
  const held: Held = { reviews: new Map(), carts: new Map(), orders: new Map(), byKey: new Map(), next: 1 };
  const seen = { routes: [] as string[], paths: [] as string[], tokenPaths: [] as string[], tokens: 0 };
  const server = createServer(async (request, response) => {
    const body = await bodyOf(request);
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (url.pathname === '/token') {
      seen.tokens += 1;
      seen.tokenPaths.push(request.url ?? '');
      const { 'x-identity-header': secret } = request.headers;
      if (secret === undefined) return reply(response, 200, { access_token: 'a-token', expires_in: 3600 });
      // A managed identity's, as App Service has it; one that ends soon.
      if (secret !== 'header-secret') return reply(response, 401, {});
      return reply(response, 200, { access_token: 'a-token', expires_on: String(Math.round(Date.now() / 1000) + 30) });
    }
    const { route, id } = routeOf(request.method ?? '', url.pathname);
    if (url.pathname !== '/api/health') {
      seen.routes.push(route);
      seen.paths.push(request.url ?? '');
    }
    const played = trick(route, seen.routes.length);
    if (played?.reset) return request.socket.destroy();
    const key = request.headers['idempotency-key'];
    const [status, json] = played?.status ? [played.status, errorBody] : answerOf({ held, route, id, url, body, key });
    if (played?.delayMs) setTimeout(() => reply(response, status, json), played.delayMs);
    else reply(response, status, json);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    routes: seen.routes,
    paths: seen.paths,
    tokenPaths: seen.tokenPaths,
    get tokens() {
      return seen.tokens;
    },
    close: () => closed(server),
  };
}

const errorBody = { error: { code: 'played', message: 'as the test wants it' } };

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

async function bodyOf(request: IncomingMessage): Promise<Body> {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text.startsWith('{') ? (JSON.parse(text) as Body) : {};
}

function reply(response: ServerResponse, status: number, json: unknown): void {
  if (status === 204) return void response.writeHead(204).end();
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json));
}

/** `/api/carts/cart-7/items` is `POST /api/carts/{id}/items`. */
function routeOf(method: string, path: string): { route: string; id: string } {
  const parts = path.split('/');
  const id = parts[2] === 'me' ? '' : (parts[3] ?? '');
  if (id !== '') parts[3] = '{id}';
  if (parts[5] !== undefined) parts[5] = '{reviewId}';
  return { route: `${method} ${parts.join('/')}`, id };
}

interface Asked {
  readonly held: Held;
  readonly route: string;
  readonly id: string;
  readonly url: URL;
  readonly body: Body;
  readonly key: string | string[] | undefined;
}

const list = (items: readonly unknown[], url: URL) => {
  const page = Number(url.searchParams.get('page') ?? 1);
  const pageSize = Number(url.searchParams.get('pageSize') ?? 20);
  return { items: items.slice((page - 1) * pageSize, page * pageSize), page, pageSize, total: items.length };
};

const answers: Readonly<Record<string, (asked: Asked) => [number, unknown]>> = {
  'GET /api/health': () => [200, { status: 'healthy' }],
  'GET /api/products': ({ url }) => [200, list(products, url)],
  'GET /api/products/{id}': ({ id }) => [200, products.find((product) => product.id === id)],
  'GET /api/search': ({ url }) => {
    const words = (url.searchParams.get('q') ?? '').toLowerCase();
    return [
      200,
      list(
        products.filter((product) => product.searchText.includes(words)),
        url,
      ),
    ];
  },
  'GET /api/products/{id}/reviews': ({ held, url }) => [200, list([...held.reviews.values()].reverse(), url)],
  'POST /api/products/{id}/reviews': ({ held, body }) => [201, made(held, held.reviews, { ...body, synthetic: true })],
  'DELETE /api/products/{id}/reviews/{reviewId}': ({ held, url }) => removed(held.reviews, url.pathname.split('/')[5]),
  'POST /api/carts': ({ held }) => [201, made(held, held.carts, { items: [], totalCents: 0, synthetic: true })],
  'GET /api/carts/{id}': ({ held, id }) => [200, held.carts.get(id)],
  'POST /api/carts/{id}/items': ({ held, id, body }) => {
    const product = products.find((one) => one.id === body.productId);
    const item = { ...body, priceCents: product?.priceCents };
    const cart = { ...held.carts.get(id), items: [item], totalCents: (product?.priceCents ?? 0) * Number(body.quantity) };
    held.carts.set(id, cart);
    return [201, cart];
  },
  'DELETE /api/carts/{id}': ({ held, id }) => removed(held.carts, id),
  'POST /api/orders': ({ held, body, key }) => {
    const placed = held.byKey.get(String(key));
    if (placed) return [200, placed];
    const cart = held.carts.get(String(body.cartId));
    const order = made(held, held.orders, { ...cart, status: 'confirmed', paymentId: 'paid', synthetic: true });
    held.byKey.set(String(key), order);
    return [201, order];
  },
  'GET /api/orders': ({ held, url }) => [200, list([...held.orders.values()].reverse(), url)],
  'GET /api/orders/{id}': ({ held, id }) => [200, held.orders.get(id)],
  'POST /api/orders/{id}/cancel': ({ held, id }) => {
    const order = held.orders.get(id);
    held.orders.delete(id);
    return [200, { ...order, status: 'cancelled' }];
  },
};

function answerOf(asked: Asked): [number, unknown] {
  return answers[asked.route]?.(asked) ?? [404, errorBody];
}

function made(held: Held, into: Map<string, Body>, body: Body): Body {
  const id = `made-${held.next}`;
  held.next += 1;
  const whole = { ...body, id };
  into.set(id, whole);
  return whole;
}

function removed(from: Map<string, Body>, id: string | undefined): [number, unknown] {
  return from.delete(id ?? '') ? [204, undefined] : [404, errorBody];
}
