import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { lockPath, takeLock } from '../../synthetics/monitor/lock.ts';
import { heartbeatName } from '../../synthetics/result.ts';
import { openOutbox } from '../../telemetry/outbox.ts';
import { script } from '../acceptance/process.ts';
import { environmentAt } from './shop-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'by-hand-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Nothing listens at its stamps, and it has no telemetry. */
const environment = { ...environmentAt({ nowhere: 1 }, { port: 0 }), name: `by-hand-${process.pid}`, telemetry: {} };
environment.cosmosAccounts = environment.cosmosAccounts.map((one) => ({ ...one, regions: ['nowhere'] }));
const environmentFile = join(folder, 'environment.json');
writeFileSync(environmentFile, JSON.stringify(environment));

const outbox = (name: string) => join(folder, `${name}.db`);
const run = (name: string, args: readonly string[], variables: NodeJS.ProcessEnv = {}) =>
  script(name, ['--env', environmentFile, ...args], { APPLICATIONINSIGHTS_CONNECTION_STRING: '', ...variables }).ended;

describe('the monitor, by hand', { timeout: 60_000 }, () => {
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
    const late = setTimeout(() => child.kill('SIGKILL'), 25_000);
    const { code, signal, output } = await ended;
    clearTimeout(late);
    expect([code, signal]).toEqual([0, null]);
    expect(output).toContain('"event":"stopped"');
  });

  test('leaves an inconclusive heartbeat for a round that it did not start', async () => {
    const release = takeLock(lockPath(environment));
    const { code, output } = await run('monitor', ['--once', '--outbox', outbox('overrun')]);
    release?.();
    expect([code, output]).toEqual([2, expect.stringContaining('"event":"overrun"')]);
    const kept = openOutbox(outbox('overrun'), { now: Date.now });
    const beats = kept.recent({ since: 0 });
    kept.close();
    expect(beats).toEqual([expect.objectContaining({ journey: heartbeatName, outcome: 'inconclusive' })]);
  });
});
