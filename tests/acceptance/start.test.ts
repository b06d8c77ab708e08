import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RunReport } from '../../pages/report/run-report.ts';
import { startInProcess } from '../../scripts/local-store.ts';
import { limitMs, startRuns } from './start-runs.ts';

const { given, processes, run, endOf, gone } = startRuns('start');

const reportIn = (folder: string) => JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as RunReport;

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
      const store = await startInProcess(given().environment);
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
      const store = await startInProcess(given().environment);
      try {
        given().write({ ...given().environment, telemetry: { connectionString: deadIngestion } });
        const { code, output, folder } = await endOf(run('start'));
        expect([code, code === 2 ? '' : output]).toEqual([2, '']);
        expect(output).toContain('40 undelivered, kept for the next run or npm run publish');
        given().write(given().environment);
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
    given().write({ ...given().environment, stamps: [], objectives: { ...given().environment.objectives, latencyP95Ms: -1 } });
    const { code, output } = await endOf(run('start'));
    expect(code).toBe(3);
    for (const part of ['stamps', 'objectives.latencyP95Ms', '-1']) expect(output).toContain(part);
    expect(output).not.toContain('at '.padStart(7));
    expect(processes()).toEqual([]);
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
