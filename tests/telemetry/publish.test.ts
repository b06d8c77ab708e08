import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { typescript } from '../../scripts/typescript.ts';
import { openOutbox, outboxPath } from '../../telemetry/outbox.ts';
import { acceptAll, type Ingestion, idOf, refuse, startIngestion } from '../support/ingestion.ts';
import { aResult, results } from '../support/results.ts';

const root = join(__dirname, '..', '..');
/** The command takes the outbox from the environment's name: this name is nobody else's. */
const name = `publish-test-${process.pid}`;
const hourMs = 3_600_000;

let ingestion: Ingestion;
let folder: string;

beforeAll(async () => {
  ingestion = await startIngestion();
  folder = mkdtempSync(join(tmpdir(), 'publish-'));
  writeFileSync(join(folder, 'ca.pem'), ingestion.ca);
});
afterAll(async () => {
  await ingestion.close();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  ingestion.requests.length = 0;
  ingestion.behave(acceptAll);
});
afterEach(() => {
  for (const suffix of ['', '-wal', '-shm']) rmSync(outboxPath(name) + suffix, { force: true });
});

function environmentFile(connectionString: string | undefined): string {
  const { local: _, ...environment } = JSON.parse(readFileSync(join(root, 'fixtures', 'environments', 'local.json'), 'utf8'));
  const file = join(folder, 'environment.json');
  writeFileSync(file, JSON.stringify({ ...environment, name, telemetry: { connectionString } }));
  return file;
}

interface Ended {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

function publish(args: readonly string[]): Promise<Ended> {
  const env = { ...process.env, SSL_CERT_FILE: join(folder, 'ca.pem'), APPLICATIONINSIGHTS_CONNECTION_STRING: '' };
  const command = [...typescript, join(root, 'scripts', 'publish.ts'), ...args];
  return new Promise((resolve) => {
    execFile(process.execPath, command, { env }, (error, output, errors) =>
      resolve({ code: error ? Number(error.code) : 0, output, errors }),
    );
  });
}

/** Results that started so many hours ago. */
function store(count: number, hoursAgo: number): string {
  const startedAt = new Date(Date.now() - hoursAgo * hourMs).toISOString();
  const outbox = openOutbox(outboxPath(name), { now: Date.now });
  outbox.add(results(count).map((result) => ({ ...result, startedAt })));
  outbox.close();
  return startedAt;
}

describe('npm run publish', () => {
  it('delivers what waits with its original time and exits 0', async () => {
    const startedAt = store(3, 2);
    const ended = await publish(['--env', environmentFile(ingestion.connectionString)]);
    expect(ended).toEqual({ code: 0, errors: '', output: 'Application Insights accepted 3\nundelivered 0\nparked 0\n' });
    expect(ingestion.requests.flat().map((item) => [idOf(item), item.time])).toEqual(results(3).map((r) => [r.id, startedAt]));
  });

  it('marks late ones and says how many', async () => {
    const startedAt = store(2, 60);
    const ended = await publish(['--env', environmentFile(ingestion.connectionString)]);
    expect(ended.output).toMatch(/^Application Insights accepted 2, 2 of them late/);
    expect(ingestion.requests[0]?.[0]?.data.baseData.properties).toMatchObject({ late: 'true', originalTime: startedAt });
  });

  it('exits 2 and says why when something stays undelivered', async () => {
    store(3, 1);
    ingestion.behave(refuse((_, index) => (index === 0 ? { statusCode: 439, message: 'quota' } : undefined)));
    const ended = await publish(['--env', environmentFile(ingestion.connectionString)]);
    expect(ended.code).toBe(2);
    expect(ended.output).toBe('Application Insights accepted 2\nundelivered 1: over the daily quota (439: quota)\nparked 0\n');
  });

  it('shows parked ones, and gives them another chance when asked', async () => {
    store(2, 1);
    ingestion.behave(refuse((item) => (idOf(item) === aResult(0).id ? { statusCode: 400, message: 'bad' } : undefined)));
    const file = environmentFile(ingestion.connectionString);
    const first = await publish(['--env', file]);
    expect(first).toMatchObject({
      code: 0,
      output: expect.stringContaining('parked 1, refused for good or unreadable:\n  1 × refused as malformed (400: bad)'),
    });
    ingestion.behave(acceptAll);
    const second = await publish(['--env', file, '--retry-parked']);
    expect(second.output).toBe('1 parked get another chance\nApplication Insights accepted 1\nundelivered 0\nparked 0\n');
  });

  it('says that results stay local without a connection string', async () => {
    store(1, 1);
    const ended = await publish(['--env', environmentFile(undefined)]);
    expect(ended.code).toBe(2);
    expect(ended.output).toContain(
      `undelivered 1: no Application Insights connection string: results stay in ${outboxPath(name)}`,
    );
  });

  it.each([
    [
      'a malformed connection string',
      () => ['--env', environmentFile('InstrumentationKey=s3cret')],
      /malformed: InstrumentationKey is missing or not/,
    ],
    ['an unknown environment', () => ['--env', 'nowhere'], /nowhere/],
    ['an unknown flag', () => ['--retry'], /--retry-parked/],
  ])('exits 3 on %s without repeating secrets', async (_, args, message) => {
    const ended = await publish(args());
    expect(ended).toMatchObject({ code: 3, output: '', errors: expect.stringMatching(message) });
    expect(ended.errors).not.toMatch(/s3cret|\n\s+at /);
  });
});
