import { existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { RunReport } from '../../pages/report/run-report.ts';
import { startInProcess } from '../../scripts/local-store.ts';
import { type Command, processesWith, root, script } from './process.ts';
import { type StartEnvironment, startEnvironment } from './start-environment.ts';

let given: StartEnvironment;
/** In the command line or the variables of every process of a run. */
const marker = `acceptance-start-${process.pid}`;
const folders: string[] = [];
/** A run takes 15 s on an idle machine. */
const limitMs = 150_000;

beforeAll(async () => {
  given = await startEnvironment('start');
});
afterEach(() => {
  // Only after a failure is there anything left to end.
  for (const line of processesWith(marker)) process.kill(Number.parseInt(line, 10), 'SIGKILL');
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  given.write(given.environment);
});
afterAll(() => given.close());

const run = (name: string): Command => script(name, ['--env', given.file], { ACCEPTANCE_MARKER: marker });

/** Waits for the end, and takes note of the folder to remove. */
async function endOf(started: Command) {
  const { code, output } = await started.ended;
  const page = /report: (\S+report\.html)/.exec(output)?.[1];
  const folder = page && join(root, dirname(page));
  if (folder) folders.push(folder);
  return { code, output, folder: folder ?? '' };
}

const reportIn = (folder: string) => JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as RunReport;
const gone = () => vi.waitFor(() => expect(processesWith(marker)).toEqual([]), { timeout: 5_000, interval: 50 });

describe('npm start', () => {
  it(
    'does the main job once and passes',
    async () => {
      const { code, output, folder } = await endOf(run('start'));
      expect([code, code === 0 ? '' : output]).toEqual([0, '']);
      for (const part of ['journey', 'westeurope-staging', 'eastus', 'global', 'checkout', 'across-regions', '40 passed'])
        expect(output).toContain(part);
      expect(output).toContain('local Contoso Shoes started in');
      expect(output).toMatch(/load target: pass, [\d.]+ of 20 requests\/s/);
      expect(output).toContain('40 results accepted by Application Insights');
      const report = reportIn(folder);
      expect([report.exitCode, report.results.length, report.load?.verdict]).toEqual([0, 40, 'pass']);
      expect(report.delivery).toMatchObject({ accepted: 40, undelivered: 0 });
      expect(readFileSync(join(folder, 'junit.xml'), 'utf8')).toContain('<testsuite name="westeurope-staging"');
      expect(readFileSync(join(folder, 'report.html'), 'utf8')).toContain('<th scope="col">eastus-staging</th>');
      await gone();
    },
    limitMs,
  );

  it(
    'takes a store that runs, fails with its fault, and keeps what could not be delivered',
    async () => {
      const store = await startInProcess(given.environment);
      const fault = async (body: object) => {
        const headers = { authorization: 'Bearer secret', 'content-type': 'application/json' };
        const { request, Agent } = await import('undici');
        const dispatcher = new Agent({ connect: { ca: store.ca } });
        const answer = await request(`${store.controlUrl}/admin/faults`, {
          dispatcher,
          method: 'POST',
          headers,
          body: JSON.stringify(body),
        });
        expect(answer.statusCode).toBe(201);
        await dispatcher.destroy();
      };
      try {
        await fault({ kind: 'payment-down', stamp: 'eastus', slot: 'staging', seconds: 600 });
        const failed = await endOf(run('start'));
        expect(failed.code).toBe(1);
        expect(failed.output).toContain('was running already');
        expect(failed.output).toContain('39 passed, 1 failed');
        expect(failed.output).toMatch(/checkout › pay \(eastus-staging\): expected status 201, got 502 after \d+ ms/);
      } finally {
        await store.close();
      }
    },
    limitMs,
  );

  it(
    'is inconclusive with ingestion down, and a later publish delivers with original times',
    async () => {
      const store = await startInProcess(given.environment);
      try {
        given.write({ ...given.environment, telemetry: { connectionString: deadIngestion } });
        const { code, output, folder } = await endOf(run('start'));
        expect([code, code === 2 ? '' : output]).toEqual([2, '']);
        expect(output).toContain('40 undelivered, kept for the next run or npm run publish');
        given.write(given.environment);
        const published = await run('publish').ended;
        expect([published.code, published.output]).toEqual([0, expect.stringContaining('accepted 40')]);
        const times = (await availability(store.controlUrl, store.ca)).map(({ envelope }) => envelope.time);
        expect(times.sort()).toEqual(
          reportIn(folder)
            .results.map(({ startedAt }) => startedAt)
            .sort(),
        );
      } finally {
        await store.close();
      }
    },
    limitMs,
  );

  it('says every fault of a malformed environment and starts nothing', async () => {
    given.write({ ...given.environment, stamps: [], objectives: { ...given.environment.objectives, latencyP95Ms: -1 } });
    const { code, output } = await endOf(run('start'));
    expect(code).toBe(3);
    for (const part of ['stamps', 'objectives.latencyP95Ms', '-1']) expect(output).toContain(part);
    expect(output).not.toContain('at '.padStart(7));
    expect(processesWith(marker)).toEqual([]);
  });
});

/** Nothing listens on the discard port. */
const deadIngestion = 'InstrumentationKey=00000000-0000-0000-0000-000000000001;IngestionEndpoint=https://localhost:9/';

async function availability(controlUrl: string, ca: string): Promise<{ envelope: { time: string } }[]> {
  const { request, Agent } = await import('undici');
  const dispatcher = new Agent({ connect: { ca } });
  const headers = { authorization: 'Bearer secret' };
  const { body } = await request(`${controlUrl}/admin/telemetry?kind=Availability`, { dispatcher, headers });
  const { items } = (await body.json()) as { items: { envelope: { time: string } }[] };
  await dispatcher.destroy();
  return items;
}

describe('Ctrl-C', () => {
  const count = (what: string) => processesWith(marker).filter((line) => line.includes(what)).length;
  const runs = (what: string) => () => count(what) > 0;
  const ran = (what: string) => {
    let seen = false;
    return () => {
      const isThere = count(what) > 0;
      seen ||= isThere;
      return seen && !isThere;
    };
  };
  const moments: [string, (started: Command) => boolean, 'group' | 'parent'][] = [
    ['while the store starts', () => count('--env') > 1, 'group'],
    ['when Playwright starts', runs('@playwright/test/cli'), 'parent'],
    ['during journeys', () => count('playwright') > 1, 'group'],
    ['when k6 starts', runs('target.ts'), 'parent'],
    ['during load', (started) => /\/s of 20\/s/.test(started.output()), 'group'],
    ['while the report is written', ran('target.ts'), 'parent'],
  ];

  it.each(moments)(
    '%s leaves no process behind',
    async (when, come, whom) => {
      // Long enough for a line of progress.
      const { load } = given.environment;
      if (when === 'during load') given.write({ ...given.environment, load: { ...load, durationSeconds: 30 } });
      const started = run('start');
      const pid = started.child.pid ?? 0;
      await vi.waitFor(() => expect(come(started)).toBe(true), { timeout: 100_000, interval: 20 });
      const before = performance.now();
      process.kill(whom === 'group' ? -pid : pid, 'SIGINT');
      const { code, output } = await endOf(started);
      expect(performance.now() - before).toBeLessThan(10_000);
      // With its last line written, a run may have ended by itself.
      expect(when === 'while the report is written' ? [130, 0] : [130]).toContain(code);
      expect(output).not.toContain('Error:');
      await gone();
      expect(existsSync(join(root, '.local', `ca-${given.environment.name}.pem`))).toBe(false);
    },
    limitMs,
  );
});
