import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { request } from 'undici';
import { startCosmos } from '../../../fixtures/contoso/azure/cosmos/cosmos.ts';
import type { CosmosOperation } from '../../../fixtures/contoso/azure/cosmos/types.ts';
import type { FaultInForce, ServedBy, TelemetryItem, World } from '../../../fixtures/contoso/azure/ports.ts';
import { createShop, type ShopOptions } from '../../../fixtures/contoso/shop/app.ts';
import { containers } from '../../../fixtures/contoso/shop/containers.ts';
import { catalogue } from '../../../fixtures/data/catalogue.ts';

const region = 'westeurope';
export const servedBy: ServedBy = { region, stamp: 'weu-1', instance: 'i-1', build: '1.2.3' };
const seed = 7;
export const products = catalogue(seed);
export const unresolved = '@Microsoft.KeyVault(VaultName=contoso-westeurope;SecretName=payment-api-key)';

/** What the outside answers: by service a status, 'hang' or 'reset'; 200 or 201 where nothing is said. */
export type Service = 'identity' | 'vault' | 'registry' | 'payment' | 'payment-health';
export type Behaviour = number | 'hang' | 'reset';

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  readonly json: Json;
}

/** A body as a test reads it: what is not there is undefined, and the assertion says so. */
interface Json {
  readonly [key: string]: Json;
}

interface Sent {
  readonly service: Service;
  readonly headers: IncomingMessage['headers'];
  readonly url: string;
  readonly body: string;
}

async function listen(handler: RequestListener): Promise<{ url: string; server: Server }> {
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

async function shut(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}

const answers: Readonly<Record<Service, { status: number; body: unknown }>> = {
  identity: {
    status: 200,
    body: { access_token: 'token-of-the-app', expires_on: String(Math.floor(Date.now() / 1_000) + 86_400) },
  },
  vault: { status: 200, body: { value: 'secret' } },
  registry: { status: 200, body: {} },
  payment: { status: 201, body: { id: 'pay-1', status: 'authorised' } },
  'payment-health': { status: 200, body: { status: 'ok' } },
};

const serviceOf = (url: string): Service => {
  const [, first = ''] = url.split(/[/?]/);
  return url === '/payment/health' ? 'payment-health' : (first as Service);
};

/** Identity, vault, registry and payment on one port, each misbehaving as told. */
async function startOutside() {
  const sent: Sent[] = [];
  const behaviour = new Map<Service, Behaviour>();
  const { url, server } = await listen(async (req, res) => {
    let body = '';
    for await (const chunk of req) body += chunk;
    const service = serviceOf(req.url ?? '');
    sent.push({ service, headers: req.headers, url: req.url ?? '', body });
    const told = behaviour.get(service);
    if (told === 'hang') return;
    if (told === 'reset') return void res.socket?.destroy();
    res.writeHead(told ?? answers[service].status, { 'content-type': 'application/json' });
    res.end(JSON.stringify(answers[service].body));
  });
  return { url, sent, behaviour, close: () => shut(server) };
}

interface StoreOptions extends Partial<Pick<ShopOptions, 'behaviour' | 'servedBy'>> {
  readonly settings?: Readonly<Record<string, string>>;
  readonly ruPerSecond?: number;
}

/** A shop on a real listener, with the Cosmos stand-in behind it and a clock that a test can move. */
export async function startStore({ settings, behaviour, servedBy: by = servedBy, ruPerSecond = 40_000 }: StoreOptions = {}) {
  let skewMs = 0;
  let drawn = 0.5;
  let isClosed = false;
  const world: World = { now: () => Date.now() + skewMs, random: () => drawn, timeScale: 1 };
  const faults = new Map<string, Omit<FaultInForce, 'id'>>();
  const find = (kind: string) => {
    const fault = faults.get(kind);
    return fault && { id: 'f-1', ...fault };
  };
  const account = {
    name: 'test',
    regions: [region],
    mode: 'manual',
    throughput: 'container',
    ruPerSecond,
    multiRegionWrites: false,
  } as const;
  const cosmos = await startCosmos({ account, faults: { find }, world });
  cosmos.createContainers('contoso', containers);
  cosmos.load(
    'contoso',
    'products',
    products.map((product) => ({ ...product })),
  );
  const operations: CosmosOperation[] = [];
  cosmos.onOperation((operation) => operations.push(operation));
  const outside = await startOutside();
  const telemetry: TelemetryItem[] = [];
  const shop = createShop({
    servedBy: by,
    world,
    telemetry: { track: (item) => telemetry.push(item) },
    syntheticHeader: { name: 'x-synthetic-test', value: 'true' },
    settings: {
      COSMOS_ENDPOINT: cosmos.endpoints[region] ?? '',
      COSMOS_KEY: cosmos.key,
      COSMOS_DATABASE: 'contoso',
      KEY_VAULT_URI: `${outside.url}/vault`,
      IDENTITY_ENDPOINT: `${outside.url}/identity`,
      IDENTITY_HEADER: 'only-the-app-knows',
      PAYMENT_URL: `${outside.url}/payment`,
      PAYMENT_API_KEY: 'payment-key',
      REGISTRY_URL: `${outside.url}/registry`,
      ...settings,
    },
    ...(behaviour ? { behaviour } : {}),
  });
  const front = await listen((req, res) => shop.handle(req, res));
  await shop.ready();
  return {
    shop,
    cosmos,
    operations,
    outside,
    telemetry,
    faults,
    pass: (ms: number) => {
      skewMs += ms;
    },
    draw: (value: number) => {
      drawn = value;
    },
    documents: (container: string) => cosmos.snapshot().containers.find((each) => each.container === container)?.documents,
    send: (method: Method, path: string, headers: Headers = {}, body?: unknown) => send(front.url, method, path, headers, body),
    /** Once; a test that starts a second store closes the first itself. */
    async close() {
      if (isClosed) return;
      isClosed = true;
      await shut(front.server);
      await shop.close();
      await outside.close();
      await cosmos.close();
    },
  };
}

export type Store = Awaited<ReturnType<typeof startStore>>;
export type Method = 'GET' | 'HEAD' | 'POST' | 'DELETE' | 'PUT';
export type Headers = Readonly<Record<string, string>>;

async function send(origin: string, method: Method, path: string, headers: Headers, body: unknown): Promise<Answer> {
  const isText = typeof body === 'string';
  const sending = body === undefined ? {} : { body: isText ? body : JSON.stringify(body) };
  const type = body === undefined ? {} : { 'content-type': 'application/json' };
  const answer = await request(`${origin}${path}`, { method, headers: { ...type, ...headers }, ...sending });
  const text = await answer.body.text();
  const isJson = String(answer.headers['content-type']).startsWith('application/json') && text !== '';
  return { status: answer.statusCode, headers: answer.headers, text, json: isJson ? (JSON.parse(text) as Json) : {} };
}

/** What App Service authentication hands to the app. */
export const principal = (id: string, ...roles: string[]): Headers => {
  const claims = [{ typ: 'sub', val: id }, ...roles.map((val) => ({ typ: 'roles', val }))];
  const encoded = Buffer.from(JSON.stringify({ auth_typ: 'aad', claims })).toString('base64');
  return { 'x-ms-client-principal-id': id, 'x-ms-client-principal': encoded };
};

export const synthetic = (number = 1): Headers => ({
  ...principal('synthetic-client', 'Shopper.Synthetic'),
  'x-shopper-id': `synthetic-${number}`,
  'x-synthetic-test': 'true',
});
export const real = (id = 'ada'): Headers => principal(id);
export const healthReader: Headers = principal('monitor', 'Health.Read');

/** A cart with one shoe twice in it. */
export async function filledCart(store: Store, who: Headers, productId = 'shoe-0001'): Promise<string> {
  const id = String((await store.send('POST', '/api/carts', who, {})).json.id);
  const size = products.find((each) => each.id === productId)?.sizes[0];
  await store.send('POST', `/api/carts/${id}/items`, who, { productId, size, quantity: 2 });
  return id;
}
