import tls from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createResources } from '../../../fixtures/contoso/azure/arm/resources.ts';
import { contosoOptionsOf } from '../../../scripts/local-store.ts';
import { soon } from '../../support/soon.ts';
import { startTestStore, type TestAnswer, type TestStore } from '../../support/store.ts';

const frontDoorId = '6f5a1c1e-0000-4000-8000-000000000001';
let store: TestStore;

beforeAll(async () => {
  store = await startTestStore({ timeScale: 600 });
});
afterAll(() => store.close());
afterEach(async () => {
  await store.admin('DELETE', '/admin/faults');
});

const at = (target: string, path: string) => store.send(`${store.contoso.urls[target]}${path}`);
const globally = (path: string) => store.send(`${store.contoso.globalUrl}${path}`);
const act = (verb: string, body: unknown, stamp = 'westeurope') => store.admin('POST', `/admin/stamps/${stamp}/${verb}`, body);
const fault = async (body: Record<string, unknown>) => {
  const answer = await store.admin('POST', '/admin/faults', { seconds: 600, ...body });
  expect(answer.status).toBe(201);
  return () => store.admin('DELETE', `/admin/faults/${(answer.json as { id: string }).id}`);
};
const region = ({ headers }: TestAnswer) => headers['x-contoso-region'];
const build = ({ headers }: TestAnswer) => headers['x-contoso-build'];

interface State {
  readonly stamps: readonly {
    readonly name: string;
    readonly slots: readonly {
      readonly slot: string;
      readonly settings: Readonly<Record<string, string>>;
      readonly instances: readonly { readonly id: string; readonly state: string }[];
      readonly events: readonly { readonly reason: string }[];
    }[];
  }[];
  readonly plans: readonly {
    readonly name: string;
    readonly instances: readonly { readonly id: string; readonly cpuPercent?: number }[];
    readonly autoscale: {
      readonly events: readonly { readonly kind: string; readonly direction: string; readonly reason: string }[];
    };
  }[];
}
const state = async () => (await store.admin('GET', '/admin/state')).json as State;
const slotOf = async (slot: string, stamp = 'westeurope') => {
  const found = (await state()).stamps.find(({ name }) => name === stamp)?.slots.find((each) => each.slot === slot);
  if (!found) throw new Error(`no slot ${slot}`);
  return found;
};
const reasons = async (slot: string) => (await slotOf(slot)).events.map(({ reason }) => reason);
const warm = (slot: string) =>
  soon(async () => expect((await slotOf(slot)).instances.every((each) => each.state === 'warm')).toBe(true));

describe('builds', () => {
  it('are chosen at run time, by slot', async () => {
    expect((await act('deploy', { slot: 'staging', build: 'failing' })).status).toBe(200);
    const answer = await at('westeurope-staging', '/api/search?q=a');
    expect([answer.status, build(answer)]).toEqual([500, 'failing']);
    expect(build(await at('westeurope', '/api/products'))).toBe('good');
    await act('deploy', { slot: 'staging', build: 'good' });
  });

  it.each([
    ['deploy', { build: 'unknown' }, 'known: good, slow'],
    ['deploy', { build: 'slow', slot: 'canary' }, 'allowed: production, staging'],
    ['deploy', {}, 'build'],
    ['settings', { settings: { A: 1 } }, 'settings.A'],
    ['traffic', { slot: 'staging', percent: 101 }, 'percent'],
    ['restart', { slot: 'staging', now: true }, 'now'],
    ['swap', { source: 'staging', target: 'staging' }, 'with itself'],
  ])('%s %o is refused with what is allowed, and changes nothing', async (verb, body, message) => {
    const answer = await act(verb, body);
    expect(answer.status).toBe(400);
    expect(JSON.stringify(answer.json)).toContain(message);
    expect(build(await at('westeurope', '/api/products'))).toBe('good');
  });
});

describe('swapping slots of the whole store', () => {
  const statuses = (value: string | null) =>
    act('settings', {
      slot: 'staging',
      settings: { WEBSITE_SWAP_WARMUP_PING_PATH: '/api/health/instance', WEBSITE_SWAP_WARMUP_PING_STATUSES: value },
    });

  it('drops none of 50 requests a second with a good build', async () => {
    const sent: Promise<TestAnswer>[] = [];
    const timer = setInterval(() => sent.push(at('westeurope', '/api/products/shoe-0001')), 20);
    await soon(() => expect(sent.length).toBeGreaterThan(15));
    const swapped = await act('swap', {});
    const during = sent.length;
    await soon(() => expect(sent.length).toBeGreaterThan(during + 30));
    clearInterval(timer);
    const answers = await Promise.all(sent);
    expect(swapped.status).toBe(200);
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    expect(new Set(answers.map(({ headers }) => headers['x-contoso-slot']))).toEqual(new Set([undefined]));
  });

  it('stops a build that fails its health path with the status set, and lets it go live without', async () => {
    await statuses('200');
    await act('deploy', { slot: 'staging', build: 'no-secret' });
    const stopped = await act('swap', {});
    expect([stopped.status, JSON.stringify(stopped.json)]).toEqual([409, expect.stringContaining('answered 503, accepted: 200')]);
    expect(build(await at('westeurope', '/api/products'))).toBe('good');
    await warm('staging');
    await statuses(null);
    expect((await act('swap', {})).status).toBe(200);
    expect(build(await at('westeurope', '/api/products'))).toBe('no-secret');
    // Back by the same swap.
    expect((await act('swap', {})).status).toBe(200);
    expect(build(await at('westeurope', '/api/products'))).toBe('good');
    await act('deploy', { slot: 'staging', build: 'good' });
  });
});

describe('Key Vault denied', () => {
  const literal = /PAYMENT_API_KEY is not resolved \(AccessToKeyVaultDenied\)/;

  it('leaves a new instance its held values', async () => {
    await fault({ kind: 'key-vault-denied', stamp: 'eastus' });
    const end = await fault({ kind: 'instance-crash', stamp: 'eastus' });
    await soon(async () =>
      expect((await slotOf('production', 'eastus')).instances.some((i) => i.state === 'starting')).toBe(true),
    );
    await end();
    await soon(async () => expect((await slotOf('production', 'eastus')).instances.every((i) => i.state === 'warm')).toBe(true));
    const events = (await slotOf('production', 'eastus')).events.map(({ reason }) => reason);
    expect(events).toContain('settings: COSMOS_KEY, PAYMENT_API_KEY from values held since an earlier fetch');
    expect((await at('eastus', '/api/products')).status).toBe(200);
  });

  it('leaves the literal text after a restart: a store without a start-up check serves errors', async () => {
    const end = await fault({ kind: 'key-vault-denied', stamp: 'westeurope', slot: 'staging' });
    await act('restart', { slot: 'staging' });
    expect((await at('westeurope-staging', '/api/products')).status).toBeGreaterThanOrEqual(500);
    expect((await at('westeurope-staging', '/api/health/instance')).status).toBe(503);
    expect((await slotOf('staging')).settings).toMatchObject({ COSMOS_KEY: 'AccessToKeyVaultDenied' });
    expect((await reasons('staging')).some((reason) => literal.test(reason))).toBe(true);
    // The fault's end alone helps nobody: what runs keeps the text until it is restarted.
    await end();
    expect((await at('westeurope-staging', '/api/products')).status).toBeGreaterThanOrEqual(500);
    await act('restart', { slot: 'staging' });
    expect((await at('westeurope-staging', '/api/products')).status).toBe(200);
  });

  it('with a start-up check never serves from that instance', async () => {
    await act('settings', { slot: 'staging', settings: { STARTUP_CHECK: 'true' } });
    const end = await fault({ kind: 'key-vault-denied', stamp: 'westeurope', slot: 'staging' });
    await act('settings', { slot: 'staging', settings: { FEATURE: 'on' } });
    const answer = await at('westeurope-staging', '/api/products');
    expect([answer.status, answer.json]).toMatchObject([503, { error: { code: 'no_instance' } }]);
    expect(await reasons('staging')).toContain('warm-up: start-up check: COSMOS_KEY, PAYMENT_API_KEY not resolved');
    await end();
    await warm('staging');
    expect((await at('westeurope-staging', '/api/products')).status).toBe(200);
  });
});

describe('faults of the platform', () => {
  it('cpu-hog raises the figures until autoscale acts, and its end lets it scale in', async () => {
    const plan = async () => (await state()).plans.find(({ name }) => name === 'plan-eastus');
    const directions = async () =>
      (await plan())?.autoscale.events.filter(({ kind }) => kind === 'ScaleAction').map((event) => event.direction);
    const end = await fault({ kind: 'cpu-hog', stamp: 'eastus', cpuPercent: 85 });
    await soon(async () => expect(await directions()).toContain('Increase'));
    expect((await plan())?.instances.some(({ cpuPercent = 0 }) => cpuPercent >= 85)).toBe(true);
    await end();
    await soon(async () => expect(await directions()).toContain('Decrease'));
  });

  it('region-partitioned cuts a region off from Front Door, while it answers its own callers', async () => {
    const end = await fault({ kind: 'region-partitioned', region: 'westeurope' });
    const first = await globally('/api/products');
    expect([first.status, region(first)]).toEqual([200, 'eastus']);
    expect((await at('westeurope', '/api/products')).status).toBe(200);
    await end();
    await soon(async () => expect(region(await globally('/api/products'))).toBe('westeurope'));
  });

  it.each(['by its time', 'when it is cleared'])(
    'region-partitioned holds back what is written until it ends %s',
    async (how) => {
      const headers = {
        authorization: `Bearer ${await store.token()}`,
        'x-shopper-id': 'synthetic-1',
        'x-synthetic-test': 'true',
      };
      const ends = Date.now() + 2_000;
      const end = await fault({ kind: 'region-partitioned', region: 'westeurope', seconds: how === 'by its time' ? 2 : 600 });
      const carts = () => store.send(`${store.contoso.urls.westeurope}/api/carts`, { method: 'POST', headers, body: {} });
      const cart = await carts();
      const there = async ({ json }: Awaited<ReturnType<typeof carts>>) =>
        (await store.send(`${store.contoso.urls.eastus}/api/carts/${(json as { id: string }).id}`, { headers })).status;
      expect(cart.status).toBe(201);
      if (how !== 'by its time') {
        expect(await there(cart)).toBe(404);
        await new Promise((resolve) => setTimeout(resolve, 500));
        expect(await there(cart)).toBe(404);
        await end();
      }
      await soon(async () => expect(await there(cart)).toBe(200));
      // However late a busy machine looks: not there before its time.
      if (how === 'by its time') expect(Date.now()).toBeGreaterThanOrEqual(ends - 50);
      const next = await carts();
      await soon(async () => expect(await there(next)).toBe(200));
    },
  );

  it('cosmos-database-missing fails every read and write, until it ends', async () => {
    const end = await fault({ kind: 'cosmos-database-missing', region: 'eastus' });
    expect((await at('eastus', '/api/products')).status).toBeGreaterThanOrEqual(500);
    expect((await at('westeurope', '/api/products')).status).toBe(200);
    await end();
    expect((await at('eastus', '/api/products')).status).toBe(200);
  });

  it('health-check-failing fails the health checks of a place alone', async () => {
    const end = await fault({ kind: 'health-check-failing', stamp: 'eastus' });
    expect([(await at('eastus', '/api/health')).status, (await at('eastus', '/api/products')).status]).toEqual([503, 200]);
    await end();
    expect((await at('eastus', '/api/health')).status).toBe(200);
  });
});

describe('certificates', () => {
  const dayMs = 24 * 3_600_000;
  /** Days until the certificate ends, or why it is refused. */
  const daysLeft = (url: string) =>
    new Promise<number | string>((resolve) => {
      const socket = tls.connect({ host: 'localhost', port: Number(new URL(url).port), ca: store.contoso.ca }, () => {
        resolve(Math.round((new Date(socket.getPeerCertificate().valid_to).getTime() - Date.now()) / dayMs));
        socket.destroy();
      });
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    });

  it.each([
    ['certificate-expiring', 7],
    ['certificate-expired', 'CERT_HAS_EXPIRED'],
  ])('%s shows at the endpoints it names, until it ends', async (kind, expected) => {
    const here = () => daysLeft(store.contoso.urls.eastus ?? '');
    const there = () => daysLeft(store.contoso.urls.westeurope ?? '');
    const end = await fault({ kind, stamp: 'eastus' });
    expect([await here(), await there()]).toEqual([expected, 90]);
    await end();
    expect(await here()).toBe(90);
  });

  it('end everywhere without a place, at the global endpoint too', async () => {
    await fault({ kind: 'certificate-expired' });
    expect(await daysLeft(store.contoso.globalUrl ?? '')).toBe('CERT_HAS_EXPIRED');
  });
});

describe('a stamp locked to its Front Door', () => {
  it('takes requests with the right X-Azure-FDID alone', async () => {
    const locked = await startTestStore({
      timeScale: 600,
      change: (environment) => ({
        ...environment,
        stamps: environment.stamps.slice(0, 1).map((stamp) => ({ ...stamp, headers: { 'X-Azure-FDID': frontDoorId } })),
        cosmosAccounts: environment.cosmosAccounts.map((account) => ({ ...account, regions: ['westeurope'] })),
      }),
    });
    try {
      const direct = (headers: Record<string, string>) =>
        locked.send(`${locked.contoso.urls.westeurope}/api/products`, { headers }).then(({ status }) => status);
      expect(await direct({})).toBe(403);
      expect(await direct({ 'x-azure-fdid': 'another' })).toBe(403);
      expect(await direct({ 'x-azure-fdid': frontDoorId })).toBe(200);
      expect((await locked.send(`${locked.contoso.globalUrl}/api/products`)).status).toBe(200);
      // Its probes get through, more than the sample that decides; the state shows the last minutes alone, so they are gathered.
      const probed = new Map<string, { readonly count?: number; readonly minimum?: number }>();
      await soon(async () => {
        const { metrics } = (await locked.admin('GET', '/admin/state')).json as {
          metrics: Record<string, Record<string, readonly { timeStamp: string; count?: number; minimum?: number }[]>>;
        };
        const { id } = createResources(contosoOptionsOf(locked.environment)).frontDoor;
        for (const bucket of metrics[id]?.OriginHealthPercentage ?? []) probed.set(bucket.timeStamp, bucket);
        expect([...probed.values()].reduce((sum, { count = 0 }) => sum + count, 0)).toBeGreaterThan(4);
      });
      expect([...probed.values()].map(({ minimum = 100 }) => minimum)).toEqual([...probed].map(() => 100));
    } finally {
      await locked.close();
    }
  });
});
