import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startDependencies } from '../../../fixtures/contoso/azure/dependencies.ts';
import type { Handler } from '../../../fixtures/contoso/azure/exchange.ts';
import { createIdentity } from '../../../fixtures/contoso/azure/identity/provider.ts';
import { createKeyVault, keyVaultAudience } from '../../../fixtures/contoso/azure/key-vault.ts';
import { createPayment } from '../../../fixtures/contoso/azure/payment.ts';
import { createRegistry, registryAudience } from '../../../fixtures/contoso/azure/registry.ts';
import { createFaults } from '../../../fixtures/contoso/faults.ts';
import { ask, clock, type Options, type Site, serve, stamps } from './support.ts';

const world = clock();
const faults = createFaults(world, stamps);
const issuer = () => 'https://localhost/identity';
const identity = createIdentity({ world, faults, issuer, clients: [] });
const place = { stamp: 'westeurope', region: 'westeurope' };
const apiKey = 'payment-api-key-of-this-test';
afterEach(() => faults.clear());

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** A site whose calls carry a token for a service, unless they say otherwise. */
async function siteOf(handler: Handler, audience?: string) {
  const site: Site = await serve(handler, place);
  const token = audience ? (await identity.issue('app-westeurope', audience)).token : '';
  const call = (path: string, { headers, ...options }: Options & { headers?: Record<string, string> } = {}) =>
    ask(undefined, `${site.url}${path}`, { ...options, headers: headers ?? (token ? bearer(token) : {}) });
  return { ...site, call };
}

describe('Key Vault', () => {
  const vault = createKeyVault({ world, faults, identity, issuer, secrets: { 'payment-key': 'first' } });
  let site: Awaited<ReturnType<typeof siteOf>>;
  beforeAll(async () => {
    site = await siteOf(vault.handler, keyVaultAudience);
  });
  afterAll(() => site.close());
  const path = '/secrets/payment-key?api-version=7.4';

  test('gives a secret with its version and its times in seconds', async () => {
    const answer = await site.call(path);
    const { value, id, attributes } = answer.json<{ value: string; id: string; attributes: Record<string, unknown> }>();
    expect([answer.status, value]).toEqual([200, 'first']);
    expect(id).toMatch(/\/secrets\/payment-key\/0{31}1$/);
    expect(attributes).toMatchObject({ enabled: true, created: Math.floor(world.now() / 1_000) });
  });

  test('names the way to a token in its challenge', async () => {
    for (const headers of [{}, bearer('nonsense'), bearer((await identity.issue('app', registryAudience)).token)]) {
      const answer = await site.call(path, { headers });
      expect([answer.status, answer.headers['www-authenticate']]).toEqual([
        401,
        'Bearer authorization="https://localhost/identity", resource="https://vault.azure.net"',
      ]);
    }
  });

  const refused: readonly (readonly [what: string, path: string, status: number, code: string])[] = [
    ['a secret that is not there', '/secrets/other?api-version=7.4', 404, 'SecretNotFound'],
    ['a version that is not there', `/secrets/payment-key/${'f'.repeat(32)}?api-version=7.4`, 404, 'SecretNotFound'],
    ['no api-version', '/secrets/payment-key', 400, 'BadParameter'],
    ['an api-version to come', '/secrets/payment-key?api-version=9.9', 400, 'BadParameter'],
    ['another operation', '/keys/payment-key?api-version=7.4', 404, 'NotFound'],
  ];
  test.each(refused)('refuses %s', async (_what, wanted, status, code) => {
    const answer = await site.call(wanted);
    expect([answer.status, answer.json<{ error: { code: string } }>().error.code]).toEqual([status, code]);
  });

  test('a rotation adds a version, and the old one stays', async () => {
    const before = (await site.call(path)).json<{ id: string }>().id;
    vault.set('payment-key', 'second');
    expect((await site.call(path)).json().value).toBe('second');
    expect((await site.call(`/secrets/payment-key/${before.split('/').at(-1)}?api-version=7.4`)).json().value).toBe('first');
    vault.set('payment-key', 'first');
  });

  const faulty: readonly (readonly [fault: Readonly<Record<string, unknown>>, status: number, code: string])[] = [
    [{ kind: 'key-vault-denied' }, 403, 'Forbidden'],
    [{ kind: 'key-vault-throttled' }, 429, 'Throttled'],
    [{ kind: 'key-vault-failing' }, 500, 'InternalServerError'],
    [{ kind: 'key-vault-failing', status: 503 }, 503, 'InternalServerError'],
  ];
  test.each(faulty)('%j shows, there alone, and ends', async (fault, status, code) => {
    faults.add({ ...fault, stamp: 'westeurope', seconds: 60 });
    const answer = await site.call(path);
    expect([answer.status, answer.json<{ error: { code: string } }>().error.code]).toEqual([status, code]);
    expect(vault.answered.get(status)).toBeGreaterThan(0);
    world.pass(60);
    expect((await site.call(path)).status).toBe(200);
    faults.add({ ...fault, stamp: 'eastus' });
    expect((await site.call(path)).status).toBe(200);
  });

  test('a vault that is gone cuts the connection', async () => {
    faults.add({ kind: 'key-vault-gone' });
    await expect(site.call(path)).rejects.toThrow();
  });

  test('throttles the 2,001st call of ten seconds', async () => {
    world.pass(10);
    const statuses: number[] = [];
    for (let batch = 0; batch < 20; batch++) {
      statuses.push(...(await Promise.all(Array.from({ length: 100 }, () => site.call(path)))).map(({ status }) => status));
    }
    expect(new Set(statuses)).toEqual(new Set([200]));
    const over = await site.call(path);
    expect([over.status, over.headers['retry-after']]).toEqual([429, '10']);
    // The limit is a vault's, and each region has one.
    const elsewhere = await serve(vault.handler, { stamp: 'eastus', region: 'eastus' });
    const headers = bearer((await identity.issue('app-eastus', keyVaultAudience)).token);
    expect((await ask(undefined, `${elsewhere.url}${path}`, { headers })).status).toBe(200);
    await elsewhere.close();
    world.pass(10);
    expect((await site.call(path)).status).toBe(200);
  });
});

describe('Container Registry', () => {
  let site: Awaited<ReturnType<typeof siteOf>>;
  beforeAll(async () => {
    site = await siteOf(
      createRegistry({ faults, identity, issuer, images: { 'contoso-shoes': ['good', 'slow'] } }),
      registryAudience,
    );
  });
  afterAll(() => site.close());

  test('answers its ping with the version of its API', async () => {
    const answer = await site.call('/v2/');
    expect([answer.status, answer.headers['docker-distribution-api-version']]).toEqual([200, 'registry/2.0']);
  });

  test('gives the same manifest by tag and by digest', async () => {
    const byTag = await site.call('/v2/contoso-shoes/manifests/good');
    const digest = byTag.headers['docker-content-digest'] as string;
    const byDigest = await site.call(`/v2/contoso-shoes/manifests/${digest}`);
    const other = await site.call('/v2/contoso-shoes/manifests/slow');
    expect([byTag.status, byDigest.text, byTag.headers['content-type']]).toEqual([
      200,
      byTag.text,
      'application/vnd.oci.image.manifest.v1+json',
    ]);
    expect(other.headers['docker-content-digest']).not.toBe(digest);
    expect(byTag.json<{ layers: unknown[] }>().layers.length).toBe(1);
  });

  test('HEAD gives the digest without the manifest', async () => {
    const answer = await site.call('/v2/contoso-shoes/manifests/good', { method: 'HEAD' });
    expect([answer.status, answer.text]).toEqual([200, '']);
    expect(answer.headers['docker-content-digest']).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  const refused: readonly (readonly [
    what: string,
    path: string,
    options: Options & { headers?: Record<string, string> },
    status: number,
    code: string,
  ])[] = [
    ['a stranger', '/v2/', { headers: {} }, 401, 'UNAUTHORIZED'],
    ['a bad token', '/v2/contoso-shoes/manifests/good', { headers: bearer('x') }, 401, 'UNAUTHORIZED'],
    ['a repository that is not there', '/v2/other/manifests/good', {}, 404, 'NAME_UNKNOWN'],
    ['a repository that every object has', '/v2/constructor/manifests/good', {}, 404, 'NAME_UNKNOWN'],
    ['a tag that is not there', '/v2/contoso-shoes/manifests/bad', {}, 404, 'MANIFEST_UNKNOWN'],
    ['a push', '/v2/contoso-shoes/manifests/good', { method: 'PUT' }, 404, 'UNSUPPORTED'],
  ];
  test.each(refused)('refuses %s', async (_what, path, options, status, code) => {
    const answer = await site.call(path, options);
    expect([answer.status, answer.json<{ errors: { code: string }[] }>().errors[0]?.code]).toEqual([status, code]);
    if (status === 401) expect(answer.headers['www-authenticate']).toContain('service="contoso.azurecr.io"');
  });

  const faulty: readonly (readonly [fault: Readonly<Record<string, unknown>>, status: number, code: string])[] = [
    [{ kind: 'registry-denied' }, 403, 'DENIED'],
    [{ kind: 'registry-throttled' }, 429, 'TOOMANYREQUESTS'],
    [{ kind: 'registry-failing' }, 500, 'UNKNOWN'],
  ];
  test.each(faulty)('%j shows and ends', async (fault, status, code) => {
    faults.add({ ...fault, region: 'westeurope', seconds: 60 });
    const answer = await site.call('/v2/');
    expect([answer.status, answer.json<{ errors: { code: string }[] }>().errors[0]?.code]).toEqual([status, code]);
    world.pass(60);
    expect((await site.call('/v2/')).status).toBe(200);
  });
});

describe('payment API', () => {
  let api: ReturnType<typeof createPayment>;
  let site: Awaited<ReturnType<typeof siteOf>>;
  beforeAll(async () => {
    api = createPayment({ world, faults, apiKey: () => apiKey, limitCents: 50_000 });
    site = await siteOf(api.handler);
  });
  afterAll(() => site.close());
  const body = { amountCents: 8_900, currency: 'EUR', orderId: 'order-1', synthetic: true };
  const pay = (key: string | undefined, payment: unknown = body, authorization = `Bearer ${apiKey}`) =>
    site.call('/payments', {
      method: 'POST',
      headers: { authorization, ...(key ? { 'idempotency-key': key } : {}) },
      body: typeof payment === 'string' ? payment : JSON.stringify(payment),
    });

  test('takes a payment once, however often it is asked', async () => {
    const before = api.payments.length;
    const first = await pay('a');
    const again = await Promise.all([pay('a'), pay('a'), pay('a')]);
    expect([first.status, first.json()]).toEqual([201, expect.objectContaining({ ...body, status: 'captured' })]);
    expect(again.map(({ status, text }) => [status, text])).toEqual(again.map(() => [200, first.text]));
    expect(api.payments.length).toBe(before + 1);
    const read = await site.call(`/payments/${first.json().id}`, { headers: bearer(apiKey) });
    expect(read.text).toBe(first.text);
  });

  test('a race with one key pays once', async () => {
    const before = api.payments.length;
    const answers = await Promise.all(Array.from({ length: 20 }, () => pay('race')));
    expect(answers.filter(({ status }) => status === 201).length).toBe(1);
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(api.payments.length).toBe(before + 1);
  });

  const refused: readonly (readonly [
    what: string,
    key: string | undefined,
    payment: unknown,
    authorization: string | undefined,
    status: number,
    code: string,
  ])[] = [
    ['no idempotency key', undefined, body, undefined, 400, 'idempotency_key_missing'],
    ['the key of another payment', 'a', { ...body, amountCents: 1 }, undefined, 422, 'idempotency_key_reused'],
    ['the key of another order', 'a', { ...body, orderId: 'order-2' }, undefined, 422, 'idempotency_key_reused'],
    ['no amount', 'b', { currency: 'EUR' }, undefined, 400, 'invalid_request'],
    ['a negative amount', 'b', { ...body, amountCents: -1 }, undefined, 400, 'invalid_request'],
    ['half a cent', 'b', { ...body, amountCents: 0.5 }, undefined, 400, 'invalid_request'],
    ['no JSON', 'b', '{', undefined, 400, 'invalid_request'],
    ['a cent over the limit', 'b', { ...body, amountCents: 50_001 }, undefined, 402, 'payment_refused'],
    ['a wrong API key', 'b', body, 'Bearer guess', 401, 'unauthorized'],
    ['an unresolved reference as API key', 'b', body, 'Bearer @Microsoft.KeyVault(SecretUri=x)', 401, 'unauthorized'],
  ];
  test.each(refused)('refuses %s, and takes no money', async (_what, key, payment, authorization, status, code) => {
    const before = api.payments.length;
    const answer = await pay(key, payment, authorization);
    expect([answer.status, answer.json<{ error: { code: string } }>().error.code]).toEqual([status, code]);
    expect(api.payments.length).toBe(before);
    expect(answer.text).not.toContain(apiKey);
  });

  test('takes a payment at the limit, after the same key was refused', async () => {
    expect((await pay('b', { ...body, amountCents: 50_000 })).status).toBe(201);
  });

  const faulty: readonly (readonly [fault: Readonly<Record<string, unknown>>, status: number])[] = [
    [{ kind: 'payment-down' }, 503],
    [{ kind: 'payment-failing' }, 500],
    [{ kind: 'payment-throttled' }, 429],
  ];
  test.each(faulty)('%j shows in payments and health, and ends', async (fault, status) => {
    const before = api.payments.length;
    faults.add({ ...fault, stamp: 'westeurope', seconds: 60 });
    expect([(await pay('c')).status, (await site.call('/health')).status]).toEqual([status, status]);
    expect(api.payments.length).toBe(before);
    world.pass(60);
    expect([(await pay('c')).status < 300, (await site.call('/health')).status]).toEqual([true, 200]);
  });

  test('is slow by as much as the fault says', async () => {
    faults.add({ kind: 'payment-slow', delayMs: 80 });
    const startedAt = performance.now();
    expect((await site.call('/health')).status).toBe(200);
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(79);
  });
});

describe('the dependencies of every site on one port', () => {
  const secrets = { 'payment-api-key': apiKey };
  const start = () =>
    startDependencies({
      world,
      faults,
      identity,
      issuer: issuer(),
      identityHeader: 'proof',
      secrets,
      paymentApiKey: () => apiKey,
      images: { 'contoso-shoes': ['good'] },
    });
  let dependencies: Awaited<ReturnType<typeof start>>;
  beforeAll(async () => {
    dependencies = await start();
  });
  afterAll(() => dependencies.close());

  const sites = [
    { stamp: 'westeurope', region: 'westeurope' },
    { stamp: 'westeurope', region: 'westeurope', slot: 'staging' },
    { stamp: 'eastus', region: 'eastus' },
  ];

  test.each(sites)('a start-up of %j: token, secret, image, payment', async (site) => {
    const urls = dependencies.urlsOf(site);
    const tokenOf = async (resource: string) => {
      const query = new URLSearchParams({ resource, 'api-version': '2019-08-01' });
      const answer = await ask(undefined, `${urls.identity}?${query}`, { headers: { 'x-identity-header': 'proof' } });
      return bearer(answer.json<{ access_token: string }>().access_token);
    };
    const secret = await ask(undefined, `${urls.keyVault}/secrets/payment-api-key?api-version=7.4`, {
      headers: await tokenOf(keyVaultAudience),
    });
    const key = secret.json<{ value: string }>().value;
    const image = await ask(undefined, `${urls.registry}/v2/contoso-shoes/manifests/good`, {
      headers: await tokenOf(registryAudience),
    });
    const paid = await ask(undefined, `${urls.payment}/payments`, {
      method: 'POST',
      headers: { ...bearer(key), 'idempotency-key': JSON.stringify(site) },
      body: JSON.stringify({ amountCents: 100, currency: 'EUR' }),
    });
    expect([secret.status, key, image.status, paid.status]).toEqual([200, apiKey, 200, 201]);
  });

  const placed: readonly (readonly [what: string, place: object, down: readonly boolean[]])[] = [
    ['a stamp and its slots', { stamp: 'westeurope' }, [true, true, false]],
    ['one slot', { stamp: 'westeurope', slot: 'staging' }, [false, true, false]],
    ['production alone', { slot: 'production' }, [true, false, true]],
    ['a region', { region: 'eastus' }, [false, false, true]],
    ['everywhere', {}, [true, true, true]],
  ];
  test.each(placed)('a fault of %s is met by who calls from there', async (_what, faultPlace, down) => {
    faults.add({ kind: 'payment-down', ...faultPlace });
    const statuses = await Promise.all(
      sites.map(async (site) => (await ask(undefined, `${dependencies.urlsOf(site).payment}/health`)).status),
    );
    expect(statuses.map((status) => status === 503)).toEqual(down);
  });

  test.each([
    '/',
    '/westeurope/westeurope/production',
    '/westeurope/westeurope/production/vaults',
    '//',
    '/a/b/c/payment/nowhere',
  ])('nothing answers %s with success', async (path) => {
    const { origin } = new URL(dependencies.urlsOf(sites[0] as (typeof sites)[0]).payment);
    expect([401, 404]).toContain((await ask(undefined, `${origin}${path}`)).status);
  });
});
