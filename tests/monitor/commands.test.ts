import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { typescript } from '../../scripts/typescript.ts';
import { lockPath, takeLock } from '../../synthetics/monitor/lock.ts';
import type { AvailabilityResult, Cause } from '../../synthetics/result.ts';
import { openOutbox } from '../../telemetry/outbox.ts';
import { elsewhere } from '../support/elsewhere.ts';
import { startTestStore, type TestStore } from '../support/store.ts';

const root = join(__dirname, '..', '..');

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly lines: readonly Readonly<Record<string, unknown>>[];
}

describe('monitor commands against the local store', () => {
  const folder = mkdtempSync(join(tmpdir(), 'monitor-commands-'));
  const environmentFile = join(folder, 'environment.json');
  let store: TestStore;
  let environment: TestStore['environment'];
  let resident: ReturnType<typeof startResident>;

  beforeAll(async () => {
    store = await startTestStore();
    // As an environment that others run: the monitor starts no store for it. Two regions, no slots.
    const rest = elsewhere(store.environment);
    const concurrency = { overall: 6, perTarget: 2 };
    const monitor = { ...rest.monitor, port: 0, retries: { count: 0, spacingMs: 0 }, concurrency };
    // Time for a busy machine: what is late here is late by seconds.
    const budgets = { ...rest.budgets, requestMs: 10_000, journeyMs: 30_000 };
    const objectives = { ...rest.objectives, replicationMs: 15_000 };
    environment = { ...rest, monitor, budgets, objectives, stamps: rest.stamps.map((stamp) => ({ ...stamp, slots: [] })) };
    writeFileSync(environmentFile, JSON.stringify(environment));
    writeHurried();
    resident = startResident();
  });

  afterAll(async () => {
    resident.child.kill('SIGKILL');
    await resident.end;
    await store.close();
    rmSync(folder, { recursive: true });
  });

  /** Two rows wait for a limit to pass; for them alone it is short. */
  const shortLimitMs = 4_000;
  const hurried = join(folder, 'hurried.json');
  const writeHurried = () =>
    writeFileSync(
      hurried,
      JSON.stringify({
        ...environment,
        budgets: { ...environment.budgets, requestMs: shortLimitMs },
        objectives: { ...environment.objectives, replicationMs: shortLimitMs },
      }),
    );

  function start(script: string, args: readonly string[], file = environmentFile): ChildProcess {
    return spawn(process.execPath, [...typescript, `scripts/${script}.ts`, '--env', file, ...args], {
      cwd: root,
      env: { ...process.env, SSL_CERT_FILE: store.caFile, APPLICATIONINSIGHTS_CONNECTION_STRING: '', NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  }

  async function ended(child: ChildProcess): Promise<Ended> {
    let out = '';
    child.stdout?.on('data', (chunk: Buffer) => (out += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    const lines = out
      .split('\n')
      .flatMap((line) => (line.startsWith('{"at"') ? [JSON.parse(line) as Record<string, unknown>] : []));
    return { code, out, lines };
  }

  const portOf = (child: ChildProcess) =>
    new Promise<number>((resolve) => {
      let text = '';
      child.stdout?.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        const [, found] = /"event":"started".*"port":(\d+)/.exec(text) ?? [];
        if (found) resolve(Number(found));
      });
    });

  /** From the beginning: its first round comes with a full minute, and by its name it keeps out of the others' way. */
  function startResident() {
    const file = join(folder, 'resident.json');
    writeFileSync(file, JSON.stringify({ ...environment, name: `${environment.name}-resident` }));
    const child = start('monitor', ['--outbox', outbox('resident')], file);
    return { child, end: ended(child), port: portOf(child) };
  }

  const run = (script: string, ...args: string[]) => ended(start(script, args));
  const outbox = (name: string) => join(folder, `${name}.db`);

  test('one round publishes every check, a heartbeat and certificates', async () => {
    const { code, lines } = await run('monitor', '--once', '--outbox', outbox('once'));
    expect(lines.at(-1)).toMatchObject({ event: 'round', expected: 24, finished: 24, passed: 24 });
    expect(code).toBe(0);
    const kept = openOutbox(outbox('once'), { now: Date.now });
    expect(kept.counts()).toMatchObject({ waiting: 0, delivered: 24 + 1 + 3 });
    const [browse] = kept.recent({ since: 0, journey: 'browse', target: 'global' });
    expect(browse?.servedBy?.region).toMatch(/westeurope|eastus/);
    expect(browse?.steps[0]?.phases?.tlsMs).toBeGreaterThan(0);
    const unreadable = { ...(browse as AvailabilityResult), id: 'f'.repeat(16), durationMs: -1 };
    kept.add([unreadable]);
    kept.mark([{ id: unreadable.id, state: 'parked', reason: "can't be read by this version" }]);
    kept.close();
    const status = await run('status', '--outbox', outbox('once'));
    expect(status.out).toContain("outbox: 0 waiting, 1 refused or unreadable, 0 lost\n  1 × can't be read by this version");
    expect(status.code).toBe(0);
    expect(status.out).toMatch(/checkout +│ westeurope +│ passed +│ 100\.00 %/);
    expect(status.out).toContain('24 passed, 0 failed, 0 inconclusive of 24');
    const history = await run('history', '--journey', 'checkout', '--since', '24h', '--outbox', outbox('once'));
    expect(history.out).toContain('3 results: 3 passed, 0 failed, 0 inconclusive');
  });

  test('a round that is still running is reported, not doubled', async () => {
    const release = takeLock(lockPath(environment));
    const { code, lines } = await run('monitor', '--once', '--outbox', outbox('overrun'));
    release?.();
    expect(code).toBe(2);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ level: 'warn', event: 'overrun' });
  });

  test('ends at its time though a check hangs', async () => {
    const file = join(folder, 'hasty.json');
    const monitor = { ...environment.monitor, stopWithinMs: 300, concurrency: { overall: 50, perTarget: 10 } };
    const budgets = { ...environment.budgets, requestMs: 60_000, journeyMs: 60_000 };
    writeFileSync(file, JSON.stringify({ ...environment, monitor, budgets }));
    // The first request of every journey, so that whichever check runs hangs.
    for (const route of ['GET /api/products', 'GET /api/me', 'GET /api/health'])
      await store.admin('POST', '/admin/faults', { kind: 'route', route, delayMs: 60_000, seconds: 600 });
    const child = start('monitor', ['--env', file, '--outbox', outbox('hasty')]);
    const end = ended(child);
    const port = await portOf(child);
    const running = async () => {
      const { body } = await request(`http://127.0.0.1:${port}/healthz`);
      return ((await body.json()) as { running: number }).running;
    };
    await expect.poll(running, { timeout: 60_000 }).toBeGreaterThan(0);
    const beforeMs = Date.now();
    child.kill('SIGTERM');
    const { code, lines } = await end;
    await store.admin('DELETE', '/admin/faults');
    expect(lines.map(({ event }) => event)).toEqual(expect.arrayContaining(['abandoned', 'stopped']));
    expect([code, lines.at(-1)?.event]).toEqual([0, 'stopped']);
    expect(Date.now() - beforeMs).toBeLessThan(20_000);
  });

  interface Fault {
    readonly fault: Readonly<Record<string, unknown>> & { readonly kind: string };
    readonly failing: readonly string[];
    readonly cause: Cause;
    /** It fails by a limit of time. */
    readonly waits?: true;
  }

  test.each<Fault>([
    {
      fault: { kind: 'region-down', region: 'eastus' },
      failing: ['browse eastus', 'checkout eastus', 'health eastus'],
      cause: 'connect',
    },
    { fault: { kind: 'payment-down', region: 'westeurope' }, failing: ['checkout westeurope'], cause: 'http' },
    {
      fault: { kind: 'route', route: 'GET /api/products', status: 503, stamp: 'eastus' },
      failing: ['browse eastus'],
      cause: 'http',
    },
    {
      fault: { kind: 'route', route: 'GET /api/search', reset: true, stamp: 'westeurope' },
      failing: ['search westeurope'],
      cause: 'connect',
    },
    {
      fault: { kind: 'route', route: 'GET /api/search', delayMs: 30_000, stamp: 'eastus' },
      failing: ['search eastus'],
      cause: 'timeout',
      waits: true,
    },
    {
      fault: { kind: 'route', route: 'GET /api/search', status: 429, stamp: 'eastus' },
      failing: ['search eastus'],
      cause: 'throttled',
    },
    {
      fault: { kind: 'certificate-expired', stamp: 'eastus' },
      failing: ['browse eastus', 'checkout eastus', 'certificate eastus'],
      cause: 'tls',
    },
    {
      fault: { kind: 'cosmos-replication', region: 'eastus', delayMs: 60_000 },
      failing: ['across-regions westeurope', 'across-regions global'],
      cause: 'assertion',
      waits: true,
    },
  ])('sees $fault.kind in the right results, and its end: $cause', async ({ fault, failing, cause, waits }) => {
    const name = `${fault.kind}-${cause}`;
    const made = await store.admin('POST', '/admin/faults', { ...fault, seconds: 600 });
    expect(made.status).toBe(201);
    const { code } = await ended(start('monitor', ['--once', '--outbox', outbox(name)], waits ? hurried : environmentFile));
    await store.admin('DELETE', '/admin/faults');
    expect(code).toBe(1);
    const kept = openOutbox(outbox(name), { now: Date.now });
    const failed = kept.recent({ since: 0 }).filter(({ outcome }) => outcome === 'failed');
    const seen = new Map(failed.map((result) => [`${result.journey} ${result.target.name}`, result.failure?.cause]));
    for (const key of failing) expect(`${key}: ${seen.get(key)}`).toBe(`${key}: ${cause}`);
    const other = fault.region === 'westeurope' || fault.stamp === 'westeurope' ? 'eastus' : 'westeurope';
    expect([...seen.keys()].filter((key) => key.endsWith(` ${other}`) && !key.startsWith('across'))).toEqual([]);
    const [one] = failed;
    if (cause !== 'connect') expect(kept.evidenceOf(one?.id ?? '')).toMatchObject({ request: { method: expect.any(String) } });
    kept.close();
  });

  test('shows a failure by its id, and runs it again under Playwright', async () => {
    const kept = openOutbox(outbox('payment-down-http'), { now: Date.now });
    const [result] = kept.recent({ since: 0, journey: 'checkout', target: 'westeurope' });
    kept.close();
    const failures = await run('history', '--failures', '--outbox', outbox('payment-down-http'));
    expect(failures.out).toContain(result?.id);
    const { code, out } = await run('replay', result?.id ?? '', '--outbox', outbox('payment-down-http'));
    expect(out).toContain('the exchange at which it failed:');
    expect(out).not.toContain('Bearer');
    expect(out).toContain('1 passed');
    expect(code).toBe(0);
  });

  test('runs until SIGTERM, shows itself, and ends with 0', async () => {
    const { child, end, port: listening } = resident;
    const port = await listening;
    const health = await request(`http://127.0.0.1:${port}/healthz`);
    expect(health.statusCode).toBe(200);
    expect(await health.body.json()).toMatchObject({ healthy: true, disk: 'takes results' });
    const metrics = async () => (await request(`http://127.0.0.1:${port}/metrics`)).body.text();
    await expect.poll(metrics, { timeout: 60_000 }).toMatch(/synthetics_results_total\{[^}]*outcome="passed"[^}]*\} [1-9]/);
    child.kill('SIGTERM');
    const { code, lines } = await end;
    expect(code).toBe(0);
    expect(lines.map(({ event }) => event)).toEqual(expect.arrayContaining(['started', 'stopping', 'stopped']));
  });

  test.each([
    { script: 'replay', args: ['0123456789abcdef'] },
    { script: 'replay', args: [] },
    { script: 'history', args: ['--since', 'yesterday'] },
    { script: 'history', args: ['--journey', 'chekout'] },
    { script: 'monitor', args: ['--twice'] },
  ])('$script $args exits with 3', async ({ script, args }) => {
    expect((await run(script, ...args, ...(script === 'monitor' ? [] : ['--outbox', outbox('once')]))).code).toBe(3);
  });
});
