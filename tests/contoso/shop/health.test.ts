import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dependencies } from '../../../fixtures/contoso/shop/dependencies.ts';
import { createHealth, judge, type ProbeResult } from '../../../fixtures/contoso/shop/health.ts';
import { type Behaviour, healthReader, type Service, type Store, startStore, synthetic, unresolved } from './store.ts';

let store: Store;
const start = async (options: Parameters<typeof startStore>[0] = {}) => {
  store = await startStore(options);
};
beforeEach(() => start());
afterEach(() => store.close());

interface Details {
  readonly status: string;
  readonly dependencies: { name: string; healthy: boolean; impact: string; durationMs: number; seen?: string }[];
}
const details = async () => {
  const answer = await store.send('GET', '/api/health', healthReader);
  return { status: answer.status, body: answer.json as unknown as Details };
};
const failedIn = ({ dependencies: all }: Details) => all.filter(({ healthy }) => !healthy).map(({ name }) => name);
const unhealthyParts = () => store.telemetry.filter(({ data }) => data.type === 'Health probe' && data.success === false);

describe('health', () => {
  it('is healthy when everything answers, with details for readers alone', async () => {
    const { status, body } = await details();
    expect([status, body.status]).toEqual([200, 'healthy']);
    expect(body.dependencies.map(({ name, impact }) => [name, impact])).toEqual(
      dependencies.map(({ name, impact }) => [name, impact]),
    );
    for (const who of [{}, synthetic()])
      expect((await store.send('GET', '/api/health', who)).json).toEqual({ status: 'healthy' });
  });

  type Row = [name: string, impact: 'critical' | 'degrades', breaks: (s: Store) => void, seen: RegExp];
  const cosmos = (kind: string) => (s: Store) => void s.faults.set(kind, {});
  const outside = (service: Service, behaviour: Behaviour) => (s: Store) => void s.outside.behaviour.set(service, behaviour);
  const rows: Row[] = [
    ['cosmos-read', 'critical', cosmos('cosmos-reads'), /answered 503/],
    ['cosmos-write', 'degrades', cosmos('cosmos-writes'), /answered 503/],
    ['key-vault', 'degrades', outside('vault', 403), /answered 403/],
    ['key-vault', 'degrades', outside('vault', 302), /answered 302/],
    ['key-vault', 'degrades', outside('vault', 'hang'), /no answer within 1500 ms/],
    ['registry', 'degrades', outside('registry', 401), /answered 401/],
    ['registry', 'degrades', outside('registry', 'reset'), /./],
    ['payment', 'degrades', outside('payment-health', 503), /answered 503/],
    ['payment', 'degrades', outside('payment-health', 'hang'), /no answer within 1500 ms/],
  ];
  it.each(rows)('tells %s alone (%s)', async (name, impact, breaks, seen) => {
    breaks(store);
    const { status, body } = await details();
    expect([status, body.status, failedIn(body)]).toEqual(
      impact === 'critical' ? [503, 'unhealthy', [name]] : [200, 'degraded', [name]],
    );
    expect(body.dependencies.find((each) => each.name === name)?.seen).toMatch(seen);
    expect(unhealthyParts().map(({ data }) => data.name)).toEqual([`health ${name}`]);
    const browsing = (await store.send('GET', '/api/products')).status;
    expect(browsing).toBe(status);
    expect((await store.send('HEAD', '/api/health')).status).toBe(status);
    // A shared dependency says nothing about this instance.
    expect((await store.send('GET', '/api/health/instance')).status).toBe(200);
  });

  it('names both who need a token when there is none', async () => {
    store.outside.behaviour.set('identity', 500);
    const { status, body } = await details();
    expect([status, failedIn(body)]).toEqual([200, ['key-vault', 'registry']]);
  });

  it.each([
    ['literal reference', { PAYMENT_API_KEY: unresolved }, 'PAYMENT_API_KEY'],
    ['literal Cosmos key', { COSMOS_KEY: unresolved }, 'COSMOS_KEY'],
    ['an empty setting', { REGISTRY_URL: '' }, 'REGISTRY_URL'],
    ['a reference nobody knows', { LOYALTY: unresolved }, 'LOYALTY'],
  ])('is unhealthy with %s, and says its name only', async (_what, settings, name) => {
    await store.close();
    await start({ settings });
    const { status, body } = await details();
    expect([status, body.status]).toEqual([503, 'unhealthy']);
    expect(body.dependencies[0]).toMatchObject({ name: 'configuration', healthy: false, seen: `not resolved: ${name}` });
    expect((await store.send('GET', '/api/health/instance')).status).toBe(503);
    expect((await store.send('HEAD', '/api/health/instance')).status).toBe(503);
  });

  it('leaves when told to, and comes back', async () => {
    store.shop.setRotation(false);
    const { status, body } = await details();
    expect([status, body]).toEqual([503, { status: 'out-of-rotation' }]);
    expect((await store.send('HEAD', '/api/health')).status).toBe(503);
    expect((await store.send('GET', '/api/products')).status).toBe(200);
    store.shop.setRotation(true);
    expect((await details()).status).toBe(200);
  });
});

describe('a round of probes', () => {
  const probesSeen = () => ({
    writes: store.operations.filter(({ container, operationType }) => container === 'health' && operationType === 'Create')
      .length,
    vault: store.outside.sent.filter(({ service }) => service === 'vault').length,
    payment: store.outside.sent.filter(({ service }) => service === 'payment-health').length,
  });

  it('is one for 200 callers, while it runs and until the cache ends', async () => {
    // Far longer than a busy machine takes for 200 calls.
    await store.close();
    await start({ settings: { HEALTH_CACHE_SECONDS: '600' } });
    await Promise.all(Array.from({ length: 200 }, (_, n) => store.send(n % 2 ? 'GET' : 'HEAD', '/api/health')));
    expect(probesSeen()).toEqual({ writes: 1, vault: 1, payment: 1 });
    store.pass(400_000);
    await details();
    expect(probesSeen()).toEqual({ writes: 1, vault: 1, payment: 1 });
    store.pass(200_001);
    await Promise.all(Array.from({ length: 200 }, () => details()));
    expect(probesSeen()).toEqual({ writes: 2, vault: 2, payment: 2 });
  });

  it('is held as long as configured', async () => {
    await store.close();
    await start({ settings: { HEALTH_CACHE_SECONDS: '600' } });
    await details();
    store.pass(500_000);
    await details();
    expect(probesSeen().vault).toBe(1);
    store.pass(100_001);
    await details();
    expect(probesSeen().vault).toBe(2);
  });

  it('sees a failure, and the recovery, one cache period later', async () => {
    await details();
    store.faults.set('cosmos-reads', {});
    expect((await details()).status).toBe(200);
    store.pass(10_001);
    expect((await details()).status).toBe(503);
    store.faults.clear();
    store.pass(10_001);
    expect((await details()).status).toBe(200);
  });

  it('leaves nothing behind, and costs its caller nothing', async () => {
    const answer = await store.send('GET', '/api/health');
    expect(answer.headers['x-contoso-request-charge']).toBeUndefined();
    expect(store.documents('health')).toBe(0);
    expect(store.operations.filter(({ container }) => container === 'health').map(({ operationType }) => operationType)).toEqual([
      'Create',
      'Delete',
    ]);
    expect(store.outside.sent.filter(({ service }) => service === 'payment')).toEqual([]);
  });

  it('pays for one request of the registry and the vault with one token each', async () => {
    for (let round = 0; round < 3; round++) {
      await details();
      store.pass(10_001);
    }
    const tokens = store.outside.sent.filter(({ service }) => service === 'identity');
    expect(tokens.map(({ headers }) => headers['x-identity-header'])).toEqual(['only-the-app-knows', 'only-the-app-knows']);
    const vault = store.outside.sent.find(({ service }) => service === 'vault');
    expect(vault?.headers.authorization).toBe('Bearer token-of-the-app');
  });

  it.each([
    [0.05, dependencies.length],
    [0.5, 0],
  ])('keeps successes by sampling: drawn %d keeps %i', async (drawn, kept) => {
    store.draw(drawn);
    await details();
    expect(store.telemetry.filter(({ data }) => data.type === 'Health probe')).toHaveLength(kept);
  });
});

describe('the verdict of a round', () => {
  const result = (impact: 'critical' | 'degrades', healthy: boolean): ProbeResult => ({
    name: 'x',
    impact,
    healthy,
    startedAt: 0,
    durationMs: 1,
  });
  it.each([
    ['all well', [result('critical', true), result('degrades', true)], 0, 'healthy'],
    ['a lesser one fails', [result('critical', true), result('degrades', false)], 0, 'degraded'],
    ['a critical one fails', [result('critical', false), result('degrades', true)], 0, 'unhealthy'],
    ['both fail', [result('critical', false), result('degrades', false)], 0, 'unhealthy'],
    ['as old as allowed', [result('critical', true)], 13_000, 'healthy'],
    ['stale', [result('critical', true)], 13_001, 'unhealthy'],
    ['nothing was probed', [], 0, 'unhealthy'],
  ] as const)('%s', (_what, results, ageMs, expected) => {
    expect(judge({ checkedAt: 1_000, results }, 1_000 + ageMs, 13_000)).toBe(expected);
  });

  it('ends at the overall limit whatever probes do', async () => {
    const never = () => new Promise<void>(() => undefined);
    const health = createHealth({
      dependencies: [
        { name: 'deaf', impact: 'critical', timeLimitMs: 60_000, probe: never },
        { name: 'throws', impact: 'degrades', timeLimitMs: 60_000, probe: () => Promise.reject(new Error('broken')) },
      ],
      tools: {} as never,
      world: { now: () => Date.now(), random: () => 0, timeScale: 1 },
      cacheSeconds: 10,
      overallLimitMs: 30,
      onProbe: () => undefined,
    });
    const round = await health.check();
    expect(round.results.map(({ seen }) => seen)).toEqual(['no answer within 30 ms', 'broken']);
    expect(health.statusOf(round)).toBe('unhealthy');
  });
});
