import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestCase, TestResult } from '@playwright/test/reporter';
import { afterAll, afterEach, beforeEach, expect, describe as group, test, vi } from 'vitest';
import { loadEnvironment } from '../../fixtures/environments/load.ts';
import { announce, underWayFolder } from '../../synthetics/monitor/under-way.ts';
import AvailabilityReporter from '../../synthetics/reporter.ts';
import { type AvailabilityResult, availabilityResultSchema } from '../../synthetics/result.ts';
import { openOutbox, outboxPath } from '../../telemetry/outbox.ts';
import { aResult } from '../support/results.ts';

const name = `reporter-${process.pid}`;
const folder = mkdtempSync(join(tmpdir(), 'reporter-'));
const environmentFile = join(folder, 'environment.json');
const resultsFile = join(folder, 'deep', 'results.json');
const { local: _, ...environment } = loadEnvironment('local', {});
writeFileSync(environmentFile, JSON.stringify({ ...environment, name, telemetry: {} }));

let printed: string[];
beforeEach(() => {
  vi.stubEnv('TARGET_ENV', environmentFile);
  vi.stubEnv('RESULTS_FILE', resultsFile);
  printed = [];
  vi.spyOn(console, 'log').mockImplementation((line: string) => void printed.push(line));
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  rmSync(join(folder, 'deep'), { recursive: true, force: true });
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${outboxPath(name)}${suffix}`, { force: true });
});
afterAll(() => rmSync(folder, { recursive: true }));

/** As much of Playwright's test as the reporter reads. */
const testOf = (target: string, journey = 'checkout', annotations: TestCase['annotations'] = []) =>
  ({ title: journey, parent: { title: target }, annotations }) as unknown as TestCase;
const endOf = (change: Partial<TestResult>) =>
  ({
    status: 'failed',
    attachments: [],
    startTime: new Date('2026-11-23T12:00:00Z'),
    duration: 25_000.4,
    ...change,
  }) as TestResult;
const attached = (result: unknown): Partial<TestResult> => ({
  status: 'passed',
  attachments: [{ name: 'availability-result', contentType: 'application/json', body: Buffer.from(JSON.stringify(result)) }],
});

async function report(...ends: readonly [TestCase, TestResult][]) {
  const reporter = new AvailabilityReporter();
  for (const [testCase, result] of ends) reporter.onTestEnd(testCase, result);
  await reporter.onEnd();
  const written = JSON.parse(readFileSync(resultsFile, 'utf8')) as { results: unknown[]; leftOut: string[] };
  return { results: written.results.map((result) => availabilityResultSchema.parse(result)), leftOut: written.leftOut };
}

group('what is under way', () => {
  const folderOf = underWayFolder(name);
  afterEach(() => rmSync(folderOf, { recursive: true, force: true }));

  test('is marked on the results that it concerns, and on no other', async () => {
    const now = new Date();
    const at = (target: string) =>
      aResult(1, {
        startedAt: now.toISOString(),
        id: target === 'eastus' ? 'a'.repeat(16) : 'b'.repeat(16),
        target: { kind: 'stamp', name: target, endpoint: '', stamp: target, region: target },
      });
    announce(folderOf, {
      kind: 'load',
      why: 'load test target',
      targets: ['eastus'],
      fromMs: +now - 5_000,
      untilMs: +now + 60_000,
    });
    const { results } = await report(
      [testOf('eastus'), endOf(attached(at('eastus')))],
      [testOf('westeurope'), endOf(attached(at('westeurope')))],
    );
    expect(results.map(({ target, marks }) => [target.name, marks])).toEqual([
      ['eastus', { load: 'load test target' }],
      ['westeurope', undefined],
    ]);
  });

  test('tells whether the region that served the global endpoint is healthy, whatever ended first', async () => {
    const startedAt = new Date().toISOString();
    const servedBy = { region: 'eastus', stamp: 'eastus', instance: 'i-1', build: '1' };
    const global = aResult(1, { startedAt, servedBy, target: { kind: 'global', name: 'global', endpoint: '' } });
    const failed = { startedAt, durationMs: 1, outcome: 'failed' } as const;
    const eastus = aResult(2, {
      startedAt,
      outcome: 'failed',
      attempts: [failed],
      failure: { step: 'pay', rule: 'status 201', seen: '502', cause: 'http' },
      target: { kind: 'stamp', name: 'eastus', endpoint: '', stamp: 'eastus', region: 'eastus' },
    });
    const { results } = await report(
      [testOf('global'), endOf(attached(global))],
      [testOf('eastus'), endOf({ ...attached(eastus), status: 'failed' })],
    );
    const seen = results.find(({ target }) => target.name === 'global');
    expect(seen?.servedByHealthyRegion).toBe(false);
    expect(seen?.warnings.at(-1)).toBe('the global endpoint was served by eastus, where checkout fails');
  });
});

test('the exchange at which a journey failed is kept beside its result, for npm run replay', async () => {
  const failed: AvailabilityResult = {
    ...aResult(1),
    outcome: 'failed',
    failure: { step: 'pay', rule: 'status 201', seen: '503', cause: 'http' },
  };
  const exchange = { request: { method: 'POST', url: 'https://localhost:8443/api/orders' }, answer: { status: 503 } };
  const { attachments = [] } = attached(failed);
  const body = Buffer.from(JSON.stringify(exchange));
  const both = [...attachments, { name: 'failing exchange', contentType: 'application/json', body }];
  await report([testOf('westeurope'), endOf({ attachments: both })]);
  const outbox = openOutbox(outboxPath(name), { now: Date.now });
  expect(outbox.evidenceOf(failed.id)).toEqual(exchange);
  outbox.close();
});

group('a test that ended without a result', () => {
  const red = '\u001b[31mError: worker process exited unexpectedly\u001b[39m\n    at somewhere';
  test.each([
    ['hung', { status: 'timedOut' }, 'failed', 'timeout', 'the journey to end', 'still running after 25000 ms'],
    [
      'crashed',
      { status: 'failed', error: { message: red } },
      'inconclusive',
      'probe',
      'a result of the journey',
      'Error: worker process exited unexpectedly',
    ],
    ['was interrupted', { status: 'interrupted' }, 'inconclusive', 'probe', 'a result of the journey', 'interrupted'],
    ['failed and said nothing', { status: 'failed' }, 'inconclusive', 'probe', 'a result of the journey', 'failed'],
    ['passed and said nothing', { status: 'passed' }, 'inconclusive', 'probe', 'a result of the journey', 'passed'],
  ] as const)('and %s still is a check of its target', async (_, end, outcome, cause, rule, seen) => {
    const { results } = await report([testOf('westeurope-staging'), endOf(end as Partial<TestResult>)]);
    expect(results).toMatchObject([
      {
        environment: name,
        journey: 'checkout',
        target: { kind: 'slot', name: 'westeurope-staging', stamp: 'westeurope', slot: 'staging' },
        startedAt: '2026-11-23T12:00:00.000Z',
        outcome,
        failure: { step: 'start', rule, seen, cause },
      },
    ]);
    expect(results[0]?.attempts).toMatchObject([{ outcome, failure: { cause } }]);
  });

  test('and no target is no check', async () => {
    const { results } = await report([testOf('no such target'), endOf({})], [testOf('eastus'), endOf({})]);
    expect(results.map(({ target }) => target.name)).toEqual(['eastus']);
  });

  test('has ids of its own each time', async () => {
    const { results } = await report([testOf('eastus'), endOf({})], [testOf('eastus'), endOf({})]);
    expect(new Set(results.flatMap(({ id, traceId }) => [id, traceId])).size).toBe(4);
  });
});

test('results are kept as they were made, in the outbox and in the file', async () => {
  const made = [aResult(1), aResult(2, { outcome: 'failed' })];
  const { results } = await report(
    ...made.map((result) => [testOf('westeurope'), endOf(attached(result))] as [TestCase, TestResult]),
  );
  expect(results).toEqual(made);
  const outbox = openOutbox(outboxPath(name), { now: Date.now });
  expect(outbox.counts().waiting).toBe(2);
  outbox.close();
  expect(printed.at(-1)).toMatch(/^2 results; Application Insights accepted 0, undelivered 2 \(.+\)$/);
});

test('what was left out is told with its reason', async () => {
  const skipped = testOf('eastus', 'across-regions', [{ type: 'skip', description: 'there is no other region' }]);
  const { results, leftOut } = await report(
    [skipped, endOf({ status: 'skipped' })],
    [testOf('eastus'), endOf(attached(aResult(3)))],
  );
  expect([results.length, leftOut]).toEqual([1, ['across-regions on eastus: there is no other region']]);
  expect(printed[0]).toBe('not run: across-regions on eastus: there is no other region');
});

test('a result that is none is refused, not published', () => {
  const reporter = new AvailabilityReporter();
  expect(() => reporter.onTestEnd(testOf('eastus'), endOf(attached({ outcome: 'splendid' })))).toThrow(/outcome/);
});

test('a run of nothing publishes nothing', async () => {
  await new AvailabilityReporter().onEnd();
  expect(printed).toEqual([]);
});
