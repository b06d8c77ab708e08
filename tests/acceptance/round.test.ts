import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type JourneyRound, runJourneys } from '../../scripts/playwright-run.ts';
import { resultName } from '../../synthetics/result.ts';
import type { TestStore } from '../support/store.ts';
import { command, script } from './process.ts';
import { checksIn, nameOf, type Received, received, startNamedStore } from './support.ts';

let store: TestStore;
let folder: string;
let round: JourneyRound;
let ingested: { items: Received[]; count: number };
let served: Received[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'round-'));
  store = await startNamedStore('round', {
    // What is tested is the way of the results; on a busy machine nothing is as fast as it should be.
    change: (environment) => ({
      ...environment,
      budgets: { ...environment.budgets, requestMs: 15_000, journeyMs: 40_000 },
      objectives: { ...environment.objectives, replicationMs: 15_000 },
    }),
  });
  round = await runJourneys(store.environment, store.environmentFile, join(folder, 'results.json'), new AbortController().signal);
  ingested = await received(store, 'Availability');
  served = (await received(store, 'Request')).items;
});
afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const baseOf = ({ envelope }: Received) => envelope.data.baseData;
const resultOf = (id: string) => round.results.find((result) => result.id === id);

describe('a round by Playwright Test', () => {
  it('runs every journey on every target, and all pass', () => {
    const wanted = checksIn(store.environment).map(({ journey, target }) => nameOf({ journey: journey.name, target }));
    expect(wanted).toHaveLength(40);
    expect(round.results.map(nameOf).sort()).toEqual(wanted.sort());
    expect(round.results.filter(({ outcome }) => outcome !== 'passed')).toEqual([]);
    expect(round.faults).toEqual([]);
  });

  it('is accepted as one envelope per journey and target', () => {
    const ids = ingested.items.map((item) => baseOf(item).id);
    expect([ids.length, new Set(ids).size, ingested.count]).toEqual([40, 40, 40]);
    expect(new Set(ids)).toEqual(new Set(round.results.map(({ id }) => id)));
    expect(round.delivery).toMatchObject({ accepted: 40, undelivered: 0, parked: 0 });
    const perCheck = ingested.items.map((item) => `${baseOf(item).properties.journey}@${baseOf(item).properties.target}`);
    expect(new Set(perCheck).size).toBe(40);
  });

  it('says in each envelope what was checked, where, from where, and for how long', () => {
    for (const item of ingested.items) {
      const { id, name, runLocation, duration, success, message, properties } = baseOf(item);
      const result = resultOf(id);
      if (!result) throw new Error(`no result has the id ${id}`);
      const { stamp, region, slot } = result.target;
      expect([name, runLocation, success, message]).toEqual([resultName(result), 'local', true, 'passed']);
      expect([properties.stamp, properties.region, properties.slot]).toEqual([stamp, region, slot]);
      expect(item.envelope.time).toBe(result.startedAt);
      expect(millisecondsOf(duration)).toBeCloseTo(result.durationMs, -1);
      expect(result.durationMs).toBeGreaterThan(0);
    }
  });

  it('keeps slots apart by name', () => {
    const names = ingested.items.map((item) => baseOf(item).name).filter((name) => name.startsWith('checkout'));
    expect(names.sort()).toEqual(['checkout', 'checkout', 'checkout', 'checkout [staging]', 'checkout [staging]']);
  });

  it("shows each result's trace in the store's own requests, where it was served", () => {
    for (const item of ingested.items) {
      const operation = item.envelope.tags['ai.operation.id'];
      const { id, properties } = baseOf(item);
      const requests = served.filter(({ envelope }) => envelope.tags['ai.operation.id'] === operation);
      const result = resultOf(id);
      expect(operation).toBe(result?.traceId);
      expect(requests.length).toBeGreaterThan(0);
      expect(new Set(requests.map(({ envelope }) => envelope.tags['ai.operation.parentId']))).toEqual(new Set([id]));
      const stamps = requests.map((request) => baseOf(request).properties.stamp);
      expect(stamps).toContain(properties.stamp ?? properties.servedByStamp);
      const slots = new Set(requests.map((request) => baseOf(request).properties.slot));
      expect([...slots]).toContain(properties.slot);
    }
  });

  it('is published once: a later publish finds nothing to send', async () => {
    const { code, output } = await script('publish', ['--env', store.environmentFile]).ended;
    expect([code, output]).toEqual([0, expect.stringContaining('accepted 0')]);
    expect((await received(store, 'Availability')).count).toBe(40);
  });
});

function millisecondsOf(duration: string): number {
  const [, hours, minutes, seconds] = /^(\d\d):(\d\d):(\d\d\.\d+)$/.exec(duration) ?? [];
  return (Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds)) * 1_000;
}

describe('Playwright by hand', () => {
  const cli = require.resolve('@playwright/test/cli');
  const playwright = (args: readonly string[]) => {
    const report = join(folder, 'report');
    const variables = { TARGET_ENV: store.environmentFile, PLAYWRIGHT_HTML_OUTPUT_DIR: report, RESULTS_FILE: undefined };
    return command(process.execPath, [cli, ...args], variables);
  };

  it('runs what --grep names, fails as Playwright does, and show-report shows it', async () => {
    const before = (await received(store, 'Availability')).count;
    const fault = { kind: 'payment-down', stamp: 'westeurope', seconds: 600 };
    expect((await store.admin('POST', '/admin/faults', fault)).status).toBe(201);
    const run = playwright(['test', '--grep', '(?=.*@westeurope)(?=.*checkout)', '--output', join(folder, 'artefacts')]);
    const { code, output } = await run.ended;
    await store.admin('DELETE', '/admin/faults');
    expect(output).toContain('1 failed');
    expect(output).not.toContain('passed');
    expect(output).toContain('checkout › pay (westeurope): expected status 201, got 502');
    expect(output).toContain('1 results; Application Insights accepted 1, undelivered 0');
    expect(code).toBe(1);
    expect((await received(store, 'Availability')).count).toBe(before + 1);

    const port = await freePort();
    const shown = playwright(['show-report', join(folder, 'report'), '--host', '127.0.0.1', '--port', String(port)]);
    const page = await vi.waitFor(async () => (await fetch(`http://127.0.0.1:${port}/`)).text(), {
      timeout: 60_000,
      interval: 100,
    });
    expect(page).toContain('Playwright Test Report');
    shown.child.kill('SIGINT');
    await shown.ended;
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
