import { request } from 'undici';
import { afterEach, describe, expect, test } from 'vitest';
import { policy } from '../../pages/status/page.ts';
import { type StatusServer, type StatusServerOptions, serveStatusPage } from '../../pages/status/server.ts';
import { statusOf } from '../../pages/status/status.ts';
import { statusToken } from '../../scripts/monitor-status.ts';
import type { AvailabilityResult } from '../../synthetics/result.ts';
import { historyOf, knownOf, troubled, twoStamps } from './sample-status.ts';

const servers: StatusServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

const token = 'correct-horse-battery-staple';

async function serve(changes: Partial<StatusServerOptions> = {}): Promise<string> {
  const server = await serveStatusPage({
    port: 0,
    nowMs: Date.now,
    healthz: () => ({ healthy: true, running: 3 }),
    metrics: { contentType: 'text/plain', metrics: async () => 'synthetics_rounds_total 1\n' },
    state: () => statusOf(troubled(twoStamps(), Date.now())),
    ...changes,
  });
  servers.push(server);
  return `http://127.0.0.1:${server.port}`;
}

describe('the status server', () => {
  test.each([
    { healthy: true, status: 200 },
    { healthy: false, status: 503 },
  ])('answers /healthz with $status when healthy is $healthy', async ({ healthy, status }) => {
    const origin = await serve({ healthz: () => ({ healthy, running: 3 }) });
    const answer = await request(`${origin}/healthz`);
    expect(answer.statusCode).toBe(status);
    expect(await answer.body.json()).toEqual({ healthy, running: 3 });
    expect((await request(`${origin}/else`)).statusCode).toBe(404);
    expect(await (await request(`${origin}/metrics`)).body.text()).toBe('synthetics_rounds_total 1\n');
  });

  test('says that its port is taken', async () => {
    const origin = await serve();
    await expect(serve({ port: Number(new URL(origin).port) })).rejects.toThrow('EADDRINUSE');
  });

  test.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'] as const)('refuses %s everywhere', async (method) => {
    const origin = await serve();
    for (const path of ['/', '/state', '/events', '/healthz', '/metrics', '/badge/store.svg', '/else']) {
      const answer = await request(`${origin}${path}`, { method });
      expect([path, answer.statusCode, answer.headers.allow]).toEqual([path, 405, 'GET, HEAD']);
      await answer.body.dump();
    }
  });

  test.each(['/', '/state', '/events', '/status.js', '/status.css', '/badge/store.svg', '/else'])(
    'gives %s its policy and no place in a cache, for HEAD as for GET',
    async (path) => {
      const answer = await request(`${await serve()}${path}`, { method: 'HEAD' });
      expect(answer.statusCode).toBe(path === '/else' ? 404 : 200);
      expect(answer.headers['content-security-policy']).toBe(policy);
      expect(answer.headers).toMatchObject({
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
      });
      expect(policy).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self';/);
      expect(policy).not.toContain('unsafe');
    },
  );

  test('is on loopback alone without a token, by address and by name', async () => {
    const origin = await serve();
    const { port } = new URL(origin);
    expect((await request(`http://localhost:${port}/`)).statusCode).toBe(200);
    expect((await request(`${origin}/state`, { headers: { host: `rebound.example.com:${port}` } })).statusCode).toBe(403);
    // All of 127.0.0.0/8 is this machine: an address that a server on all interfaces would answer on.
    await expect(request(`http://127.0.0.2:${port}/`)).rejects.toThrow('ECONNREFUSED');
  });

  test.each([
    { name: 'none', authorization: undefined, status: 401 },
    { name: 'a wrong bearer', authorization: `Bearer ${token}x`, status: 401 },
    { name: 'the bearer', authorization: `Bearer ${token}`, status: 200 },
    { name: 'a wrong password', authorization: `Basic ${btoa('me:wrong')}`, status: 401 },
    { name: 'the password', authorization: `Basic ${btoa(`me:${token}`)}`, status: 200 },
    { name: 'another scheme', authorization: `Digest ${token}`, status: 401 },
  ])('with a token and $name: $status', async ({ authorization, status }) => {
    const { port } = new URL(await serve({ token }));
    for (const path of ['/', '/state', '/metrics', '/badge/store.svg', '/status.js', '/else']) {
      const headers = { host: 'status.example.com', ...(authorization && { authorization }) };
      const answer = await request(`http://127.0.0.2:${port}${path}`, { headers });
      expect([path, answer.statusCode]).toEqual([path, path === '/else' && status === 200 ? 404 : status]);
      if (status === 401) expect(answer.headers['www-authenticate']).toContain('Basic');
      expect(await answer.body.text()).not.toContain(token);
    }
  });

  test('tells a probe without the token whether it is healthy, and no more', async () => {
    const origin = await serve({ token });
    expect(await (await request(`${origin}/healthz`)).body.json()).toEqual({ healthy: true });
    const headers = { authorization: `Bearer ${token}` };
    expect(await (await request(`${origin}/healthz`, { headers })).body.json()).toEqual({ healthy: true, running: 3 });
  });

  test('takes no token that could be guessed', () => {
    expect(statusToken({})).toBeUndefined();
    expect(statusToken({ STATUS_TOKEN: token })).toBe(token);
    expect(() => statusToken({ STATUS_TOKEN: 'secret' })).toThrow(/STATUS_TOKEN has a fault:\n.*6 characters.*at least 16/s);
  });
});

describe('badges', () => {
  const badge = async (origin: string, id: string) => {
    const answer = await request(`${origin}/badge/${id}.svg`);
    return { status: answer.statusCode, type: answer.headers['content-type'], text: await answer.body.text() };
  };

  test.each([
    ['store', 'store: ! degraded'],
    ['stamp:westeurope', 'westeurope: ✗ unhealthy'],
    ['westeurope/cosmos', 'Cosmos DB in westeurope: ! degraded'],
    ['flow:checkout@eastus', 'checkout in eastus: ✓ healthy'],
    ['checkout@eastus', 'checkout@eastus: ✓ 100 % up in 6 h'],
    ['checkout@westeurope', 'checkout@westeurope: ✗ 88.89 % up in 6 h'],
  ])('%s says %s', async (id, said) => {
    const { status, type, text } = await badge(await serve(), id);
    expect([status, type]).toEqual([200, 'image/svg+xml; charset=utf-8']);
    expect(text).toContain(`<title>${said}</title>`);
  });

  test('of what is not there is no badge', async () => {
    const origin = await serve();
    for (const id of ['flow:refund@eastus', 'checkout@mars', '']) expect((await badge(origin, id)).status).toBe(404);
    expect((await request(`${origin}/badge/store`)).statusCode).toBe(404);
  });

  test('old knowledge and none are unknown', async () => {
    const known = () => troubled(twoStamps(), Date.now());
    const old = await serve({ state: () => statusOf({ ...known(), judgedAtMs: Date.now() - 181_000 }) });
    expect((await badge(old, 'store')).text).toContain('store: ? unknown');
    expect((await badge(old, 'checkout@eastus')).text).toContain('checkout@eastus: ? unknown');
    const ended = (result: AvailabilityResult) =>
      result.journey === 'cart'
        ? { ...result, startedAt: new Date(Date.parse(result.startedAt) - 60 * 60_000).toISOString() }
        : result;
    const history = historyOf(twoStamps(), Date.now(), ended);
    const silent = await serve({ state: () => statusOf({ ...known(), history }) });
    expect((await badge(silent, 'cart@eastus')).text).toContain('cart@eastus: ? unknown');
    expect((await badge(silent, 'search@eastus')).text).toContain('search@eastus: ✓ 100 %');
    const never = await serve({ state: () => statusOf({ ...known(), judgedAtMs: undefined, picture: undefined }) });
    expect((await badge(never, 'store')).text).toContain('store: ? unknown');
    expect((await badge(never, 'flow:checkout@eastus')).text).toContain('checkout in eastus: ? unknown');
    // Judged, but where there is no Azure Monitor to read signals from.
    const blind = await serve({ state: () => statusOf({ ...known(), picture: undefined }) });
    expect((await badge(blind, 'stamp:eastus')).text).toContain('eastus: ? unknown');
  });

  test('names are text', async () => {
    const environment = twoStamps();
    const known = knownOf(environment, Date.now());
    const nodes =
      known.picture?.nodes.map((node) => (node.id === 'store' ? { ...node, title: '<script>alert(1)</script>' } : node)) ?? [];
    const picture = known.picture && { ...known.picture, nodes };
    const { text } = await badge(await serve({ state: () => statusOf({ ...known, picture }) }), 'store');
    expect(text).toContain('&lt;script&gt;');
    expect(text).not.toContain('<script');
  });
});

test('puts its state together only for who looks', async () => {
  let made = 0;
  const state = () => {
    made += 1;
    return statusOf(knownOf(twoStamps(), Date.now()));
  };
  const server = await serveStatusPage({
    port: 0,
    nowMs: Date.now,
    healthz: () => ({ healthy: true }),
    metrics: { contentType: 'text/plain', metrics: async () => '' },
    state,
  });
  servers.push(server);
  const versionNow = async () =>
    ((await (await request(`http://127.0.0.1:${server.port}/state`)).body.json()) as { version: string }).version;
  for (let round = 0; round < 5; round += 1) expect(server.update()).toBeUndefined();
  expect(made).toBe(0);
  const versions = [await versionNow(), await versionNow()];
  expect(made).toBe(1);
  server.update();
  server.update();
  versions.push(await versionNow());
  expect(made).toBe(2);
  expect(versions[1]).toBe(versions[0]);
  expect(versions[2]).not.toBe(versions[0]);
});
