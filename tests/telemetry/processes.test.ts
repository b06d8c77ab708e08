import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { typescript } from '../../scripts/typescript.ts';
import { deliver } from '../../telemetry/deliver.ts';
import { openOutbox } from '../../telemetry/outbox.ts';
import { acceptAll, type Ingestion, idOf, startIngestion } from '../support/ingestion.ts';
import { results } from '../support/results.ts';

const now = () => Date.UTC(2026, 10, 23, 13);

let ingestion: Ingestion;
let folder: string;
let path: string;
let children: ChildProcess[];

beforeAll(async () => {
  ingestion = await startIngestion();
});
afterAll(() => ingestion.close());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'outbox-processes-'));
  path = join(folder, 'outbox.db');
  writeFileSync(join(folder, 'ca.pem'), ingestion.ca);
  ingestion.requests.length = 0;
  ingestion.accepted.length = 0;
  ingestion.behave(acceptAll);
  children = [];
});
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

function run(...values: (string | number)[]): ChildProcess {
  const script = join(__dirname, '..', 'support', 'outbox-process.ts');
  const child = fork(script, values.map(String), { execArgv: [...typescript], stdio: 'inherit' });
  children.push(child);
  return child;
}

const delivering = (command = 'deliver') => run(command, path, ingestion.connectionString, join(folder, 'ca.pem'));
const ended = async (child: ChildProcess) => (await once(child, 'exit'))[0] as number | null;
const distinct = () => new Set(ingestion.accepted.map(idOf)).size;

function fill(count: number): void {
  const outbox = openOutbox(path, { now });
  outbox.add(results(count));
  outbox.close();
}

describe('the outbox among processes', () => {
  it('loses nothing when a delivery is killed half-way', async () => {
    fill(1_500);
    // The second batch arrives, and its answer never comes: the killed process can't know.
    ingestion.behave((items, request) => ({
      ...acceptAll(items, request),
      afterMs: request === 1 ? Number.POSITIVE_INFINITY : 0,
    }));
    const child = delivering();
    await vi.waitFor(() => expect(ingestion.requests).toHaveLength(2), { timeout: 60_000, interval: 20 });
    child.kill('SIGKILL');
    await once(child, 'exit');
    const outbox = openOutbox(path, { now });
    expect(outbox.counts()).toMatchObject({ delivered: 512, waiting: 988 });
    expect(await deliver(outbox, { connectionString: ingestion.connectionString, now, deadlineMs: 10_000 })).toEqual({
      accepted: 988,
      undelivered: 0,
      parked: 0,
      late: 0,
    });
    outbox.close();
    expect(ingestion.accepted).toHaveLength(1_500 + 512);
    expect(distinct()).toBe(1_500);
  });

  it('takes results from several writers at once, each id once', async () => {
    const writers = [0, 200, 400, 600].map((from) => run('write', path, from, 400));
    expect(await Promise.all(writers.map(ended))).toEqual([0, 0, 0, 0]);
    const outbox = openOutbox(path, { now });
    expect(outbox.counts()).toMatchObject({ waiting: 1_000, delivered: 0 });
    expect(
      outbox
        .waiting(2_000)
        .map((row) => row.id)
        .sort(),
    ).toEqual(results(1_000).map((r) => r.id));
    outbox.close();
  });

  it('stays countable once when two processes deliver at once', async () => {
    fill(1_000);
    const [one, two] = [delivering(), delivering()];
    expect(await Promise.all([ended(one), ended(two)])).toEqual([0, 0]);
    expect(distinct()).toBe(1_000);
    const outbox = openOutbox(path, { now });
    expect(outbox.counts()).toMatchObject({ waiting: 0, delivered: 1_000, parked: 0 });
    outbox.close();
  });

  it('lets the SDK speak with the ingestion endpoint alone', async () => {
    fill(3);
    const child = delivering('listen');
    const messages: unknown[] = [];
    child.on('message', (message) => messages.push(message));
    expect(await ended(child)).toBe(0);
    expect(messages).toEqual([{ accepted: 3, undelivered: 0, parked: 0, late: 0 }, ['127.0.0.1']]);
    // Nothing but our items: no metrics, traces or statistics of the SDK.
    expect(ingestion.requests.flat().map((envelope) => envelope.data.baseType)).toEqual(Array(3).fill('AvailabilityData'));
  });
});
