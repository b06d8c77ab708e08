import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startContoso } from '../../../fixtures/contoso/contoso.ts';
import { loadEnvironment } from '../../../fixtures/environments/load.ts';
import type { Environment } from '../../../fixtures/environments/schema.ts';
import { contosoOptionsOf } from '../../../scripts/local-store.ts';
import { soon } from '../../support/soon.ts';
import { startTestStore, type TestAnswer, type TestStore } from '../../support/store.ts';

/** A third stamp in an old region, and a fourth that takes no share of the global traffic. */
const withMoreStamps = (environment: Environment): Environment => {
  const [first] = environment.stamps;
  const [plan] = environment.plans;
  if (!first || !plan) throw new Error('local.json has no stamp');
  const stamps = [
    ...environment.stamps,
    { ...first, name: 'westeurope-green', slots: [], plan: 'plan-green' },
    { ...first, name: 'westeurope-dark', slots: [], plan: 'plan-green', role: 'standby' as const },
  ];
  return {
    ...environment,
    stamps,
    plans: [...environment.plans, { ...plan, name: 'plan-green', sku: 'B1' as const, instances: 1, autoscale: undefined }],
  };
};

let store: TestStore;
let startedInCpuMs: number;
const servedBy = ({ headers }: TestAnswer) =>
  ['region', 'stamp', 'slot', 'instance', 'build'].map((name) => headers[`x-contoso-${name}`]);
const global = () => store.contoso.globalUrl ?? '';

beforeAll(async () => {
  const before = process.cpuUsage();
  store = await startTestStore({ timeScale: 600, change: withMoreStamps });
  const { user, system } = process.cpuUsage(before);
  startedInCpuMs = (user + system) / 1_000;
});
afterAll(() => store.close());

describe('a whole local store', () => {
  // CPU, not wall time: other tests run beside this one.
  it('starts in under three seconds', () => expect(startedInCpuMs).toBeLessThan(3_000));

  it('has an endpoint for each stamp and slot, by the name of its target', () => {
    expect(Object.keys(store.contoso.urls).sort()).toEqual(
      ['eastus', 'eastus-staging', 'westeurope', 'westeurope-dark', 'westeurope-green', 'westeurope-staging'].sort(),
    );
  });

  it.each([
    ['westeurope', ['westeurope', 'westeurope', undefined]],
    ['eastus', ['eastus', 'eastus', undefined]],
    ['westeurope-staging', ['westeurope', 'westeurope', 'staging']],
    ['westeurope-green', ['westeurope', 'westeurope-green', undefined]],
  ])('says who served at %s', async (target, expected) => {
    const answer = await store.send(`${store.contoso.urls[target]}/api/products`);
    expect(answer.status).toBe(200);
    expect(servedBy(answer).slice(0, 3)).toEqual(expected);
    expect(servedBy(answer)[3]).toMatch(/^plan-/);
    expect(servedBy(answer)[4]).toBe('good');
  });

  it('serves the seeded catalogue alike in every region', async () => {
    const [a, b] = await Promise.all(
      ['westeurope', 'eastus'].map((t) => store.send(`${store.contoso.urls[t]}/api/products?pageSize=5`)),
    );
    expect(a?.json).toEqual(b?.json);
    expect(a?.json).toMatchObject({ total: 200, items: [{ id: 'shoe-0001' }, {}, {}, {}, {}] });
  });

  it('spreads a stamp over its instances, and the global endpoint over the active stamps of the near region', async () => {
    const local = await Promise.all(Array.from({ length: 8 }, () => store.send(`${store.contoso.urls.westeurope}/api/products`)));
    expect(new Set(local.map((a) => a.headers['x-contoso-instance'])).size).toBe(2);
    const worldwide = await Promise.all(Array.from({ length: 9 }, () => store.send(`${global()}/api/products`)));
    expect(new Set(worldwide.map((a) => a.headers['x-contoso-stamp']))).toEqual(new Set(['westeurope', 'westeurope-green']));
  });

  it('buys a shoe with a token of its own provider, through Front Door', async () => {
    const headers = { authorization: `Bearer ${await store.token()}`, 'x-shopper-id': 'synthetic-1', 'x-synthetic-test': 'true' };
    const at = `${store.contoso.urls.westeurope}/api`;
    const cart = (await store.send(`${at}/carts`, { method: 'POST', headers, body: {} })).json as { id: string };
    const shoe = (await store.send(`${at}/products/shoe-0001`)).json as { sizes: number[] };
    const item = { productId: 'shoe-0001', size: shoe.sizes[0], quantity: 1 };
    expect((await store.send(`${at}/carts/${cart.id}/items`, { method: 'POST', headers, body: item })).status).toBe(201);
    const order = await store.send(`${at}/orders`, {
      method: 'POST',
      headers: { ...headers, 'idempotency-key': 'key-1' },
      body: { cartId: cart.id },
    });
    expect([order.status, order.json]).toMatchObject([201, { status: 'confirmed', synthetic: true }]);
    const { id } = order.json as { id: string };
    await soon(async () => expect((await store.send(`${global()}/api/orders/${id}`, { headers })).status).toBe(200));
  });

  it('asks for a token where one is needed', async () => {
    expect((await store.send(`${store.contoso.urls.eastus}/api/orders`)).status).toBe(401);
    expect((await store.send(`${global()}/api/me`)).status).toBe(401);
  });

  it.each(['nonsense', 'e30.e30.e30'])('takes a token that is none for no token: %s', async (token) => {
    const headers = { authorization: `Bearer ${token}` };
    expect((await store.send(`${store.contoso.urls.eastus}/api/orders`, { headers })).status).toBe(401);
    const health = await store.send(`${store.contoso.urls.eastus}/api/health`, { headers });
    expect([health.status, health.json]).toEqual([200, { status: 'healthy' }]);
  });

  it('tells its operators what runs', async () => {
    const { json } = await store.admin('GET', '/admin/state');
    expect(json).toMatchObject({
      environment: 'local',
      timeScale: 600,
      stamps: expect.arrayContaining([expect.objectContaining({ name: 'westeurope-dark', role: 'standby', inRotation: true })]),
      frontDoor: { origins: expect.arrayContaining([expect.objectContaining({ name: 'westeurope-dark', enabled: false })]) },
      cosmosAccounts: [expect.objectContaining({ account: 'contoso' })],
    });
    const [weu] = (json as { stamps: { slots: { settings: unknown; instances: { state: string }[] }[] }[] }).stamps;
    expect(weu?.slots[0]?.instances.map((i) => i.state)).toEqual(['warm', 'warm']);
    expect(weu?.slots[0]?.settings).toEqual({ COSMOS_KEY: 'Resolved', PAYMENT_API_KEY: 'Resolved' });
  });
});

describe('faults of the whole store', () => {
  const status = async (target: string, path: string) => (await store.send(`${store.contoso.urls[target]}${path}`)).status;

  it('stay in the stamp that they name', async () => {
    await store.admin('POST', '/admin/faults', {
      kind: 'route',
      stamp: 'westeurope',
      route: 'GET /api/search',
      status: 500,
      seconds: 600,
    });
    expect([await status('westeurope', '/api/search?q=a'), await status('eastus', '/api/search?q=a')]).toEqual([500, 200]);
    expect(await status('westeurope', '/api/products')).toBe(200);
    await store.admin('DELETE', '/admin/faults');
    expect(await status('westeurope', '/api/search?q=a')).toBe(200);
  });

  it('reach Cosmos for the stamp that calls', async () => {
    await store.admin('POST', '/admin/faults', { kind: 'cosmos-reads', stamp: 'eastus', seconds: 600 });
    expect([await status('eastus', '/api/products'), await status('westeurope', '/api/products')]).toEqual([503, 200]);
    await store.admin('DELETE', '/admin/faults');
  });

  it('take a region down, and the global endpoint goes on without a failed request', async () => {
    await store.admin('POST', '/admin/faults', { kind: 'region-down', region: 'eastus', seconds: 600 });
    await expect(status('eastus', '/api/products')).rejects.toThrow();
    const answers = await Promise.all(Array.from({ length: 10 }, () => store.send(`${global()}/api/products`)));
    expect(new Set(answers.map((a) => a.headers['x-contoso-region']))).toEqual(new Set(['westeurope']));
    await store.admin('DELETE', '/admin/faults');
    expect(await status('eastus', '/api/products')).toBe(200);
  });

  it('do not stop a stamp that is out of rotation from answering its own callers', async () => {
    expect((await store.admin('POST', '/admin/stamps/eastus/rotation', { inRotation: false })).status).toBe(200);
    await soon(async () => {
      const { frontDoor } = (await store.admin('GET', '/admin/state')).json as {
        frontDoor: { origins: { name: string; healthy: boolean }[] };
      };
      expect(frontDoor.origins.find((o) => o.name === 'eastus')?.healthy).toBe(false);
    });
    expect(await status('eastus', '/api/health')).toBe(503);
    expect(await status('eastus', '/api/products')).toBe(200);
    await store.admin('POST', '/admin/stamps/eastus/rotation', { inRotation: true });
    expect(await status('eastus', '/api/health')).toBe(200);
  });
});

describe('starting and closing', () => {
  const options = () => {
    const wanted = contosoOptionsOf(loadEnvironment('local', {}));
    return {
      ...wanted,
      controlPort: 0,
      globalPort: 0,
      stamps: wanted.stamps.map((s) => ({ ...s, port: 0, slots: s.slots.map((slot) => ({ ...slot, port: 0 })) })),
    };
  };
  const occupied = async <T>(act: (port: number) => Promise<T>): Promise<T> => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    return act(port).finally(() => server.close());
  };

  it.each([
    ['local.controlEndpoint', (o: ReturnType<typeof options>, port: number) => ({ ...o, controlPort: port })],
    ['global.endpoint', (o: ReturnType<typeof options>, port: number) => ({ ...o, globalPort: port })],
    [
      'stamps.eastus.endpoint',
      (o: ReturnType<typeof options>, port: number) => ({
        ...o,
        stamps: o.stamps.map((s) => (s.name === 'eastus' ? { ...s, port } : s)),
      }),
    ],
    [
      'stamps.westeurope.slots.staging.endpoint',
      (o: ReturnType<typeof options>, port: number) => ({
        ...o,
        stamps: o.stamps.map((s) => (s.name === 'westeurope' ? { ...s, slots: [{ name: 'staging', port }] } : s)),
      }),
    ],
  ])('says that the port of %s is taken, and leaves nothing running', async (path, change) => {
    await occupied(async (port) => {
      await expect(startContoso(change(options(), port))).rejects.toThrow(`${path}: port ${port} is taken`);
    });
  });

  it('closes soon, whoever keeps a connection, and frees its ports', async () => {
    const contoso = await startContoso(options());
    const before = performance.now();
    await contoso.close();
    // A kept-alive connection would hold it for 75 s.
    expect(performance.now() - before).toBeLessThan(5_000);
    for (const url of [contoso.controlUrl, contoso.globalUrl ?? '', ...Object.values(contoso.urls)])
      await expect(fetch(url)).rejects.toThrow();
  });
});
