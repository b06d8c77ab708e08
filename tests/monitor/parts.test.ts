import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAuthority } from '../../fixtures/contoso/azure/certificate.ts';
import { ConfigurationError } from '../../fixtures/environments/errors.ts';
import { loadEnvironment, parseEnvironment } from '../../fixtures/environments/load.ts';
import type { Target } from '../../fixtures/environments/targets.ts';
import { typescript } from '../../scripts/typescript.ts';
import { CertificateWatch, checkCertificate } from '../../synthetics/monitor/certificate.ts';
import { callDeadMan } from '../../synthetics/monitor/dead-man.ts';
import { estimate, readPrices, usageOf } from '../../synthetics/monitor/estimate.ts';
import { LockError, lockPath, takeLock } from '../../synthetics/monitor/lock.ts';
import { jsonLog } from '../../synthetics/monitor/log.ts';
import { reloadOnChange } from '../../synthetics/monitor/reload.ts';
import { percentile, summarise } from '../../synthetics/monitor/summary.ts';
import type { AvailabilityResult } from '../../synthetics/result.ts';
import { evidenceOf } from '../../synthetics/runners/evidence.ts';
import { aResult } from '../support/results.ts';
import { environmentWith } from './checks.ts';
import { failedResult } from './ran.ts';

const dayMs = 86_400_000;
const folder = mkdtempSync(join(tmpdir(), 'monitor-parts-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('certificate', () => {
  const servers: ReturnType<typeof createHttpsServer>[] = [];
  afterAll(() => Promise.all(servers.map((server) => new Promise((closed) => server.close(closed)))));
  let authority: Awaited<ReturnType<typeof createAuthority>>;
  beforeAll(async () => {
    authority = await createAuthority();
    tls.setDefaultCACertificates([...tls.getCACertificates('default'), authority.ca]);
  });

  async function endpointWith(notAfter: Date, issuer = authority): Promise<string> {
    const server = createHttpsServer(await issuer.issue({ notAfter }), (_, response) => response.end('ok'));
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `https://localhost:${(server.address() as AddressInfo).port}`;
  }

  const seenAt = async (endpoint: string) => {
    const environment = environmentWith({ certificate: { warningDays: 21, failingDays: 7 } });
    return checkCertificate(environment, { kind: 'stamp', name: 'westeurope', endpoint, headers: {} }, Date.now);
  };

  test.each([
    { days: 90, outcome: 'passed', warnings: 0 },
    { days: 22, outcome: 'passed', warnings: 0 },
    { days: 20, outcome: 'passed', warnings: 1 },
    { days: 8, outcome: 'passed', warnings: 1 },
    { days: 6, outcome: 'failed', warnings: 0 },
  ])('that ends in $days days: $outcome, $warnings warnings', async ({ days, outcome, warnings }) => {
    const result = await seenAt(await endpointWith(new Date(Date.now() + days * dayMs)));
    expect(result).toMatchObject({ journey: 'certificate', outcome });
    expect(result.warnings).toHaveLength(warnings);
    if (warnings > 0) expect(result.warnings[0]).toMatch(/^the certificate is one that ends \d{4}-\d\d-\d\d, in \d+\.\d days$/);
    if (outcome === 'failed')
      expect(result.failure).toMatchObject({ step: 'expiry', cause: 'tls', rule: 'a certificate for at least 7 more days' });
  });

  test('that has ended, or that nobody vouches for, fails as tls', async () => {
    const ended = await seenAt(await endpointWith(new Date(Date.now() - 60_000)));
    expect([ended.outcome, ended.failure?.cause]).toEqual(['failed', 'tls']);
    const stranger = await seenAt(await endpointWith(new Date(Date.now() + 90 * dayMs), await createAuthority()));
    expect([stranger.outcome, stranger.failure?.cause]).toEqual(['failed', 'tls']);
  });

  test('of an endpoint that is not there is not known', async () => {
    const unseen = await seenAt('https://127.0.0.1:1');
    expect([unseen.outcome, unseen.failure?.cause]).toEqual(['inconclusive', 'connect']);
  });
});

describe('looks at certificates', () => {
  const at = (index: number): Target => ({ kind: 'stamp', name: `stamp-${index}`, endpoint: 'https://localhost', headers: {} });
  const result = (changes: Partial<AvailabilityResult> = {}) =>
    aResult(1, { journey: 'certificate', target: { kind: 'stamp', name: 'stamp-0', endpoint: '' }, ...changes });

  test('are worth a result each hour, and whenever they say something new', () => {
    const watch = new CertificateWatch();
    const ended = failedResult(1, 'tls', { target: result().target });
    const said = [
      [0, result()],
      [1, result()],
      [2, ended],
      [3, ended],
      [4, result()],
      [5, result({ warnings: ['it ends in 15.0 days'] })],
      [6, result({ warnings: ['it ends in 14.9 days'] })],
      [65, result({ warnings: ['it ends in 14.8 days'] })],
    ] as const;
    expect(said.filter(([period, each]) => watch.isNews(period, each)).map(([period]) => period)).toEqual([0, 2, 4, 5, 65]);
  });

  test.each([
    { count: 10, most: 10 },
    { count: 1_000, most: 59 },
  ])('of $count targets take turns, at most $most a period after the first', ({ count, most }) => {
    const watch = new CertificateWatch();
    const targets = Array.from({ length: count }, (_, index) => at(index));
    for (const target of watch.due(0, targets)) watch.isNews(0, result({ target }));
    const looked = Array.from({ length: 20 }, (_, period) => watch.due(period + 1, targets));
    expect(Math.max(...looked.map(({ length }) => length))).toBe(most);
    expect(new Set(looked.flat()).size).toBe(count);
  });
});

describe('lock', () => {
  test('is held once, and free again after its release', () => {
    const path = join(folder, 'locks', 'one');
    const release = takeLock(path);
    expect(release).toBeTypeOf('function');
    expect(takeLock(path)).toBeUndefined();
    release?.();
    expect(existsSync(path)).toBe(false);
    const again = takeLock(path);
    expect(again).toBeTypeOf('function');
    again?.();
  });

  test('of a process that was killed holds nobody back', async () => {
    const path = join(folder, 'locks', 'killed');
    const script = join(folder, 'hold.cjs');
    writeFileSync(
      script,
      `require(${JSON.stringify(join(__dirname, '../../synthetics/monitor/lock.ts'))}).takeLock(${JSON.stringify(path)}); process.send('held'); setInterval(() => {}, 1e6)`,
    );
    const child = fork(script, { execArgv: [...typescript], cwd: join(__dirname, '../..') });
    await once(child, 'message');
    expect(takeLock(path)).toBeUndefined();
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    const release = takeLock(path);
    expect(release).toBeTypeOf('function');
    release?.();
  });

  test('that the disk does not give is no overrun, and says so', () => {
    const file = join(folder, 'a-file');
    writeFileSync(file, 'no database, and longer than the header of one'.repeat(10));
    for (const path of [file, join(file, 'below')]) {
      expect(() => takeLock(path)).toThrow(LockError);
      expect(() => takeLock(path)).toThrow(`cannot take the lock ${path}: `);
    }
  });

  test('that was removed by hand is released, and not that of another', () => {
    const path = join(folder, 'locks', 'removed');
    const first = takeLock(path);
    rmSync(path);
    const second = takeLock(path);
    expect(second).toBeTypeOf('function');
    first?.();
    expect(existsSync(path)).toBe(true);
    expect(takeLock(path)).toBeUndefined();
    rmSync(path);
    second?.();
  });

  test('on a disk that can not be written to is kept in the folder for temporary files', () => {
    const path = join(folder, 'locks', `read-only-${process.pid}`);
    const readOnly = () => true;
    const release = takeLock(path, readOnly);
    expect([typeof release, existsSync(path), takeLock(path, readOnly)]).toEqual(['function', false, undefined]);
    release?.();
    // Who took it while it could be written to still has it.
    const before = takeLock(path);
    expect(takeLock(path, readOnly)).toBeUndefined();
    before?.();
    takeLock(path, readOnly)?.();
  });

  test('differs by environment and by endpoints', () => {
    const one = environmentWith();
    const paths = [one, { ...one, name: 'other' }, { ...one, stamps: one.stamps.slice(1) }].map(lockPath);
    expect(new Set(paths).size).toBe(3);
    expect(lockPath(environmentWith())).toBe(lockPath(one));
  });
});

describe('reload', () => {
  test('takes a good file, refuses a bad one and keeps the old', async () => {
    const file = join(folder, 'environment.json');
    const text = (changes: object) => JSON.stringify({ ...environmentWith(), ...changes });
    writeFileSync(file, text({}));
    const used: string[] = [];
    const lines: { event: string; faults?: unknown; reason?: unknown }[] = [];
    const log = {
      info: (event: string) => void lines.push({ event }),
      warn: (event: string, fields?: object) => void lines.push({ event, ...fields }),
    };
    const read = () => loadEnvironment(file, {});
    const stop = reloadOnChange(file, read, ({ location }) => used.push(location), log, 50);
    // At once: what is written before the first look is a change, too.
    writeFileSync(file, text({ location: 'elsewhere' }));
    await expect.poll(() => used, { timeout: 60_000 }).toEqual(['elsewhere']);
    writeFileSync(file, text({ stamps: [] }));
    await expect.poll(() => lines.at(-1)?.event, { timeout: 60_000 }).toBe('configuration refused');
    expect(JSON.stringify(lines.at(-1)?.faults)).toContain('stamps');
    writeFileSync(file, text({ name: 'another' }));
    await expect.poll(() => String(lines.at(-1)?.reason), { timeout: 60_000 }).toContain('takes a restart');
    rmSync(file);
    await expect.poll(() => JSON.stringify(lines.at(-1)), { timeout: 60_000 }).toMatch(/configuration refused.*(ENOENT|no file)/);
    expect(used).toEqual(['elsewhere']);
    stop();
  });
});

describe('dead man', () => {
  test.each([
    { status: 200, said: undefined },
    { status: 204, said: undefined },
    { status: 302, said: 'status 302' },
    { status: 404, said: 'status 404' },
    { status: 503, said: 'status 503' },
  ])('with status $status: $said', async ({ status, said }) => {
    const server = createHttpsServer({}, () => undefined);
    server.close();
    const { createServer } = await import('node:http');
    const http = createServer((_, response) => response.writeHead(status).end('x'));
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    expect(await callDeadMan(`http://127.0.0.1:${(http.address() as AddressInfo).port}/secret`)).toBe(said);
    http.closeAllConnections();
    await new Promise((resolve) => http.close(resolve));
  });

  test('that is not there is said without its address', async () => {
    expect(await callDeadMan('http://127.0.0.1:1/secret')).toBe('ECONNREFUSED');
  });
});

describe('evidence', () => {
  const wire = {
    method: 'POST' as const,
    url: 'https://shop/api/orders',
    name: 'POST /api/orders',
    headers: {
      authorization: 'Bearer secret',
      'x-azure-fdid': 'secret',
      'content-type': 'application/json',
      traceparent: '00-a-b-01',
    },
    body: 'x'.repeat(5_000),
    limitMs: 1,
  };
  const answer = {
    status: 503,
    durationMs: 1,
    body: 'y'.repeat(5_000),
    header: () => undefined,
    allHeaders: { 'set-cookie': 'session=secret', 'x-contoso-region': 'westeurope', 'content-type': ['text/plain'] },
  };

  test('keeps what helps, bounded, and no secret', () => {
    const kept = evidenceOf({ wire, answer });
    expect(JSON.stringify(kept)).not.toContain('secret');
    expect(kept.request.headers).toEqual({ 'content-type': 'application/json', traceparent: '00-a-b-01' });
    expect(kept.answer?.headers).toEqual({ 'x-contoso-region': 'westeurope', 'content-type': 'text/plain' });
    expect([kept.request.body?.length, kept.answer?.body.length]).toEqual([4_000, 4_000]);
  });

  test('hides what a page of errors repeats of the request', () => {
    const wired = {
      ...wire,
      headers: { ...wire.headers, authorization: 'Bearer t0ken-of-a-shopper', 'x-azure-fdid': 'f00d-1d' },
    };
    const body = 'Authorization: Bearer t0ken-of-a-shopper\nX-Azure-FDID: f00d-1d\nContent-Type: application/json';
    const allHeaders = { location: '/sign-in?token=t0ken-of-a-shopper' };
    const kept = evidenceOf({ wire: wired, answer: { ...answer, body, allHeaders } });
    expect(JSON.stringify(kept)).not.toMatch(/t0ken|f00d/);
    expect(kept.answer?.body).toContain('Content-Type: application/json');
    const error = new Error('invalid header f00d-1d');
    expect(evidenceOf({ wire: wired, error }).error).toBe('invalid header (not kept)');
  });

  test('says what came instead of an answer', () => {
    expect(evidenceOf({ wire, error: new Error('connection reset') })).toMatchObject({ error: 'connection reset' });
  });
});

describe('summary', () => {
  test('counts what says something of the store, and shows the rest', () => {
    const results = [
      aResult(1),
      failedResult(2, 'http'),
      failedResult(3, 'connect', { outcome: 'inconclusive' }),
      failedResult(4, 'http', { marks: { load: 'target' } }),
      aResult(5, { durationMs: 100 }),
      aResult(6, { journey: 'heartbeat' }),
    ];
    const [row, ...others] = summarise(results);
    expect(others).toEqual([]);
    expect(row).toMatchObject({
      journey: 'checkout',
      target: 'westeurope',
      counted: 3,
      passed: 2,
      inconclusive: 1,
      marked: 1,
      p95Ms: 812.4,
    });
    expect(row?.availabilityPercent).toBeCloseTo(66.67, 2);
    expect(row?.lastFailure).toContain('a fault of http');
  });

  test('does not call green what nothing is known of', () => {
    const [row] = summarise([failedResult(3, 'connect', { outcome: 'inconclusive' })]);
    expect(row).toMatchObject({ availabilityPercent: undefined, p95Ms: undefined });
  });

  test.each([
    { values: [], share: 0.95, is: undefined },
    { values: [7], share: 0.95, is: 7 },
    { values: [3, 1, 2], share: 0.5, is: 2 },
    { values: Array.from({ length: 100 }, (_, i) => i + 1), share: 0.95, is: 95 },
  ])('percentile $share of $values.length values is $is', ({ values, share, is }) => {
    expect(percentile(values, share)).toBe(is);
  });
});

describe('estimate', () => {
  const prices = readPrices();

  test('says of every price its date, unit and source', () => {
    expect(prices.date).toMatch(/^\d{4}-\d\d-\d\d$/);
    for (const { source, checked } of Object.values(prices.items))
      expect([source.startsWith('https://'), checked]).toEqual([true, 'memory']);
  });

  test('multiplies checks, usage and prices', () => {
    const usage = { requests: 4, requestUnits: 100, bytes: 2_000 };
    const measured = Object.fromEntries(
      ['browse', 'search', 'reviews', 'sign-in', 'cart', 'checkout', 'health', 'across-regions'].map((name) => [name, usage]),
    );
    const month = estimate(environmentWith(), prices, measured);
    expect(month).toMatchObject({ checks: 40 * 43_800, requests: 160 * 43_800, requestUnits: 4_000 * 43_800, assumed: [] });
    expect(month.gigabytes).toBeCloseTo((80_000 * 43_800 + 43_800 * 1_250) / 1e9, 6);
    expect(month.lines[0]?.cost).toBeCloseTo(month.gigabytes * prices.items.ingestionPerGb.price, 6);
    expect(month.lines[2]?.cost).toBeCloseTo(((8 * 4 * 43_800) / 10_000) * prices.items.frontDoorPer10000Requests.price, 6);
    expect(month.cost).toBeCloseTo(
      month.lines.reduce((sum, { cost }) => sum + cost, 0),
      9,
    );
  });

  test('costs less where a journey runs less often', () => {
    const every = estimate(environmentWith(), prices);
    const rare = estimate(environmentWith({ everyMinutes: { checkout: 10 } }), prices);
    expect(every.checks - rare.checks).toBeCloseTo(5 * 43_800 * 0.9, 6);
    expect(rare.cost).toBeLessThan(every.cost);
    expect(every.assumed).toHaveLength(8);
  });

  test('charges serverless accounts for each request unit', () => {
    const environment = environmentWith();
    const [account] = environment.cosmosAccounts;
    if (!account) throw new Error('no account');
    const month = estimate({ ...environment, cosmosAccounts: [{ ...account, mode: 'serverless' }] }, prices);
    expect(month.lines[1]?.cost).toBeCloseTo((month.requestUnits / 1e6) * prices.items.cosmosServerlessPerMillionRu.price, 6);
  });

  test('takes means of what results say', () => {
    const usage = usageOf([aResult(1), aResult(2)], Date.now());
    expect(usage.checkout).toMatchObject({ requests: 3, requestUnits: 12.5 });
    expect(usage.checkout?.bytes).toBeGreaterThan(900);
  });
});

describe('monitor settings', () => {
  const parse = (monitor: unknown) => parseEnvironment(JSON.stringify({ ...environmentWith(), monitor }), 'test.json', {});
  const window = { why: 'x', timeZone: 'UTC', from: '01:00', to: '02:00' };

  test('have a default each', () => {
    expect(parse({}).monitor).toEqual(loadEnvironment('local', {}).monitor);
    expect(parse({}).monitor).toMatchObject({ retries: { count: 1 }, concurrency: { overall: 50 }, controls: [] });
  });

  test.each([
    { monitor: { everyMinutes: { chekout: 5 } }, path: 'monitor.everyMinutes.chekout', allowed: 'checkout (did you mean it?)' },
    { monitor: { everyMinutes: { checkout: 0 } }, path: 'monitor.everyMinutes.checkout', allowed: 'at least 1' },
    { monitor: { everyMinutes: { checkout: 61 } }, path: 'monitor.everyMinutes.checkout', allowed: 'at most 60' },
    { monitor: { everyMinutes: { checkout: 1.5 } }, path: 'monitor.everyMinutes.checkout', allowed: 'whole' },
    { monitor: { retries: { count: 6 } }, path: 'monitor.retries.count', allowed: 'at most 5' },
    { monitor: { retrys: {} }, path: 'monitor.retrys', allowed: 'retries (did you mean it?)' },
    { monitor: { concurrency: { overall: 0 } }, path: 'monitor.concurrency.overall', allowed: 'at least 1' },
    { monitor: { controls: ['https://one.example/'] }, path: 'monitor.controls', allowed: 'at least two' },
    { monitor: { controls: ['http://one.example/', 'https://two.example/'] }, path: 'monitor.controls[0]', allowed: 'https' },
    {
      monitor: { controls: ['https://one.example/a', 'https://one.example/b'] },
      path: 'monitor.controls[1]',
      allowed: 'another host',
    },
    {
      monitor: { controls: ['https://localhost/', 'https://two.example/'] },
      path: 'monitor.controls[0]',
      allowed: 'not one of the environment',
    },
    { monitor: { deadManUrl: 'http://watch.example/1' }, path: 'monitor.deadManUrl', allowed: 'https' },
    {
      monitor: { maintenance: [{ ...window, timeZone: 'Mars/Base' }] },
      path: 'monitor.maintenance[0].timeZone',
      allowed: 'a time zone',
    },
    { monitor: { maintenance: [{ ...window, from: '25:00' }] }, path: 'monitor.maintenance[0].from', allowed: 'a time of day' },
    { monitor: { maintenance: [{ ...window, to: '01:00' }] }, path: 'monitor.maintenance[0].to', allowed: 'another time' },
    { monitor: { maintenance: [{ ...window, date: '2026-02-30' }] }, path: 'monitor.maintenance[0].date', allowed: 'a date' },
    {
      monitor: { maintenance: [{ ...window, date: '2026-02-28', days: ['monday'] }] },
      path: 'monitor.maintenance[0].days',
      allowed: 'nothing beside date',
    },
    {
      monitor: { maintenance: [{ ...window, targets: ['westerope'] }] },
      path: 'monitor.maintenance[0].targets[0]',
      allowed: 'westeurope (did you mean it?)',
    },
    { monitor: { certificate: { warningDays: 5 } }, path: 'monitor.certificate.failingDays', allowed: 'at most warningDays, 5' },
    { monitor: { port: 70_000 }, path: 'monitor.port', allowed: 'at most 65535' },
  ])('refuse $monitor', ({ monitor, path, allowed }) => {
    let faults: ConfigurationError['faults'] = [];
    try {
      parse(monitor);
    } catch (error) {
      if (error instanceof ConfigurationError) faults = error.faults;
    }
    expect(faults.map((fault) => fault.path)).toEqual([path]);
    expect(faults[0]?.allowed).toContain(allowed);
  });
});

describe('log', () => {
  test('is a line of JSON an entry', () => {
    const lines: string[] = [];
    const log = jsonLog(
      (line) => lines.push(line),
      () => 0,
    );
    log.info('round', { failed: 1 });
    log.warn('overrun');
    expect(lines).toEqual([
      '{"at":"1970-01-01T00:00:00.000Z","level":"info","event":"round","failed":1}\n',
      '{"at":"1970-01-01T00:00:00.000Z","level":"warn","event":"overrun"}\n',
    ]);
  });
});
