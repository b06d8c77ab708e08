import tls from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FaultKind } from '../../../fixtures/contoso/fault-table.ts';
import { seeded } from '../../../fixtures/data/random.ts';
import { soon } from '../../support/soon.ts';
import { type SendOptions, startTestStore, type TestStore } from '../../support/store.ts';

let skewMs = 0;
const timeScale = 60;
const world = { now: () => performance.timeOrigin + performance.now() + skewMs, random: seeded(1), timeScale };
/** Long enough to see what a fault does; then the clock is moved past its end. */
const faultSeconds = 20;

let store: TestStore;
beforeAll(async () => {
  store = await startTestStore({ timeScale, world });
});
afterAll(() => store.close());

type Look = () => Promise<unknown>;
type Row = readonly [fault: Readonly<Record<string, unknown>>, look: Look, whole: unknown, broken: unknown];

const here = 'eastus';
const urlOf = (target: string, path: string) => `${store.contoso.urls[target]}${path}`;
/** The status, or `no answer`. */
const status =
  (url: () => string, init: () => Promise<SendOptions> | SendOptions = () => ({})) =>
  async () =>
    store.send(url(), await init()).then(
      (answer) => answer.status,
      () => 'no answer',
    );
const get = (path: string, target = here) => status(() => urlOf(target, path));
const products = get('/api/products');

/** As a shopper, whose token is new: tokens end while the clock is moved. */
const asShopper = async (init: SendOptions): Promise<SendOptions> => ({
  ...init,
  headers: { authorization: `Bearer ${await store.token()}`, 'x-shopper-id': 'synthetic-1', 'x-synthetic-test': 'true' },
});
const newCart = status(
  () => urlOf(here, '/api/carts'),
  () => asShopper({ method: 'POST', body: {} }),
);

/** Late: not there a second after it was written in the other region. */
const replication: Look = async () => {
  const written = await store.send(urlOf('westeurope', '/api/carts'), await asShopper({ method: 'POST', body: {} }));
  const read = status(
    () => urlOf(here, `/api/carts/${(written.json as { id: string }).id}`),
    () => asShopper({}),
  );
  const until = performance.now() + 1_000;
  while (performance.now() < until) if ((await read()) === 200) return 'there';
  return 'late';
};

/** What the store itself says of a dependency, for those who may see it. */
const dependency =
  (name: string, target = here): Look =>
  async () => {
    const { json } = await store.send(urlOf(target, '/api/health'), await asShopper({}));
    return (json as { dependencies: { name: string; healthy: boolean }[] }).dependencies.find((each) => each.name === name)
      ?.healthy;
  };

/** Apps hold their identity's token, so that only a new container asks. */
const afterRestart: Look = async () => {
  await store.admin('POST', `/admin/stamps/${here}/restart`, { slot: 'staging' });
  return dependency('key-vault', `${here}-staging`)();
};

const signIn = status(
  () => `${store.contoso.controlUrl}/identity/oauth2/v2.0/token`,
  () => ({ method: 'POST' }),
);
const ingest = status(
  () => `${store.contoso.controlUrl}/v2.1/track`,
  () => ({ method: 'POST', body: [] }),
);
/** Two seconds are a slow dependency's. */
const slow =
  (look: Look): Look =>
  async () => {
    const before = performance.now();
    await look();
    return performance.now() - before >= 1_900 ? 'slow' : 'quick';
  };

const servedFrom: Look = async () => (await store.send(`${store.contoso.globalUrl}/api/products`)).headers['x-contoso-region'];
const busiest: Look = () => {
  const plan = store.contoso.state().plans.find(({ name }) => name === `plan-${here}`);
  return Promise.resolve(plan?.instances.some(({ cpuPercent = 0 }) => cpuPercent >= 60) ? 'busy' : 'idle');
};
/** Days until the certificate ends, by real time; or why it is refused. */
const certificate: Look = () =>
  new Promise((resolve) => {
    const port = Number(new URL(store.contoso.urls[here] ?? '').port);
    const socket = tls.connect({ host: 'localhost', port, ca: store.contoso.ca }, () => {
      resolve(Math.round((new Date(socket.getPeerCertificate().valid_to).getTime() - Date.now()) / 86_400_000));
      socket.destroy();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code));
  });

const region = { region: here };
const staging = { stamp: here, slot: 'staging' };
const degraded = (name: string): Row => [region, dependency(name), true, false];

/** Every kind there is: what is seen without it, and with it. */
const rows: Readonly<Record<FaultKind, Row>> = {
  route: [{ route: 'GET /api/search', stamp: here }, get('/api/search?q=trail'), 200, 500],
  'region-down': [region, products, 200, 'no answer'],
  'region-partitioned': [{ region: 'westeurope' }, servedFrom, 'westeurope', here],
  'instance-crash': [{ stamp: here, slot: 'staging' }, get('/api/products', `${here}-staging`), 200, 503],
  'cpu-hog': [{ stamp: here, cpuPercent: 65 }, busiest, 'idle', 'busy'],
  'health-check-failing': [{ stamp: here }, get('/api/health'), 200, 503],
  'certificate-expiring': [{ stamp: here }, certificate, 90, 7],
  'certificate-expired': [{ stamp: here }, certificate, 90, 'CERT_HAS_EXPIRED'],
  'cosmos-reads': [region, products, 200, 503],
  'cosmos-writes': [region, newCart, 201, 503],
  'cosmos-throttling': [region, products, 200, 503],
  'cosmos-container-missing': [region, products, 200, 503],
  'cosmos-database-missing': [region, products, 200, 503],
  'cosmos-gone': [region, products, 200, 503],
  'cosmos-replication': [{ ...region, delayMs: 15_000 }, replication, 'there', 'late'],
  'key-vault-denied': degraded('key-vault'),
  'key-vault-slow': degraded('key-vault'),
  'key-vault-failing': degraded('key-vault'),
  'key-vault-throttled': degraded('key-vault'),
  'key-vault-gone': degraded('key-vault'),
  'registry-denied': degraded('registry'),
  'registry-slow': degraded('registry'),
  'registry-failing': degraded('registry'),
  'registry-throttled': degraded('registry'),
  'registry-gone': degraded('registry'),
  'payment-down': degraded('payment'),
  'payment-slow': degraded('payment'),
  'payment-failing': degraded('payment'),
  'payment-throttled': degraded('payment'),
  'payment-gone': degraded('payment'),
  'identity-slow': [{}, slow(signIn), 'quick', 'slow'],
  'identity-failing': [{}, signIn, 400, 500],
  'identity-throttled': [{}, signIn, 400, 429],
  'identity-gone': [{}, signIn, 400, 'no answer'],
  'managed-identity-slow': [staging, afterRestart, true, false],
  'managed-identity-failing': [staging, afterRestart, true, false],
  'managed-identity-throttled': [staging, afterRestart, true, false],
  'managed-identity-gone': [staging, afterRestart, true, false],
  'ingestion-slow': [{}, slow(ingest), 'quick', 'slow'],
  'ingestion-failing': [{}, ingest, 200, 500],
  'ingestion-throttled': [{}, ingest, 200, 429],
  'ingestion-gone': [{}, ingest, 200, 'no answer'],
  ingestion: [{ status: 439 }, ingest, 200, 439],
};

describe('every fault shows, and is over when its time is, without anybody clearing it', () => {
  it.each(Object.entries(rows))('%s', async (kind, [fault, look, whole, broken]) => {
    const seen = (expected: unknown) => soon(async () => expect(await look()).toEqual(expected));
    await seen(whole);
    const added = await store.admin('POST', '/admin/faults', { kind, seconds: faultSeconds, ...fault });
    expect(added.status).toBe(201);
    await seen(broken);
    skewMs += faultSeconds * 1_000;
    await seen(whole);
    expect((await store.admin('GET', '/admin/faults')).json).toEqual({ items: [] });
  });
});

it('the state counts by the same clock as the store, which has been moved by minutes', () => {
  const instances = store.contoso.state().plans.flatMap((plan) => plan.instances);
  expect(instances.length).toBeGreaterThan(0);
  // Busy until a time that the state's own clock had not reached, each would have been busy for less than nothing.
  expect(instances.filter(({ busyMs }) => busyMs < 0)).toEqual([]);
});
