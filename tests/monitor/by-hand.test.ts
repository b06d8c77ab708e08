import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { lockPath, takeLock } from '../../synthetics/monitor/lock.ts';
import { heartbeatName } from '../../synthetics/result.ts';
import { openOutbox } from '../../telemetry/outbox.ts';
import { script } from '../acceptance/process.ts';
import { elsewhere } from '../support/elsewhere.ts';
import { aResult } from '../support/results.ts';
import { environmentWith } from './checks.ts';
import { environmentAt, startShop } from './shop-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'by-hand-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Nothing listens at its stamps, and it has no telemetry. */
const environment = { ...elsewhere(environmentAt({ nowhere: 1 }, { port: 0 })), name: `by-hand-${process.pid}`, telemetry: {} };
environment.cosmosAccounts = environment.cosmosAccounts.map((one) => ({ ...one, regions: ['nowhere'] }));
const environmentFile = join(folder, 'environment.json');
writeFileSync(environmentFile, JSON.stringify(environment));

const outbox = (name: string) => join(folder, `${name}.db`);
const run = (name: string, args: readonly string[], variables: NodeJS.ProcessEnv = {}) =>
  script(name, ['--env', environmentFile, ...args], { APPLICATIONINSIGHTS_CONNECTION_STRING: '', ...variables }).ended;

/** Something that counts who calls it; it has no certificate, so that nobody gets further than that. */
async function counting() {
  let calls = 0;
  const server = createServer().on('connection', () => (calls += 1));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return { url, calls: () => calls, close: () => server.close() };
}

describe('a replay', () => {
  test.each([
    { auth: environment.auth, code: 1 },
    // Nobody gives a token there: nothing is known of the store.
    { auth: { ...environmentWith().auth, tokenEndpoint: 'https://127.0.0.1:1/token' }, code: 2 },
  ])('with $auth.kind ends with $code', async ({ auth, code }) => {
    const shop = await startShop();
    const file = join(folder, `replay-${code}.json`);
    const port = code === 1 ? 1 : shop.port;
    const stamps = environment.stamps.map((stamp) => ({ ...stamp, endpoint: `http://127.0.0.1:${port}` }));
    writeFileSync(file, JSON.stringify({ ...environment, auth, stamps }));
    const kept = openOutbox(outbox(`replay-${code}`), { now: Date.now });
    const phases = { dnsMs: 1, connectMs: 12.2, tlsMs: 30, firstByteMs: 460, downloadMs: 9 };
    const steps = [{ name: 'pay', durationMs: 512.4, outcome: 'passed' as const, status: 201, requests: 1, phases }];
    const result = aResult(1, { journey: 'cart', target: { kind: 'stamp', name: 'nowhere', endpoint: '' }, steps });
    kept.add([result]);
    kept.close();
    const ended = await run('replay', [result.id, '--env', file, '--outbox', outbox(`replay-${code}`)]);
    await shop.close();
    expect(ended).toMatchObject({ code, output: expect.stringContaining('the trace: npx playwright show-trace') });
    expect(ended.output).toContain('  pay: 512 ms, status 201 (dns 1, connect 12, tls 30, first byte 460, download 9 ms)\n');
  });
});

describe('the monitor, by hand', () => {
  test('stops in order though SIGTERM comes while it starts', async () => {
    // A signal just before it serves its page, the last thing that a start waits for.
    const preload = join(folder, 'early.cjs');
    writeFileSync(
      preload,
      `const { Server } = require('node:net');
       const { listen } = Server.prototype;
       Server.prototype.listen = function (...given) { process.emit('SIGTERM'); return listen.apply(this, given); };`,
    );
    const variables = { NODE_OPTIONS: `--require ${preload}` };
    const { child, ended } = script('monitor', ['--env', environmentFile, '--outbox', outbox('early')], variables);
    const late = setTimeout(() => child.kill('SIGKILL'), 100_000);
    const { code, signal, output } = await ended;
    clearTimeout(late);
    expect([code, signal]).toEqual([0, null]);
    expect(output).toContain('"event":"stopped"');
  });

  test('one round whose results are kept nowhere is inconclusive', async () => {
    const shop = await startShop();
    const stamps = environment.stamps.map((stamp) => ({ ...stamp, endpoint: `http://127.0.0.1:${shop.port}` }));
    const file = join(folder, 'kept-nowhere.json');
    writeFileSync(file, JSON.stringify({ ...environment, stamps }));
    const kept = await run('monitor', ['--env', file, '--once', '--outbox', outbox('kept')]);
    expect(kept).toMatchObject({ code: 0, output: expect.not.stringContaining('"kept"') });
    const lost = await run('monitor', ['--env', file, '--once', '--outbox', join(file, 'no-folder.db')]);
    await shop.close();
    expect(lost).toMatchObject({ code: 2, output: expect.stringContaining('"kept":"nowhere: they are lost"') });
  });

  test('a dry run sends nothing to anybody, and keeps nothing', async () => {
    const shop = await startShop();
    const [ingestion, watcher] = [await counting(), await counting()];
    const telemetry = {
      connectionString: `InstrumentationKey=00000000-0000-0000-0000-000000000001;IngestionEndpoint=${ingestion.url}`,
    };
    const file = join(folder, 'dry.json');
    const stamps = environment.stamps.map((stamp) => ({ ...stamp, endpoint: `http://127.0.0.1:${shop.port}` }));
    const monitor = { ...environment.monitor, deadManUrl: watcher.url };
    writeFileSync(file, JSON.stringify({ ...environment, stamps, monitor, telemetry }));
    const dry = await run('monitor', ['--env', file, '--once', '--dry-run', '--outbox', outbox('dry')]);
    const calls = () => [ingestion.calls() > 0, watcher.calls() > 0];
    const dryCalls = calls();
    const wet = await run('monitor', ['--env', file, '--once', '--outbox', outbox('wet')]);
    await shop.close();
    ingestion.close();
    watcher.close();
    expect(dry).toMatchObject({ code: 0, output: expect.stringMatching(/"event":"would publish","items":\d+/) });
    // The same round without the flag calls there, and keeps what it can't deliver.
    expect([dryCalls, calls(), wet.code]).toEqual([[false, false], [true, true], 2]);
    const kept = (name: string) => {
      const opened = openOutbox(outbox(name), { now: Date.now });
      const { waiting, delivered } = opened.counts();
      opened.close();
      return waiting + delivered;
    };
    expect([kept('dry'), kept('wet') > 0]).toEqual([0, true]);
  });

  test('one round that is asked to stop lets go of what hangs, within its time', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const connected = once(silent, 'connection');
    const endpoint = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const stamps = environment.stamps.map((stamp) => ({ ...stamp, endpoint }));
    const budgets = { ...environment.budgets, requestMs: 60_000, journeyMs: 60_000 };
    const monitor = { ...environment.monitor, stopWithinMs: 300 };
    const file = join(folder, 'silent.json');
    writeFileSync(file, JSON.stringify({ ...environment, stamps, budgets, monitor }));
    const { child, ended } = script('monitor', ['--env', file, '--once', '--outbox', outbox('silent')]);
    const late = setTimeout(() => child.kill('SIGKILL'), 100_000);
    await connected;
    child.kill('SIGTERM');
    const { code, output } = await ended;
    clearTimeout(late);
    silent.closeAllConnections();
    silent.close();
    expect([code, output]).toEqual([130, expect.stringContaining('"event":"abandoned"')]);
  });

  test('refuses a connection string that leads nowhere, at the start and on a reload', async () => {
    const bad = { ...environment, telemetry: { connectionString: 'InstrumentationKey=s3cret' } };
    const file = join(folder, 'reloaded.json');
    writeFileSync(file, JSON.stringify(bad));
    const args = ['--env', file, '--outbox', outbox('reloaded')];
    const refused = await run('monitor', args);
    expect([refused.code, refused.output]).toEqual([3, expect.stringContaining('InstrumentationKey is missing or not')]);
    writeFileSync(file, JSON.stringify(environment));
    const { child, output, ended } = script('monitor', args, { APPLICATIONINSIGHTS_CONNECTION_STRING: '' });
    await expect.poll(output, { timeout: 60_000 }).toContain('"event":"started"');
    writeFileSync(file, JSON.stringify(bad));
    await expect.poll(output, { timeout: 60_000 }).toMatch(/"event":"configuration refused","reason":"[^"]*is malformed/);
    child.kill('SIGTERM');
    expect((await ended).code).toBe(0);
    expect(refused.output + output()).not.toMatch(/s3cret|configuration reloaded/);
  });

  test('leaves an inconclusive heartbeat for a round that it did not start', async () => {
    const release = takeLock(lockPath(environment));
    const { code, output } = await run('monitor', ['--once', '--outbox', outbox('overrun')]);
    const unkept = await run('monitor', ['--once', '--outbox', join(environmentFile, 'no-folder.db')]);
    release?.();
    expect([code, output]).toEqual([2, expect.stringContaining('"event":"overrun"')]);
    expect([unkept.code, unkept.output]).toEqual([2, expect.stringContaining('the overrun is not kept: ')]);
    const kept = openOutbox(outbox('overrun'), { now: Date.now });
    const beats = kept.recent({ since: 0 });
    kept.close();
    expect(beats).toEqual([expect.objectContaining({ journey: heartbeatName, outcome: 'inconclusive' })]);
  });
});
