import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Environment } from '../../fixtures/environments/schema.ts';
import { realClock } from '../../synthetics/monitor/clock.ts';
import { Monitor } from '../../synthetics/monitor/monitor.ts';
import type { AvailabilityResult, Cause } from '../../synthetics/result.ts';
import { openOutbox } from '../../telemetry/outbox.ts';
import { killAtRandom } from './kills.ts';
import { type BadNetwork, startProxy, type Trouble } from './proxy.ts';
import { environmentAt, type ShopServer, startShop } from './shop-server.ts';

const rows: Readonly<Record<string, { trouble: Trouble; cause: Cause | undefined }>> = {
  'a-little-latency': { trouble: { kind: 'latency', ms: 20 }, cause: undefined },
  'latency-over-the-limit': { trouble: { kind: 'latency', ms: 3_000 }, cause: 'timeout' },
  reset: { trouble: { kind: 'reset' }, cause: 'connect' },
  'reset-midway': { trouble: { kind: 'reset-midway', bytes: 60 }, cause: 'connect' },
  'half-open': { trouble: { kind: 'half-open' }, cause: 'timeout' },
  'slow-bodies': { trouble: { kind: 'slow-body', msPerByte: 100 }, cause: 'timeout' },
  truncated: { trouble: { kind: 'truncated', bytes: 60 }, cause: 'connect' },
  garbage: { trouble: { kind: 'garbage' }, cause: 'http' },
};

/** What nothing but a limit ends meets a short one; the rest a wide one, which a busy machine keeps. */
const short = { requestMs: 700, journeyMs: 2_500 };
const wide = { requestMs: 20_000, journeyMs: 60_000 };
const limitsOf = (name: string) => (rows[name]?.cause === 'timeout' ? short : wide);

describe('a network that fails', () => {
  const folder = mkdtempSync(join(tmpdir(), 'network-'));
  let shop: ShopServer;
  const proxies = new Map<string, BadNetwork>();
  const results: AvailabilityResult[] = [];
  let tookMs = 0;

  async function once(environment: Environment): Promise<void> {
    const outbox = openOutbox(':memory:', { now: Date.now });
    const monitor = new Monitor({
      environment,
      tokens: () => ({ token: () => Promise.resolve('token') }),
      openOutbox: () => outbox,
      underWayFolder: folder,
      clock: realClock,
      log: { info: () => undefined, warn: () => undefined },
    });
    await monitor.once();
    // One journey that only reads: what is shown here is the network's.
    results.push(...outbox.recent({ since: 0 }).filter(({ journey }) => journey === 'browse'));
    monitor.close();
  }

  beforeAll(async () => {
    shop = await startShop();
    for (const [name, { trouble }] of Object.entries(rows)) proxies.set(name, await startProxy(shop.port, trouble));
    const ports = Object.fromEntries([...proxies].map(([name, { port }]) => [name, port]));
    const made = environmentAt({ ...ports, refused: await freePort() }, { retries: { count: 1, spacingMs: 100 } });
    // Reserved for names that nobody has: https://www.rfc-editor.org/rfc/rfc2606
    const nowhere = made.stamps
      .slice(0, 1)
      .map((stamp) => ({ ...stamp, name: 'no-such-name', region: 'no-such-name', endpoint: 'http://shop.invalid' }));
    const within = (limits: typeof short) =>
      once({
        ...made,
        stamps: [...made.stamps, ...nowhere].filter(({ name }) => limitsOf(name) === limits),
        budgets: { ...made.budgets, ...limits },
      });
    await within(wide);
    const startedMs = performance.now();
    await within(short);
    tookMs = performance.now() - startedMs;
  });

  afterAll(async () => {
    await Promise.all([...proxies.values()].map((proxy) => proxy.close()));
    await shop.close();
    rmSync(folder, { recursive: true });
  });

  test.each([
    ...Object.entries(rows).map(([name, { cause }]) => ({ name, cause })),
    { name: 'refused', cause: 'connect' as const },
    { name: 'no-such-name', cause: 'dns' as const },
  ])('$name is classified as $cause', ({ name, cause }) => {
    const result = results.find(({ target }) => target.name === name);
    expect(result?.failure?.cause).toBe(cause);
    expect(result?.outcome).toBe(cause ? 'failed' : 'passed');
    expect(result?.durationMs).toBeLessThan(limitsOf(name).journeyMs + 1_000);
  });

  test('never holds up the round beyond its time limits', () => {
    // Eight journeys a target, four at a time, each with its limit and that of its clean-up.
    expect(tookMs).toBeLessThan((8 / 4) * 2 * short.journeyMs + 15_000);
    expect(results).toHaveLength(Object.keys(rows).length + 2);
  });

  test('leaves no connection open', async () => {
    await expect.poll(() => [...proxies.values()].reduce((sum, proxy) => sum + proxy.open(), 0), { timeout: 60_000 }).toBe(0);
  });
});

describe('a monitor that is killed', () => {
  test('loses no result that it kept, in ten kills at random moments', async () => {
    const killed = await killAtRandom(10, 1, { periodMs: 400, livesMs: 1_200 });
    expect(killed.kept).toBeGreaterThan(50);
    expect(killed.arrived).toBe(killed.kept);
    expect(killed.waiting).toBe(0);
    expect(killed.lastExit).toBe(0);
  }, 300_000);
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
