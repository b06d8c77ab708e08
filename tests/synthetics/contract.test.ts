import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, describe as group, test } from 'vitest';
import { describe } from '../../synthetics/journeys/failures.ts';
import { journeys } from '../../synthetics/journeys/index.ts';
import { runJourney } from '../../synthetics/journeys/run.ts';
import { NodeTransport } from '../../synthetics/runners/node.ts';
import { type Cell, type Made, planOf, slowStepServer, type Told, token } from './contract/cells.ts';
import { type BehaviourName, behaviours, type Recorded, Recorder } from './contract/recorder.ts';

const run = promisify(execFile);
const root = join(__dirname, '..', '..');
const runners = ['node', 'playwright', 'k6'] as const;
type Runner = (typeof runners)[number];
const servers = Object.keys(behaviours) as BehaviourName[];

/** Each client writes its own; nothing a store may depend on. `cookie` is none of them: a cookie sent back would differ. */
const ownHeaders = ['host', 'connection', 'accept-encoding', 'content-length', 'user-agent'];

const traceOf = (journey: number, server: number) => `${(journey * 100 + server + 1).toString(16)}`.padStart(32, '0');
const folder = mkdtempSync(join(tmpdir(), 'contract-'));
const made: Record<Runner, Map<string, Made>> = { node: new Map(), playwright: new Map(), k6: new Map() };
const asked: Record<Runner, Map<string, readonly Recorded[]>> = { node: new Map(), playwright: new Map(), k6: new Map() };

async function onNode(cells: readonly Cell[]): Promise<Made[]> {
  const all: Made[] = [];
  for (const cell of cells) {
    const journey = journeys.find(({ name }) => name === cell.journey);
    if (!journey) throw new Error(cell.journey);
    const rules: Told[] = [];
    const rule = (text: string, holds: boolean, seen: unknown, step: string) =>
      void rules.push({ rule: text, holds, seen: describe(seen), step });
    const { context, route } = planOf(cell);
    const transport = new NodeTransport({ token: () => Promise.resolve(token) });
    const record = await runJourney(journey, context, transport, route, { rule });
    await transport.close();
    all.push({ cell, record, rules });
  }
  return all;
}

async function onPlaywright(cells: readonly Cell[]): Promise<Made[]> {
  const collect = join(folder, 'playwright');
  mkdirSync(collect);
  const env = { ...process.env, CELLS: fileOf('playwright', cells), COLLECT: collect };
  const cli = join(root, 'node_modules/@playwright/test/cli.js');
  await run(process.execPath, [cli, 'test', '-c', join(root, 'tests/synthetics/contract/playwright.config.ts')], {
    env,
    cwd: root,
  });
  const files = readdirSync(collect).filter((name) => name.endsWith('.json') && !name.startsWith('.'));
  return files.map((name) => JSON.parse(readFileSync(join(collect, name), 'utf8')) as Made);
}

async function onK6(cells: readonly Cell[]): Promise<Made[]> {
  const all: Made[] = [];
  const collector = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    all.push(JSON.parse(text) as Made);
    response.end();
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  const env = {
    ...process.env,
    CELLS: fileOf('k6', cells),
    COLLECT: `http://127.0.0.1:${(collector.address() as AddressInfo).port}/`,
  };
  const script = join(root, 'tests/synthetics/contract/on-k6.ts');
  await run(join(root, '.local/bin/k6'), ['run', '--quiet', '--no-usage-report', '--address', '', script], { env, cwd: root });
  collector.closeAllConnections();
  await new Promise((resolve) => collector.close(resolve));
  return all;
}

const run_: Record<Runner, (cells: readonly Cell[]) => Promise<Made[]>> = { node: onNode, playwright: onPlaywright, k6: onK6 };

function fileOf(name: string, cells: readonly Cell[]): string {
  const file = join(folder, `${name}-cells.json`);
  writeFileSync(file, JSON.stringify(cells));
  return file;
}

/** Every journey on every server by one runner. `failAt`: which request fails in the run that fails half-way. */
async function runAll(runner: Runner, wanted: readonly BehaviourName[], failAt: ReadonlyMap<string, number>): Promise<void> {
  const recorders = wanted.map((server) => ({ server, recorder: new Recorder(server, failAt) }));
  const cells: Cell[] = [];
  for (const { server, recorder } of recorders) {
    const at = await recorder.start();
    for (const [index, { name }] of journeys.entries())
      cells.push({ journey: name, server, ...at, traceId: traceOf(index, servers.indexOf(server)) });
  }
  for (const one of await run_[runner](cells)) made[runner].set(one.cell.traceId, one);
  for (const { recorder } of recorders) {
    for (const [trace, requests] of recorder.runs) asked[runner].set(trace, requests);
    await recorder.stop();
  }
}

beforeAll(async () => {
  await runAll('node', ['good'], new Map());
  const halfWay = servers.indexOf('failure half-way');
  const failAt = new Map(
    journeys.map((_, index) => [traceOf(index, halfWay), Math.floor((asked.node.get(traceOf(index, 0))?.length ?? 0) / 2)]),
  );
  const others = servers.filter((server) => server !== 'good');
  await Promise.all([runAll('node', others, failAt), runAll('playwright', servers, failAt), runAll('k6', servers, failAt)]);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const timeless = (text: string) => text.replace(/\d+ ms/g, 'n ms');

/** What must not depend on the runner. */
function contractOf(runner: Runner, trace: string) {
  const one = made[runner].get(trace);
  const requests = asked[runner].get(trace) ?? [];
  return {
    requests: requests.map(({ headers, ...request }) => ({
      ...request,
      headers: Object.fromEntries(
        Object.entries(headers)
          .filter(([name]) => !ownHeaders.includes(name))
          .sort(),
      ),
    })),
    steps: one?.record.steps.map(({ durationMs: _, phases: __, ...step }) => step),
    rules: one?.rules.map((rule) => ({ ...rule, seen: timeless(rule.seen) })),
    outcome: one?.record.outcome,
    failure: one?.record.failure && { ...one.record.failure, seen: timeless(one.record.failure.seen) },
    servedBy: one?.record.servedBy,
    warnings: one?.record.warnings.map(timeless),
  };
}

const expectedCause: Record<BehaviourName, string | undefined> = {
  good: undefined,
  'wrong content': 'assertion',
  'status 500': 'http',
  'status 429': 'throttled',
  timeout: 'timeout',
  'timeout of a step': 'timeout',
  reset: 'connect',
  'malformed JSON': 'assertion',
  'failure half-way': 'http',
};

group.each(servers)('on a server with %s', (server) => {
  test.each(journeys.map(({ name }, index) => ({ name, index })))('$name is the same in all runners', ({ index }) => {
    const trace = traceOf(index, servers.indexOf(server));
    const expected = contractOf('node', trace);
    expect(expected.requests.length).toBeGreaterThan(0);
    expect(expected.outcome).toBe(server === 'good' ? 'passed' : 'failed');
    expect(expected.failure?.cause).toBe(expectedCause[server]);
    expect(contractOf('playwright', trace)).toEqual(expected);
    expect(contractOf('k6', trace)).toEqual(expected);
  });
});

test.each(runners)('a step is cut off at its own limit by %s', (runner) => {
  const server = servers.indexOf(slowStepServer);
  for (const index of journeys.keys()) {
    const [step] = made[runner].get(traceOf(index, server))?.record.steps ?? [];
    expect(step?.outcome).toBe('failed');
    // Far from the ten seconds that its request would have had.
    expect(step?.durationMs).toBeLessThan(5_000);
  }
});

test('a journey that fails half-way leaves nothing behind', () => {
  const halfWay = servers.indexOf('failure half-way');
  const index = journeys.findIndex(({ name }) => name === 'checkout');
  const steps = contractOf('node', traceOf(index, halfWay)).steps ?? [];
  expect(steps.at(-1)).toMatchObject({ name: 'clean up', outcome: 'passed' });
});
