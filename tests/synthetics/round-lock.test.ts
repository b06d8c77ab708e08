import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lockPath, takeLock } from '../../synthetics/monitor/lock.ts';
import { heartbeatName } from '../../synthetics/result.ts';
import { openOutbox, outboxPath } from '../../telemetry/outbox.ts';
import { environmentAt } from '../monitor/shop-server.ts';

const root = join(__dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'round-lock-'));
const environmentFile = join(folder, 'environment.json');
const name = `round-lock-${process.pid}`;

/** A store that never answers: a round against it runs until its time limits. */
let store: Server;
let environment: ReturnType<typeof environmentAt>;

beforeAll(async () => {
  store = createServer(() => undefined);
  await new Promise<void>((resolve) => store.listen(0, '127.0.0.1', resolve));
  const made = environmentAt({ silent: (store.address() as AddressInfo).port });
  const plain = {
    ...made,
    name,
    telemetry: {},
    cosmosAccounts: made.cosmosAccounts.map((one) => ({ ...one, regions: ['silent'] })),
  };
  environment = { ...plain, budgets: { ...plain.budgets, requestMs: 60_000, journeyMs: 60_000 } };
  writeFileSync(environmentFile, JSON.stringify(environment));
});
afterAll(() => {
  store.closeAllConnections();
  store.close();
  rmSync(folder, { recursive: true });
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${outboxPath(name)}${suffix}`, { force: true });
});

function round(...args: string[]): ChildProcess {
  const cli = require.resolve('@playwright/test/cli');
  const all = [
    cli,
    'test',
    '--grep',
    ' browse( |$)',
    '--reporter=./synthetics/reporter.ts',
    `--output=${folder}/traces`,
    ...args,
  ];
  const variables = { TARGET_ENV: environmentFile, RESULTS_FILE: '', APPLICATIONINSIGHTS_CONNECTION_STRING: '' };
  return spawn(process.execPath, all, {
    cwd: root,
    env: { ...process.env, ...variables },
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
}

const path = () => `${lockPath(environment)}-playwright`;
const isHeld = () => {
  const release = takeLock(path());
  release?.();
  return release === undefined;
};

async function codeAndErrors(child: ChildProcess): Promise<[number | null, string]> {
  let errors = '';
  child.stderr?.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return [code, errors];
}

describe('plain Playwright rounds', () => {
  test('are not started twice, say the overrun, and leave no lock when killed', async () => {
    const first = round();
    first.stderr?.resume();
    const gone = once(first, 'exit');
    await expect.poll(isHeld, { timeout: 60_000 }).toBe(true);
    const [code, errors] = await codeAndErrors(round());
    expect(code).toBe(2);
    expect(errors).toContain('overrun: the round before is still running');
    const outbox = openOutbox(outboxPath(name), { now: Date.now });
    const [beat, ...rest] = outbox.recent({ since: 0 });
    outbox.close();
    expect(rest).toEqual([]);
    expect(beat).toMatchObject({ journey: heartbeatName, outcome: 'inconclusive', failure: { step: 'round', cause: 'probe' } });
    // A list of tests runs none, and so is no round.
    expect((await codeAndErrors(round('--list')))[0]).toBe(0);
    expect(isHeld()).toBe(true);
    process.kill(-(first.pid ?? 0), 'SIGKILL');
    await gone;
    expect(isHeld()).toBe(false);
  });
});
