import { afterEach, describe, expect, it } from 'vitest';
import { builds } from '../../../fixtures/contoso/shop/builds.ts';
import { healthCacheSeconds } from '../../../fixtures/contoso/shop/settings.ts';
import { healthReader, type Store, servedBy, startStore } from './store.ts';

let store: Store;
afterEach(() => store?.close());

const timed = async (path: string) => {
  const startedAt = performance.now();
  const answer = await store.send('GET', path);
  return { ...answer, ms: performance.now() - startedAt };
};

describe('builds', () => {
  it('slow: one route late, the others not', async () => {
    store = await startStore({ behaviour: builds.slow });
    const slow = await timed('/api/products');
    expect([slow.status, slow.ms >= 395]).toEqual([200, true]);
    // A busy machine makes some of them late, the build would all.
    const others = [];
    for (let sent = 0; sent < 5; sent++) others.push(await timed('/api/search?q=comet'));
    expect(others.map(({ status }) => status)).toEqual(Array(5).fill(200));
    expect(Math.min(...others.map(({ ms }) => ms))).toBeLessThan(395);
  });

  it('failing: one route fails, the others not', async () => {
    store = await startStore({ behaviour: builds.failing });
    const failing = await store.send('GET', '/api/search?q=comet');
    expect([failing.status, failing.json.error?.code]).toEqual([500, 'build_defect']);
    expect((await store.send('GET', '/api/products')).status).toBe(200);
    expect((await store.send('GET', '/api/health')).status).toBe(200);
  });

  it('costly: a third more RU in one step alone', async () => {
    const chargeOf = async (path: string) => Number((await store.send('GET', path)).headers['x-contoso-request-charge']);
    store = await startStore();
    const [list, one] = [await chargeOf('/api/products'), await chargeOf('/api/products/shoe-0001')];
    await store.close();
    store = await startStore({ behaviour: builds.costly });
    const ratio = (await chargeOf('/api/products')) / list;
    expect(ratio).toBeGreaterThanOrEqual(1.3);
    expect(ratio).toBeLessThan(1.4);
    expect(await chargeOf('/api/products/shoe-0001')).toBe(one);
  });

  it('silent: answers, and tells no charge', async () => {
    store = await startStore({ behaviour: builds.silent });
    const { status, headers } = await store.send('GET', '/api/products');
    expect([status, headers['x-contoso-request-charge']]).toEqual([200, undefined]);
  });

  it('leaking: holds what it took for every request', async () => {
    store = await startStore({ behaviour: { leakKbPerRequest: 2_048 } });
    const before = process.memoryUsage().arrayBuffers;
    for (let request = 0; request < 20; request++) await store.send('GET', '/api/health/instance');
    expect(process.memoryUsage().arrayBuffers - before).toBeGreaterThan(20 * 2_048 * 1_024 * 0.9);
    // All instances are one process: each holds 128 MB at most.
    for (let request = 0; request < 80; request++) await store.send('GET', '/api/health/instance');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(150 * 1_024 * 1_024);
  });

  it('no-secret: unhealthy in each place, by the name of the setting', async () => {
    store = await startStore({ behaviour: builds['no-secret'] });
    const { status, text } = await store.send('GET', '/api/health', healthReader);
    expect([status, text.includes('LOYALTY_API_KEY')]).toEqual([503, true]);
    expect((await store.send('GET', '/api/health/instance')).status).toBe(503);
    await store.close();
    store = await startStore({ behaviour: builds['no-secret'], settings: { LOYALTY_API_KEY: 'set' } });
    expect((await store.send('GET', '/api/health')).status).toBe(200);
  });

  it('good: behaves', async () => {
    store = await startStore({ behaviour: builds.good });
    expect((await store.send('GET', '/api/health')).status).toBe(200);
  });
});

describe('an instance', () => {
  it('names its slot, where it has one', async () => {
    store = await startStore({ servedBy: { ...servedBy, slot: 'staging' } });
    for (const path of ['/api/products', '/api/nothing', '/api/me'])
      expect((await store.send('GET', path)).headers['x-contoso-slot']).toBe('staging');
  });

  it.each([
    [undefined, 10],
    ['', 10],
    ['2.5', 2.5],
  ])('holds health for %j: %d s', (value, seconds) => {
    expect(healthCacheSeconds(value === undefined ? {} : { HEALTH_CACHE_SECONDS: value })).toBe(seconds);
  });

  it.each(['0', '-1', 'ten', 'NaN'])('refuses to hold health for %j', (value) => {
    expect(() => healthCacheSeconds({ HEALTH_CACHE_SECONDS: value })).toThrow(
      `HEALTH_CACHE_SECONDS: seconds above 0, got ${value}`,
    );
  });
});
