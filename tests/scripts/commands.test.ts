import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { IncidentStore } from '../../health/incident-store.ts';
import { caFileOf } from '../../scripts/local-store.ts';
import { certificateName, heartbeatName } from '../../synthetics/result.ts';
import { openOutbox } from '../../telemetry/outbox.ts';
import { script } from '../acceptance/process.ts';
import { aResult } from '../support/results.ts';
import { startTestStore, type TestStore } from '../support/store.ts';

const folder = mkdtempSync(join(tmpdir(), 'commands-'));
const outboxFile = join(folder, 'outbox.db');
const minuteMs = 60_000;
/** Kept apart from what commands by hand keep. */
const environment = `commands-test-${process.pid}`;
let store: TestStore;

beforeAll(async () => {
  store = await startTestStore({ change: (local) => ({ ...local, name: environment }) });
  const outbox = openOutbox(outboxFile, { now: Date.now });
  const ago = (minutes: number) => ({ startedAt: new Date(Date.now() - minutes * minuteMs).toISOString() });
  const location = { kind: 'location', name: 'local', endpoint: '' } as const;
  outbox.add([
    aResult(1, ago(20)),
    aResult(2, { ...ago(1), journey: 'browse' }),
    aResult(3, { ...ago(20), journey: heartbeatName, target: location, warnings: ['2 passed of 2'] }),
  ]);
  outbox.close();
});
afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

/** As `npm run` starts it, against the test's environment. */
const run = (name: string, ...args: string[]) =>
  script(name, ['--env', store.environmentFile, ...args], { SSL_CERT_FILE: '' }).ended;

describe('commands', () => {
  test('status calls nothing passed that it knows nothing of by now, and begins with the last round', async () => {
    const { code, output } = await run('status', '--outbox', outboxFile);
    expect(code).toBe(0);
    expect(output).toMatch(/checkout +│ westeurope +│ unknown for 20 min +│ 100\.00 %/);
    expect(output).toMatch(/browse +│ westeurope +│ passed +│ 100\.00 %/);
    // What has no result is not left out: a target that nobody checks looks like one that is well.
    expect(output).toMatch(/checkout +│ eastus +│ unknown +│ unknown +│ 0\/0 .*no result in this hour/);
    expect(output).toMatch(/browse \[staging\] +│ westeurope-staging +│ unknown /);
    expect(output).toMatch(/^rounds: 1, the last began 1[12]\d\d s ago: 2 passed of 2$/m);
    expect(output.indexOf('rounds: 1')).toBeLessThan(output.indexOf('checkout'));
  });

  test('history says from when on results are kept', async () => {
    const file = join(folder, 'full.db');
    const outbox = openOutbox(file, { now: Date.now, maxRows: 2 });
    const nowMs = Date.now();
    const at = (minutes: number) => new Date(nowMs - minutes * minuteMs).toISOString();
    for (const [number, minutes] of [50, 40, 30].entries()) {
      outbox.add([aResult(number, { startedAt: at(minutes) })]);
      outbox.mark([{ id: aResult(number).id, state: 'delivered' }]);
    }
    outbox.close();
    const shown = async (since: string) => (await run('history', '--outbox', file, '--since', since)).output;
    expect(await shown('2h')).toContain(
      `2 results: 2 passed, 0 failed, 0 inconclusive\nresults from before ${at(40)} are kept no more`,
    );
    expect(await shown('35m')).not.toContain('kept no more');
  });

  test('history says when a certificate ends', async () => {
    const file = join(folder, 'certificate.db');
    const outbox = openOutbox(file, { now: Date.now });
    outbox.add([aResult(1, { journey: certificateName, certificateDays: 41.26, startedAt: new Date().toISOString() })]);
    outbox.close();
    const { code, output } = await run('history', '--journey', 'certificate', '--outbox', file);
    expect([code, output]).toEqual([0, expect.stringContaining('ends in 41.3 days')]);
  });

  test('silence and ack reach the incidents of a monitor that was given an outbox', async () => {
    const file = join(folder, 'given.db');
    openOutbox(file, { now: Date.now }).close();
    const silenced = await run('silence', 'eastus', '--for', '1h', '--why', 'a test', '--outbox', file);
    expect([silenced.code, silenced.output]).toEqual([0, expect.stringContaining('silence 1 of eastus')]);
    const incidents = new IncidentStore(join(folder, 'given-incidents.db'));
    expect(incidents.silences(Date.now())).toEqual([expect.objectContaining({ subject: 'eastus' })]);
    incidents.close();
    expect(await run('ack', '--outbox', file)).toMatchObject({ code: 0, output: 'no incident is open\n' });
  });

  test('a history of incidents that is none is named, without a stack', async () => {
    const file = join(folder, 'spoilt.db');
    openOutbox(file, { now: Date.now }).close();
    writeFileSync(join(folder, 'spoilt-incidents.db'), 'no database, and longer than the header of one'.repeat(10));
    for (const args of [['status'], ['ack'], ['silence', 'eastus', '--for', '1h', '--why', 'a test']]) {
      const { code, output } = await run(args[0] ?? '', ...args.slice(1), '--outbox', file);
      expect(output).toContain(`cannot open the history of incidents ${join(folder, 'spoilt-incidents.db')}: `);
      expect([code, output.includes('    at ')]).toEqual([3, false]);
    }
  });

  test.each([
    [['nowhere'], /^ +area: got "nowhere"; allowed: one of main-job, gate, /m],
    [
      ['health-incidents', 'flood'],
      /part of health-incidents: got "flood"; allowed: one of region, key-vault, instance, payment, cosmos/,
    ],
    [['gate', 'payment'], /part of gate: got "payment"; allowed: nothing/],
  ])('prove refuses %j', async (args, says) => {
    const { code, output } = await script('prove', args).ended;
    expect(output).toMatch(says);
    expect(code).toBe(3);
  });

  test.each(['status', 'history', 'replay'])('%s makes no outbox in the place of one that is not there', async (name) => {
    const file = join(folder, 'nowhere', `${name}.db`);
    const { code, output } = await run(name, '--outbox', file, ...(name === 'replay' ? ['0123456789abcdef'] : []));
    expect(output).toContain(`--outbox: got ${JSON.stringify(file)}, where no file is; allowed: the outbox of a monitor`);
    expect([code, existsSync(file)]).toEqual([3, false]);
  });

  test.each([
    ['replay', [], 'got nothing; allowed: the id of one result'],
    ['replay', ['0123456789abcdef', 'fedcba9876543210'], 'got "0123456789abcdef fedcba9876543210"; allowed: the id of one'],
    ['ack', ['a', 'b'], 'got "a b"; allowed: nothing: no incident is open'],
    ['ack', [''], 'got ""; allowed: nothing: no incident is open'],
    ['ack', ['--why', 'on it'], 'got nothing; allowed: nothing: no incident is open'],
    ['history', ['--since', '90s'], '--since: got "90s"; allowed: a duration such as 30m, 2h, 1h30m or 7d'],
    ['synthetics', ['--journey', 'chekout'], '--journey: got "chekout"; allowed: checkout (did you mean it?)'],
  ] as const)('%s %j is wrong usage', async (name, args, said) => {
    const { code, output } = await run(name, ...args);
    expect(output).toContain(said);
    expect(code).toBe(3);
  });

  test('silence asks whether another name was meant', async () => {
    const { code, output } = await run('silence', 'westeuropa', '--for', '1h30m', '--why', 'a test');
    expect(output).toContain('no open incident is under it; did you mean westeurope?');
    expect(code).toBe(0);
  });

  test('health reads a local store that runs', async () => {
    writeFileSync(caFileOf(store.environment), store.contoso.ca);
    const look = async () => (await run('health', '--outbox', outboxFile)).output;
    let output = await look();
    // Its questions have limits of real time, which a busy machine can miss; nothing that is wrong comes right by asking again.
    for (let again = 0; again < 2 && output.includes('not read'); again += 1) output = await look();
    rmSync(caFileOf(store.environment));
    expect(output).not.toMatch(/Error|not read|doesn’t run/);
    expect(output).toMatch(/westeurope/);
  });
});
