import { createRemoteJWKSet, customFetch, decodeJwt, decodeProtectedHeader, jwtVerify, SignJWT } from 'jose';
import { fetch } from 'undici';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createManagedIdentity } from '../../../fixtures/contoso/azure/identity/managed.ts';
import { createIdentity } from '../../../fixtures/contoso/azure/identity/provider.ts';
import { createFaults } from '../../../fixtures/contoso/faults.ts';
import { ask, type Bench, bench, client, clock, form, type Site, serve, stamps } from './support.ts';

const token = { grant_type: 'client_credentials', client_id: client.id, client_secret: client.secret, scope: client.scope };
const tokenPath = '/identity/oauth2/v2.0/token';

interface TokenAnswer {
  readonly access_token: string;
  readonly expires_in: number;
  readonly token_type: string;
}

describe('over HTTPS', () => {
  let b: Bench;
  beforeAll(async () => {
    b = await bench();
  });
  afterAll(() => b.close());
  afterEach(() => b.faults.clear());

  test('a client finds everything by discovery, and verifies with jose', async () => {
    const discovery = (await b.ask('/identity/.well-known/openid-configuration')).json<Record<string, string>>();
    expect(discovery.issuer).toBe(b.control.issuer);
    const answer = await ask(b.dispatcher, discovery.token_endpoint as string, form(token));
    const { access_token, expires_in, token_type } = answer.json<TokenAnswer>();
    expect([answer.status, expires_in, token_type, answer.headers['cache-control']]).toEqual([200, 600, 'Bearer', 'no-store']);
    const jwks = createRemoteJWKSet(new URL(discovery.jwks_uri as string), {
      [customFetch]: (url: string) => fetch(url, { dispatcher: b.dispatcher }) as unknown as Promise<Response>,
    });
    const { payload } = await jwtVerify(access_token, jwks, { issuer: b.control.issuer, audience: 'api://contoso-shoes' });
    expect(payload).toMatchObject({ sub: client.id, roles: ['Shopper.Synthetic', 'Health.Read'] });
    expect(await b.control.identity.verifyToken(access_token)).toMatchObject({ sub: client.id });
  });

  test('the key set holds no private part', async () => {
    const { keys } = (await b.ask('/identity/discovery/v2.0/keys')).json<{ keys: Record<string, unknown>[] }>();
    expect(keys.length).toBe(1);
    expect(Object.keys(keys[0] ?? {}).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
  });

  const without = (name: keyof typeof token) => ({ ...token, [name]: undefined });
  const refused: readonly (readonly [what: string, fields: object, status: number, error: string])[] = [
    ['no grant type', without('grant_type'), 400, 'invalid_request'],
    ['another grant type', { ...token, grant_type: 'password' }, 400, 'unsupported_grant_type'],
    ['no client', without('client_id'), 400, 'invalid_request'],
    ['an unknown client', { ...token, client_id: 'nobody' }, 401, 'invalid_client'],
    ['an unknown client without a secret', { ...token, client_id: 'nobody', client_secret: '' }, 401, 'invalid_client'],
    ['a wrong secret', { ...token, client_secret: `${client.secret}!` }, 401, 'invalid_client'],
    ['an empty secret', { ...token, client_secret: '' }, 401, 'invalid_client'],
    ['no scope', without('scope'), 400, 'invalid_request'],
    ['a foreign scope', { ...token, scope: 'https://vault.azure.net/.default' }, 400, 'invalid_scope'],
  ];
  test.each(refused)('%s gets no token', async (_what, fields, status, error) => {
    const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Record<string, string>;
    const answer = await b.ask(tokenPath, form(given));
    expect([answer.status, answer.json().error]).toEqual([status, error]);
    expect(answer.text).not.toContain(client.secret);
    expect(answer.text).not.toContain('access_token');
  });

  test('a JSON body gets no token', async () => {
    const answer = await b.ask(tokenPath, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(token),
    });
    expect([answer.status, answer.json().error]).toEqual([400, 'invalid_request']);
  });

  test('a fault fails sign-in, and its end mends it', async () => {
    b.faults.add({ kind: 'identity-throttled', retryAfterSeconds: 7, seconds: 30 });
    const throttled = await b.ask(tokenPath, form(token));
    expect([throttled.status, throttled.headers['retry-after'], throttled.json().error]).toEqual([
      429,
      '7',
      'temporarily_unavailable',
    ]);
    b.world.pass(30);
    expect((await b.ask(tokenPath, form(token))).status).toBe(200);
  });
});

describe('tokens and keys in time', () => {
  const day = 86_400;
  function provider(timeScale: number, keyLifeSeconds = day) {
    const world = clock(timeScale);
    return {
      world,
      identity: createIdentity({
        world,
        faults: createFaults(world),
        issuer: () => 'https://localhost/identity',
        clients: [],
        keyLifeSeconds,
      }),
    };
  }
  const kidOf = (jwt: string) => decodeProtectedHeader(jwt).kid;

  // Ours: at least ten real minutes, for clients renew minutes before the end.
  test.each([
    [1, 'client', 3_600],
    [4, 'client', 900],
    [6, 'client', 600],
    [60, 'client', 600],
    [1, 'managed-identity', 86_400],
    [60, 'managed-identity', 1_440],
    [600, 'managed-identity', 600],
  ] as const)('at %i times the speed, the token of a %s lives %i real seconds', async (timeScale, life, seconds) => {
    const { world, identity } = provider(timeScale);
    const { token: jwt, expiresIn, expiresOn } = await identity.issue('me', 'api://contoso-shoes', {}, life);
    expect([expiresIn, expiresOn - Math.floor(world.now() / 1_000)]).toEqual([seconds, seconds]);
    expect(decodeJwt(jwt).exp).toBe(expiresOn);
  });

  test('a token holds to the second', async () => {
    const { world, identity } = provider(1);
    const { token: jwt, expiresOn } = await identity.issue('me', 'api://contoso-shoes');
    world.pass(expiresOn - Math.floor(world.now() / 1_000) - 1);
    expect((await identity.verifyToken(jwt)).sub).toBe('me');
    world.pass(1);
    await expect(identity.verifyToken(jwt)).rejects.toThrow(/"exp"/);
  });

  test('keys rotate after a control-plane day, and the old one stays while its tokens live', async () => {
    const { world, identity } = provider(24);
    const old = (await identity.issue('me', 'api://contoso-shoes')).token;
    world.pass(3_599);
    const late = (await identity.issue('me', 'api://contoso-shoes')).token;
    expect(kidOf(late)).toBe(kidOf(old));
    world.pass(1);
    const fresh = (await identity.issue('me', 'api://contoso-shoes')).token;
    expect(kidOf(fresh)).not.toBe(kidOf(old));
    expect((await identity.verifyToken(late)).sub).toBe('me');
    const keys = await jwksOf(identity);
    expect(keys).toEqual([kidOf(old), kidOf(fresh)]);
    // A managed identity's token may have been signed with it just before, and lives a day.
    world.pass(3_599);
    expect(await jwksOf(identity)).toContain(kidOf(old));
    world.pass(1);
    await identity.issue('me', 'api://contoso-shoes');
    expect(await jwksOf(identity)).not.toContain(kidOf(old));
    await expect(identity.verifyToken(late)).rejects.toThrow();
  });

  async function jwksOf(identity: ReturnType<typeof provider>['identity']) {
    const site = await serve(identity.handler);
    const { keys } = (await ask(undefined, `${site.url}/discovery/v2.0/keys`)).json<{ keys: { kid: string }[] }>();
    await site.close();
    return keys.map(({ kid }) => kid);
  }

  test('a burst at rotation makes one key', async () => {
    const { identity } = provider(60);
    const issued = await Promise.all(Array.from({ length: 20 }, () => identity.issue('me', 'api://contoso-shoes')));
    expect(new Set(issued.map(({ token: jwt }) => kidOf(jwt))).size).toBe(1);
  });

  test('forged, foreign and misdirected tokens are refused', async () => {
    const { identity } = provider(60);
    const { identity: stranger } = provider(60);
    const good = (await identity.issue('me', 'api://contoso-shoes')).token;
    const [head, , signature] = good.split('.') as [string, string, string];
    const body = Buffer.from(JSON.stringify({ ...decodeJwt(good), roles: ['Owner'] })).toString('base64url');
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${good.split('.')[1]}.`;
    const secret = new TextEncoder().encode('guessed, and long enough for HMAC');
    const hmac = await new SignJWT(decodeJwt(good)).setProtectedHeader({ alg: 'HS256', kid: kidOf(good) as string }).sign(secret);
    const bad = [
      `${head}.${body}.${signature}`,
      none,
      hmac,
      (await stranger.issue('me', 'api://contoso-shoes')).token,
      'nonsense',
      '',
    ];
    const outcomes = await Promise.allSettled(bad.map((jwt) => identity.verifyToken(jwt)));
    expect(outcomes.map(({ status }) => status)).toEqual(bad.map(() => 'rejected'));
    await expect(identity.verifyToken(good, 'https://vault.azure.net')).rejects.toThrow(/"aud"/);
  });
});

describe('managed identity', () => {
  const world = clock();
  const faults = createFaults(world, stamps);
  const identity = createIdentity({ world, faults, issuer: () => 'https://localhost/identity', clients: [] });
  const place = { stamp: 'westeurope', region: 'westeurope', slot: 'staging' };
  let site: Site;
  beforeAll(async () => {
    site = await serve(createManagedIdentity({ world, faults, identity, identityHeader: 'proof' }), place);
  });
  afterAll(() => site.close());
  afterEach(() => faults.clear());
  const vault = 'resource=https://vault.azure.net&api-version=2019-08-01';
  const proof = { 'x-identity-header': 'proof' };
  const get = (query: string, headers: Record<string, string>) => ask(undefined, `${site.url}/token?${query}`, { headers });

  test('gives a token for the resource alone, in the shape of App Service', async () => {
    const answer = await get(vault, proof);
    const body = answer.json<Record<string, string>>();
    expect(Object.keys(body).sort()).toEqual(['access_token', 'client_id', 'expires_on', 'resource', 'token_type']);
    expect(Number(body.expires_on)).toBe(Math.floor(world.now() / 1_000) + 1_440);
    expect((await identity.verifyToken(body.access_token as string, 'https://vault.azure.net')).sub).toBe(
      'app-westeurope-staging',
    );
    await expect(identity.verifyToken(body.access_token as string)).rejects.toThrow();
  });

  const refused: readonly (readonly [what: string, query: string, headers: Record<string, string>, status: number])[] = [
    ['no proof', vault, {}, 401],
    ['a wrong proof', vault, { 'x-identity-header': 'guess' }, 401],
    ['no resource', 'api-version=2019-08-01', proof, 400],
    ['the protocol of 2017', 'resource=https://vault.azure.net&api-version=2017-09-01', proof, 400],
  ];
  test.each(refused)('refuses %s', async (_what, query, headers, status) => {
    const answer = await get(query, headers);
    expect([answer.status, answer.json().statusCode]).toEqual([status, status]);
  });

  test('gives the held token for half of its life, by resource', async () => {
    const tokenFor = async (query: string) => (await get(query, proof)).json<{ access_token: string }>().access_token;
    const first = await tokenFor(vault);
    const registry = 'resource=https://containerregistry.azure.net&api-version=2019-08-01';
    expect(await tokenFor(registry)).not.toBe(first);
    world.pass(719);
    expect(await tokenFor(vault)).toBe(first);
    world.pass(1);
    expect(await tokenFor(vault)).not.toBe(first);
  });

  test('is gone for the stamp of a fault', async () => {
    faults.add({ kind: 'managed-identity-gone', stamp: 'westeurope' });
    await expect(get(vault, proof)).rejects.toThrow();
    faults.clear();
    faults.add({ kind: 'managed-identity-gone', stamp: 'eastus' });
    expect((await get(vault, proof)).status).toBe(200);
  });
});
