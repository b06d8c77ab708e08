import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type DeliverOptions, deliver } from '../../telemetry/deliver.ts';
import { type Outbox, openOutbox } from '../../telemetry/outbox.ts';
import {
  acceptAll,
  type Behaviour,
  connectionStringTo,
  type Ingestion,
  idOf,
  refuse,
  startIngestion,
} from '../support/ingestion.ts';
import { aResult, results } from '../support/results.ts';

const noon = Date.UTC(2026, 10, 23, 12);
const hourMs = 3_600_000;

let ingestion: Ingestion;
let folder: string;
let outbox: Outbox;
let clock: number;

beforeAll(async () => {
  ingestion = await startIngestion();
});
afterAll(() => ingestion.close());
beforeEach(() => {
  clock = noon + hourMs;
  folder = mkdtempSync(join(tmpdir(), 'deliver-'));
  outbox = openOutbox(join(folder, 'outbox.db'), { now: () => clock });
  ingestion.requests.length = 0;
  ingestion.accepted.length = 0;
  ingestion.behave(acceptAll);
});
afterEach(() => {
  outbox.close();
  rmSync(folder, { recursive: true });
});

const now = () => clock;
const send = (options: Partial<DeliverOptions> = {}) =>
  deliver(outbox, { connectionString: ingestion.connectionString, now, deadlineMs: 10_000, retryPausesMs: [5, 10], ...options });
const ids = () => ingestion.accepted.map(idOf);
const distinct = () => new Set(ids()).size;
const always = (status: number, body: unknown = {}, headers: Record<string, string> = {}): Behaviour => {
  return () => ({ status, body, headers });
};
const oneBad = (statusCode: number, message = 'because') =>
  refuse((_, index) => (index === 1 ? { statusCode, message } : undefined));

describe('deliver', () => {
  it('delivers everything with one receipt for each id', async () => {
    outbox.add(results(1_200));
    expect(await send()).toEqual({ accepted: 1_200, undelivered: 0, parked: 0, late: 0 });
    expect([ids().length, distinct()]).toEqual([1_200, 1_200]);
    expect(ingestion.requests.every((items) => items.length <= 512)).toBe(true);
    expect(outbox.counts()).toMatchObject({ waiting: 0, delivered: 1_200, parked: 0 });
  });

  it('sends nothing a second time once delivered', async () => {
    outbox.add(results(3));
    await send();
    outbox.add(results(3));
    expect(await send()).toEqual({ accepted: 0, undelivered: 0, parked: 0, late: 0 });
    expect(ingestion.requests).toHaveLength(1);
  });

  it('keeps requests under a megabyte by splitting long results', async () => {
    const seen = 'x'.repeat(8_000);
    const long = results(300).map((r) => ({
      ...r,
      outcome: 'failed' as const,
      failure: { step: 'pay', rule: 'status 201', seen, cause: 'http' as const },
    }));
    outbox.add(long);
    expect((await send()).accepted).toBe(300);
    expect(ingestion.requests.length).toBeGreaterThan(4);
    for (const items of ingestion.requests) expect(JSON.stringify(items).length).toBeLessThan(1_000_000);
  });

  it('says that results stay local without a connection string', async () => {
    outbox.add(results(2));
    const delivery = await send({ connectionString: undefined });
    expect(delivery).toEqual({
      accepted: 0,
      undelivered: 2,
      parked: 0,
      late: 0,
      reason: expect.stringMatching(/no Application Insights connection string: results stay in .*outbox\.db/),
    });
    expect((await send({ connectionString: '' })).undelivered).toBe(2);
  });
});

describe('deliver to an endpoint that fails as a whole', () => {
  const rows: [string, Behaviour, RegExp, number][] = [
    ['401', always(401), /not authorised \(401/, 3],
    ['402', always(402), /over quota \(402/, 3],
    ['403', always(403), /forbidden \(403/, 3],
    ['404', always(404, 'not here'), /no such ingestion endpoint \(404/, 3],
    ['408', always(408), /timed out at the endpoint \(408/, 3],
    ['429', always(429, { itemsReceived: 3, itemsAccepted: 0, errors: [] }), /throttled \(429/, 3],
    ['439', always(439), /over the daily quota \(439/, 3],
    ['500', always(500, 'oops'), /the endpoint failed \(500/, 3],
    ['503', always(503), /the endpoint failed \(503/, 3],
    ['garbage with 200', always(200, '<html>welcome</html>'), /status 200 with an answer that can't be read/, 3],
    ['an empty 200', always(200, ''), /status 200 with an answer that can't be read/, 3],
    ['numbers that are no counts', always(200, { itemsReceived: 'all' }), /can't be read/, 3],
    ['a reset connection', () => ({ status: 200, reset: true }), /ECONNRESET/, 3],
    ['302 to elsewhere', always(302, '', { location: 'https://login.example/' }), /redirected to login\.example/, 3],
    ['307 to elsewhere', always(307, '', { location: 'https://evil.example/v2.1/track' }), /redirected to evil\.example/, 3],
    ['an unknown key', always(400, { message: 'Invalid instrumentation key' }), /does not know the instrumentation key/, 3],
  ];
  it.each(rows)('keeps everything waiting on %s and says why', async (_, behaviour, reason, requests) => {
    outbox.add(results(3));
    ingestion.behave(behaviour);
    const delivery = await send();
    expect(delivery).toMatchObject({ accepted: 0, undelivered: 3, parked: 0 });
    expect(delivery.reason).toMatch(reason);
    expect(ingestion.requests).toHaveLength(requests);
    ingestion.behave(acceptAll);
    expect(await send()).toMatchObject({ accepted: 3, undelivered: 0 });
    const times = ingestion.requests.map((items) => items.map((item) => [idOf(item), item.time]));
    // Repeats carry the same ids and the original times.
    for (const request of times) expect(request).toEqual(times[0]);
  });

  it('keeps everything waiting when the connection is refused', async () => {
    const gone = await startIngestion();
    await gone.close();
    outbox.add(results(2));
    const delivery = await send({ connectionString: connectionStringTo(gone.port) });
    expect(delivery).toMatchObject({ accepted: 0, undelivered: 2 });
    expect(delivery.reason).toBe(`127.0.0.1:${gone.port}: connection refused`);
  });

  it('keeps everything waiting when the certificate is not trusted', async () => {
    outbox.add(results(1));
    const stranger = await startIngestion(acceptAll, { trusted: false });
    const delivery = await send({ connectionString: stranger.connectionString });
    await stranger.close();
    expect(delivery).toMatchObject({
      accepted: 0,
      undelivered: 1,
      reason: expect.stringContaining('UNABLE_TO_VERIFY_LEAF_SIGNATURE'),
    });
    expect(stranger.requests).toEqual([]);
  });

  it.each([
    ['never answers', { afterMs: Number.POSITIVE_INFINITY }],
    ['stops half-way through its answer', { stalls: true }],
  ])('gives up within the deadline on an endpoint that %s', async (_, slowness) => {
    outbox.add(results(2));
    ingestion.behave((items) => ({ ...acceptAll(items, 0), ...slowness }));
    const startedAt = performance.now();
    const delivery = await send({ deadlineMs: 900, requestTimeoutMs: 200 });
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect(delivery).toMatchObject({ accepted: 0, undelivered: 2, reason: expect.stringContaining('no answer within 200 ms') });
    // The endpoint had taken them: the repeat is counted once by its id.
    ingestion.behave(acceptAll);
    expect(await send()).toMatchObject({ accepted: 2, undelivered: 0 });
    expect([ids().length > 2, distinct()]).toEqual([true, 2]);
  });

  it('delivers in the same call when a retry helps', async () => {
    outbox.add(results(2));
    ingestion.behave((items, request) => (request === 0 ? { status: 503 } : acceptAll(items, request)));
    expect(await send()).toEqual({ accepted: 2, undelivered: 0, parked: 0, late: 0 });
    expect(ingestion.requests).toHaveLength(2);
  });

  it('follows a redirect within the same host', async () => {
    outbox.add(results(2));
    const location = `https://127.0.0.1:${ingestion.port}/v2.1/track`;
    ingestion.behave((items, request) => (request === 0 ? { status: 308, headers: { location } } : acceptAll(items, request)));
    expect(await send()).toEqual({ accepted: 2, undelivered: 0, parked: 0, late: 0 });
    expect(ingestion.requests).toHaveLength(2);
  });

  it('leaves a circle of redirects with everything waiting', async () => {
    outbox.add(results(1));
    ingestion.behave(always(307, '', { location: `https://127.0.0.1:${ingestion.port}/v2.1/track` }));
    expect(await send()).toMatchObject({
      accepted: 0,
      undelivered: 1,
      reason: expect.stringContaining('redirected to 127.0.0.1'),
    });
    ingestion.behave(acceptAll);
    expect(await send()).toMatchObject({ accepted: 1, undelivered: 0 });
  });

  it('stops at the first failing batch of a long queue', async () => {
    outbox.add(results(2_000));
    ingestion.behave(always(500));
    expect(await send()).toMatchObject({ accepted: 0, undelivered: 2_000 });
    expect(ingestion.requests).toHaveLength(3);
  });

  it('stops when the time is up and delivers the rest later', async () => {
    outbox.add(results(3_000));
    ingestion.behave((items, request) => ({ ...acceptAll(items, request), afterMs: 500 }));
    const first = await send({ deadlineMs: 1_500 });
    expect(first.accepted).toBeGreaterThan(0);
    expect(first.undelivered).toBe(3_000 - first.accepted);
    expect(first.reason).toBeDefined();
    ingestion.behave(acceptAll);
    expect(await send()).toMatchObject({ accepted: first.undelivered, undelivered: 0 });
  });
});

describe('Retry-After', () => {
  const throttle = (retryAfter: string) => always(429, {}, { 'retry-after': retryAfter });

  it.each([
    ['seconds', () => '60'],
    ['a date', () => new Date(noon + hourMs + 60_000).toUTCString()],
  ])('is honoured by later deliveries when given in %s', async (_, value) => {
    outbox.add(results(1));
    ingestion.behave(throttle(value()));
    expect((await send()).reason).toMatch(/throttled \(429\); it asked to be left alone for 60 s/);
    expect(ingestion.requests).toHaveLength(1);
    ingestion.behave(acceptAll);
    clock += 20_000;
    expect((await send()).reason).toMatch(/asked to be left alone for another 40 s/);
    expect(ingestion.requests).toHaveLength(1);
    clock += 40_000;
    expect(await send()).toMatchObject({ accepted: 1, undelivered: 0 });
  });

  it('is waited out when it fits the deadline', async () => {
    outbox.add(results(1));
    ingestion.behave((items, request) =>
      request === 0 ? { status: 429, headers: { 'retry-after': '1' } } : acceptAll(items, request),
    );
    const startedAt = performance.now();
    expect(await send()).toMatchObject({ accepted: 1, undelivered: 0 });
    expect(performance.now() - startedAt).toBeGreaterThan(990);
  });

  it('of one endpoint does not hold up another', async () => {
    outbox.add(results(1));
    ingestion.behave(throttle('3600'));
    await send();
    const other = await startIngestion();
    expect(await send({ connectionString: other.connectionString })).toMatchObject({ accepted: 1, undelivered: 0 });
    await other.close();
  });
});

describe('deliver to an endpoint that refuses single items', () => {
  it.each([408, 429, 439, 500, 503, 402, 403])('keeps an item waiting that a 206 names with %i', async (status) => {
    outbox.add(results(3));
    ingestion.behave(oneBad(status));
    expect(await send()).toMatchObject({
      accepted: 2,
      undelivered: 1,
      parked: 0,
      reason: expect.stringContaining(`(${status}: because)`),
    });
    ingestion.behave(acceptAll);
    expect(await send()).toMatchObject({ accepted: 1, undelivered: 0 });
    expect([ids().length, distinct()]).toEqual([3, 3]);
  });

  it.each([
    ['400', 400, 'because', 'refused as malformed (400: because)'],
    ['413', 413, 'because', 'too large (413: because)'],
    ['500 as sampled out', 500, 'Telemetry sampled out.', 'the endpoint failed (500: Telemetry sampled out.)'],
  ])('parks an item that a 206 refuses with %s', async (_, status, message, reason) => {
    outbox.add(results(3));
    ingestion.behave(oneBad(status, message));
    expect(await send()).toEqual({ accepted: 2, undelivered: 0, parked: 1, late: 0 });
    expect(outbox.reasons('parked')).toEqual([{ reason, items: 1 }]);
    ingestion.behave(acceptAll);
    expect(await send()).toEqual({ accepted: 0, undelivered: 0, parked: 1, late: 0 });
    expect(outbox.requeueParked()).toBe(1);
    expect(await send()).toEqual({ accepted: 1, undelivered: 0, parked: 0, late: 0 });
  });

  it('takes errors in a 200 as seriously as in a 206', async () => {
    outbox.add(results(3));
    ingestion.behave((items, request) => ({ ...oneBad(400)(items, request), status: 200 }));
    expect(await send()).toMatchObject({ accepted: 2, parked: 1 });
  });

  it.each([
    ['fewer are accepted than sent', { itemsReceived: 3, itemsAccepted: 2, errors: [] }],
    ['none is accepted', { itemsReceived: 3, itemsAccepted: 0, errors: [] }],
    ['errors are absent', { itemsReceived: 3, itemsAccepted: 1 }],
  ])('counts nothing as delivered without a receipt: %s', async (_, body) => {
    outbox.add(results(3));
    ingestion.behave(always(200, body));
    expect(await send()).toMatchObject({ accepted: 0, undelivered: 3, reason: expect.stringContaining('no receipt') });
    expect(outbox.counts()).toMatchObject({ waiting: 3, delivered: 0 });
  });

  it('finds the one bad item when a 400 refuses the whole batch', async () => {
    outbox.add(results(512));
    const bad = aResult(300).id;
    ingestion.behave((items, request) => (items.some((i) => idOf(i) === bad) ? { status: 400 } : acceptAll(items, request)));
    expect(await send()).toEqual({ accepted: 511, undelivered: 0, parked: 1, late: 0 });
    expect(ids()).not.toContain(bad);
    expect(distinct()).toBe(511);
    expect(ingestion.requests.length).toBeLessThanOrEqual(20);
  });

  it('sends the others again at once when a 400 names the bad item', async () => {
    outbox.add(results(100));
    const bad = aResult(7).id;
    ingestion.behave((items, request) => {
      const index = items.findIndex((i) => idOf(i) === bad);
      const errors = [{ index, statusCode: 400, message: 'bad' }];
      return index < 0
        ? acceptAll(items, request)
        : { status: 400, body: { itemsReceived: items.length, itemsAccepted: 0, errors } };
    });
    expect(await send()).toEqual({ accepted: 99, undelivered: 0, parked: 1, late: 0 });
    expect(ingestion.requests.length).toBeLessThanOrEqual(3);
  });

  it('halves a batch that is too large as a whole', async () => {
    outbox.add(results(64));
    ingestion.behave((items, request) => (items.length > 10 ? { status: 413 } : acceptAll(items, request)));
    expect(await send()).toEqual({ accepted: 64, undelivered: 0, parked: 0, late: 0 });
  });

  it('parks an item above 64 KB without sending it', async () => {
    const step = aResult(0).steps[0];
    if (!step) throw new Error('a result has steps');
    const steps = Array.from({ length: 1_500 }, (_, index) => ({ ...step, name: `step ${index} ${'x'.repeat(40)}` }));
    outbox.add([aResult(0, { steps }), aResult(1)]);
    expect(await send()).toEqual({ accepted: 1, undelivered: 0, parked: 1, late: 0 });
    expect(outbox.reasons('parked')[0]?.reason).toMatch(/^too large \(\d+ bytes\)$/);
    expect(ids()).toEqual([aResult(1).id]);
  });

  it('parks a row that can no longer be read', async () => {
    outbox.add([aResult(0, { durationMs: -1 }), aResult(1)]);
    expect(await send()).toEqual({ accepted: 1, undelivered: 0, parked: 1, late: 0 });
    expect(outbox.reasons('parked')).toEqual([
      { reason: expect.stringMatching(/^can't be read by this version: durationMs: /), items: 1 },
    ]);
    expect(ids()).toEqual([aResult(1).id]);
    expect(outbox.rows(10).map(({ state }) => state)).toEqual(['parked', 'delivered']);
  });
});

describe('late results', () => {
  it.each([
    [46.9, undefined],
    [47.1, 'true'],
    [72, 'true'],
  ])('%d hours old: late is %s', async (hours, late) => {
    clock = noon + hours * hourMs;
    outbox.add([aResult(0)]);
    expect(await send()).toMatchObject({ accepted: 1, late: late ? 1 : 0 });
    const [envelope] = ingestion.accepted;
    expect(envelope?.time).toBe(aResult(0).startedAt);
    expect(envelope?.data.baseData.properties.late).toBe(late);
    expect(envelope?.data.baseData.properties.originalTime).toBe(late && aResult(0).startedAt);
  });
});
