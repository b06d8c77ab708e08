import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent, request } from 'undici';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type FrontDoor, type FrontDoorOptions, startFrontDoor } from '../../../fixtures/contoso/azure/front-door.ts';
import { type Listener, listen } from '../../../fixtures/contoso/azure/listener.ts';
import { soon } from '../../support/soon.ts';
import { type Answer, echo, settableFaults, testCertificate, world } from '../app-service/doubles.ts';
import { recordingWatcher } from '../app-service/simulated.ts';

interface TestOrigin extends Listener {
  readonly name: string;
  readonly seen: IncomingMessage[];
  /** Probes answer with this. */
  health: number;
  /** Replaces the echo. */
  answer: ((req: IncomingMessage, res: ServerResponse) => void) | undefined;
}

let dispatcher: Agent;
const closing: (() => Promise<void>)[] = [];

beforeEach(async () => {
  dispatcher = new Agent({ connect: { ca: (await testCertificate()).ca } });
});
afterEach(async () => {
  vi.useRealTimers();
  await dispatcher.destroy();
  await Promise.all(closing.splice(0).map((close) => close()));
});

async function origin(name: string): Promise<TestOrigin> {
  const { certificate } = await testCertificate();
  const app = echo({ region: name, stamp: name, instance: `${name}-0`, build: '1' });
  const state = { name, seen: [] as IncomingMessage[], health: 200, answer: undefined as TestOrigin['answer'] };
  const listener = await listen({
    certificate,
    port: 0,
    handle: (req, res) => {
      state.seen.push(req);
      if (req.url === '/api/health') res.writeHead(state.health).end();
      else if (state.answer) state.answer(req, res);
      else app.handle(req, res);
    },
  });
  closing.push(listener.close);
  return Object.assign(state, listener);
}

async function frontDoor(origins: readonly TestOrigin[], over: Partial<FrontDoorOptions> = {}): Promise<FrontDoor> {
  const { ca, certificate } = await testCertificate();
  const front = await startFrontDoor({
    port: 0,
    ca,
    certificate,
    origins: origins.map(({ name, url }) => ({ name, url })),
    // One probe every 25 ms.
    world: world(1_200),
    ...over,
  });
  closing.push(front.close);
  return front;
}

interface Sent {
  readonly path?: string;
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'DELETE';
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

async function send(
  front: FrontDoor,
  { path = '/api/products', method = 'GET', headers = {}, body }: Sent = {},
): Promise<Answer> {
  const answer = await request(`${front.url}${path}`, { dispatcher, method, headers, ...(body === undefined ? {} : { body }) });
  const text = await answer.body.text();
  return { status: answer.statusCode, headers: answer.headers, json: text ? JSON.parse(text) : {} };
}

const share = async (front: FrontDoor, requests: number) => {
  const count: Record<string, number> = {};
  for (let i = 0; i < requests; i += 1) {
    const { json, status } = await send(front);
    const name = status === 200 ? String(json.stamp) : String(status);
    count[name] = (count[name] ?? 0) + 1;
  }
  return count;
};

const requestsOf = (told: ReturnType<typeof recordingWatcher>['told']) =>
  told.frontDoorRequest.map(({ status, origin, errorInfo, path }) => ({ status, origin, errorInfo, path }));

const quiet = { intervalSeconds: 1_000_000 };
const debug = { 'x-azure-debuginfo': '1' };

describe('Front Door as a second hop', () => {
  it('passes method, path, query and body on, and the answer back', async () => {
    const front = await frontDoor([await origin('a')]);
    const answer = await send(front, {
      method: 'POST',
      path: '/api/orders?x=1&y=%20',
      body: '{"cartId":"c"}',
      headers: { 'content-type': 'application/json' },
    });
    expect(answer.json).toMatchObject({ method: 'POST', url: '/api/orders?x=1&y=%20', body: '{"cartId":"c"}' });
    expect(answer.headers['content-type']).toBe('application/json');
  });

  it('adds the headers of a real one', async () => {
    const front = await frontDoor([await origin('a')]);
    const answer = await send(front, { headers: { 'x-forwarded-for': '203.0.113.7', traceparent: '00-1-2-01' } });
    expect(answer.json.headers).toMatchObject({
      via: '1.1 Azure',
      'x-azure-clientip': expect.stringMatching(/127\.0\.0\.1/),
      'x-azure-socketip': expect.stringMatching(/127\.0\.0\.1/),
      'x-azure-ref': answer.headers['x-azure-ref'],
      'x-azure-requestchain': 'hops=1',
      'x-azure-fdid': front.id,
      'x-forwarded-for': expect.stringMatching(/^203\.0\.113\.7, .*127\.0\.0\.1$/),
      'x-forwarded-host': new URL(front.url).host,
      'x-forwarded-proto': 'https',
      traceparent: '00-1-2-01',
    });
    expect(answer.headers).toMatchObject({
      'x-azure-ref': expect.stringMatching(/^\d{8}T\d{6}Z-\w+$/),
      'x-cache': 'CONFIG_NOCACHE',
    });
  });

  it('strips what only it may say', async () => {
    const front = await frontDoor([await origin('a')]);
    const answer = await send(front, { headers: { 'x-fd-healthprobe': '1', 'X-FD-Other': '2', 'x-azure-fdid': 'forged' } });
    expect(answer.json.headers).not.toHaveProperty('x-fd-healthprobe');
    expect(answer.json.headers).not.toHaveProperty('x-fd-other');
    expect(answer.json.headers).toMatchObject({ 'x-azure-fdid': front.id });
  });

  it.each([
    ['1', '200'],
    ['0', undefined],
  ])('tells the status of the origin when asked with X-Azure-DebugInfo %s', async (asked, expected) => {
    const answer = await send(await frontDoor([await origin('a')]), { headers: { 'x-azure-debuginfo': asked } });
    expect(answer.headers['x-azure-originstatuscode']).toBe(expected);
  });

  it.each([204, 301, 404, 500, 503])('passes status %i on as it is', async (status) => {
    const a = await origin('a');
    const b = await origin('b');
    a.answer = b.answer = (_req, res) => res.writeHead(status).end();
    expect((await send(await frontDoor([a, b], { probe: quiet }))).status).toBe(status);
    expect(a.seen.length + b.seen.length).toBe(1);
  });

  it('answers HEAD without a body', async () => {
    const front = await frontDoor([await origin('a')]);
    expect(await send(front, { method: 'HEAD' })).toMatchObject({ status: 200, json: {} });
  });

  it('keeps its connections to an origin', async () => {
    const a = await origin('a');
    const front = await frontDoor([a], { probe: quiet });
    await share(front, 5);
    expect(new Set(a.seen.map((r) => r.socket)).size).toBe(1);
  });
});

describe('an origin that does not answer', () => {
  it('is made up for by another, for a request that can be repeated', async () => {
    const [a, b] = [await origin('a'), await origin('b')];
    await a.close();
    expect(await share(await frontDoor([a, b], { probe: quiet }), 4)).toEqual({ b: 4 });
  });

  it('is sent the same reference as the one that makes up for it, and as the client', async () => {
    const [a, b] = [await origin('a'), await origin('b')];
    a.answer = (req) => req.socket.destroy();
    const { headers } = await send(await frontDoor([a, b], { probe: quiet }));
    const sent = [...a.seen, ...b.seen].map((req) => req.headers['x-azure-ref']);
    expect(sent).toEqual([headers['x-azure-ref'], headers['x-azure-ref']]);
  });

  it.each(['POST', 'DELETE'] as const)('fails a %s with 503 and a reason, sent once', async (method) => {
    const [a, b] = [await origin('a'), await origin('b')];
    a.answer = (req) => req.socket.destroy();
    const front = await frontDoor([a, b], { probe: quiet });
    const answers = [await send(front, { method, headers: debug }), await send(front, { method, headers: debug })];
    const failed = answers.find((x) => x.status === 503);
    expect(failed?.headers).toMatchObject({
      'x-azure-externalerror': 'OriginConnectionAborted',
      'x-azure-ref': expect.any(String),
    });
    expect([a.seen.length, b.seen.length]).toEqual([1, 1]);
  });

  it('gives 503 of its own when none is left', async () => {
    const a = await origin('a');
    await a.close();
    const front = await frontDoor([a], { probe: quiet });
    const answer = await send(front, { headers: debug });
    expect([answer.status, answer.headers['x-azure-externalerror']]).toEqual([503, 'OriginConnectionRefused']);
    // Only who asks for it is told why (azure-facts, 4).
    expect((await send(front)).headers).not.toHaveProperty('x-azure-externalerror');
  });

  it('breaks an answer that breaks half-way', async () => {
    const a = await origin('a');
    a.answer = (_req, res) => {
      res.writeHead(200, { 'content-length': '100' });
      res.write('half', () => res.destroy());
    };
    await expect(send(await frontDoor([a], { probe: quiet }))).rejects.toThrow();
  });
});

describe('probes', () => {
  it('are HEAD requests on connections of their own, marked as probes', async () => {
    const a = await origin('a');
    await frontDoor([a]);
    await soon(() => expect(a.seen.length).toBeGreaterThan(2));
    expect(a.seen[0]).toMatchObject({
      method: 'HEAD',
      url: '/api/health',
      headers: { 'user-agent': 'Edge Health Probe', 'x-fd-healthprobe': '1' },
    });
    expect(new Set(a.seen.map((r) => r.socket)).size).toBe(a.seen.length);
  });

  // Only 200 is healthy (Front Door, "Health probes").
  it.each([204, 301, 401, 500, 503])('take an origin out that answers %i, and bring it back', async (status) => {
    const [a, b] = [await origin('a'), await origin('b')];
    const front = await frontDoor([a, b]);
    const healthy = () => front.origins().map((o) => `${o.name} ${o.healthy}`);
    a.health = status;
    await soon(() => expect(healthy()).toEqual(['a false', 'b true']));
    expect(await share(front, 6)).toEqual({ b: 6 });
    a.health = 200;
    await soon(() => expect(healthy()).toEqual(['a true', 'b true']));
    expect(await share(front, 6)).toEqual({ a: 3, b: 3 });
  });

  it('take an origin out by samples: one bad of four is still healthy, two are not', async () => {
    const a = await origin('a');
    const front = await frontDoor([a]);
    a.health = 503;
    await soon(() => expect(front.origins()[0]?.healthy).toBe(false));
    const bad = a.seen.filter((r) => r.url === '/api/health').length;
    expect(bad).toBeGreaterThanOrEqual(2);
  });

  // Documented: edges without user traffic probe less often. Ours: a twelfth, after five minutes of the control plane.
  it('come less often while nobody uses this edge, and at full pace once somebody does', async () => {
    let now = 0;
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const { watcher, told } = recordingWatcher();
    const faults = settableFaults();
    // Of an origin that is cut off, a probe is known at once.
    faults.set('region-partitioned', { stamp: 'a' }, { reset: true });
    const front = await frontDoor([await origin('a')], { faults, watcher, world: { ...world(600), now: () => now } });
    const probesIn = (minutes: number) => {
      const before = told.originProbe.length;
      vi.advanceTimersByTime(minutes * 100);
      return told.originProbe.length - before;
    };
    expect(probesIn(30)).toBe(5);
    await send(front);
    expect(probesIn(30)).toBe(60);
    now += 5 * 100 + 1;
    expect(probesIn(30)).toBe(5);
  });

  it('are not forgotten when a weight or a priority changes', async () => {
    const [a, b] = [await origin('a'), await origin('b')];
    a.health = 503;
    // One probe an origin is a second away: what is healthy after a change is so by what was found before.
    const front = await frontDoor([a, b], { probe: { sampleSize: 1, successfulSamplesRequired: 1 }, world: world(300) });
    await soon(() => expect(front.origins().map(({ healthy }) => healthy)).toEqual([false, true]));
    for (const change of [{ weight: 900 }, { priority: 2 }]) {
      front.changeOrigin('a', change);
      expect(front.origins()[0]).toMatchObject({ ...change, healthy: false });
    }
  });

  it('go on after an answer that broke half-way, which counts as none', async () => {
    const { watcher, told } = recordingWatcher();
    const a = await origin('a');
    a.answer = (_req, res) => {
      res.writeHead(200, { 'content-length': '100' });
      res.write('half', () => res.destroy());
    };
    await frontDoor([a], { watcher, probe: { method: 'GET', path: '/api/other' } });
    await soon(() => expect(told.originProbe.length).toBeGreaterThan(2));
    expect(told.originProbe.slice(0, 3).map(({ status, healthy }) => [status, healthy])).toEqual(Array(3).fill([0, false]));
  });

  it('that all fail count as all healthy', async () => {
    const [a, b] = [await origin('a'), await origin('b')];
    a.health = b.health = 503;
    const front = await frontDoor([a, b]);
    await soon(() => expect(front.origins().some((o) => o.healthy)).toBe(false));
    expect(await share(front, 4)).toEqual({ a: 2, b: 2 });
  });
});

describe('the choice of an origin', () => {
  it.each([
    [
      { a: 50, b: 50 },
      { a: 50, b: 50 },
    ],
    [
      { a: 90, b: 10 },
      { a: 90, b: 10 },
    ],
    [{ a: 1_000, b: 1 }, { a: 100 }],
    // Blue and green in one region: 10, 50 and 100 %, kept within 3 % (here exactly: the turns are smooth).
    [
      { blue: 900, green: 100 },
      { blue: 90, green: 10 },
    ],
    [
      { blue: 500, green: 500 },
      { blue: 50, green: 50 },
    ],
    [
      { a: 10, b: 30 },
      { a: 25, b: 75 },
    ],
  ])('follows the weights %o', async (weights, expected) => {
    const front = await frontDoor([], { probe: quiet });
    for (const [name, weight] of Object.entries(weights)) front.setOrigin({ name, url: (await origin(name)).url, weight });
    expect(await share(front, 100)).toEqual(expected);
  });

  it('takes the lowest priority first', async () => {
    const [a, b] = [await origin('a'), await origin('b')];
    const front = await frontDoor([], { probe: quiet });
    front.setOrigin({ name: 'a', url: a.url, priority: 2 });
    front.setOrigin({ name: 'b', url: b.url, priority: 1 });
    expect(await share(front, 4)).toEqual({ b: 4 });
  });

  // With a sensitivity of 0 the weights are practically ignored; within it they hold.
  it.each([
    [0, { a: 4 }],
    [49, { a: 4 }],
    [50, { a: 2, b: 2 }],
  ])('with a latency sensitivity of %i ms is %o', async (latencySensitivityMs, expected) => {
    const [a, b] = [await origin('a'), await origin('b')];
    const front = await frontDoor([], { probe: quiet, latencySensitivityMs });
    front.setOrigin({ name: 'a', url: a.url, latencyMs: 10 });
    front.setOrigin({ name: 'b', url: b.url, latencyMs: 60 });
    expect(await share(front, 4)).toEqual(expected);
  });

  it('changes at run time: origins join, leave and come back', async () => {
    const [a, b] = [await origin('a'), await origin('b')];
    const front = await frontDoor([a], { probe: quiet });
    expect(await share(front, 2)).toEqual({ a: 2 });
    front.setOrigin({ name: 'b', url: b.url });
    expect(await share(front, 4)).toEqual({ a: 2, b: 2 });
    front.setOrigin({ name: 'a', url: a.url, enabled: false });
    expect(await share(front, 4)).toEqual({ b: 4 });
  });

  it('shifts by the weights as they change, blue to green, and keeps what is not named', async () => {
    const [blue, green] = [await origin('blue'), await origin('green')];
    const front = await frontDoor([], { probe: quiet });
    front.setOrigin({ name: 'blue', url: blue.url, weight: 900 });
    front.setOrigin({ name: 'green', url: green.url, weight: 100 });
    expect(await share(front, 50)).toEqual({ blue: 45, green: 5 });
    expect(front.changeOrigin('green', { weight: 900 })).toBe(true);
    expect(await share(front, 50)).toEqual({ blue: 25, green: 25 });
    front.changeOrigin('blue', { enabled: false });
    expect(await share(front, 50)).toEqual({ green: 50 });
    expect(front.origins()).toMatchObject([
      { name: 'blue', enabled: false, weight: 900, priority: 1 },
      { name: 'green', enabled: true, weight: 900, priority: 1 },
    ]);
    expect(front.changeOrigin('red', { enabled: true })).toBe(false);
  });

  it('without any origin is 503', async () => {
    const answer = await send(await frontDoor([]), { headers: debug });
    expect([answer.status, answer.headers['x-azure-externalerror']]).toEqual([503, 'NoHealthyOrigin']);
  });
});

describe('what Front Door tells', () => {
  it('is every request with its origin, or why there is none', async () => {
    const { watcher, told } = recordingWatcher();
    const a = await origin('a');
    const front = await frontDoor([a], { probe: quiet, watcher });
    await send(front, { path: '/api/products?page=1' });
    await a.close();
    await send(front);
    front.changeOrigin('a', { enabled: false });
    await send(front);
    expect(requestsOf(told)).toEqual([
      { status: 200, origin: 'a', errorInfo: undefined, path: '/api/products' },
      { status: 503, origin: 'a', errorInfo: 'OriginConnectionRefused', path: '/api/products' },
      { status: 503, origin: undefined, errorInfo: 'NoHealthyOrigin', path: '/api/products' },
    ]);
    expect(told.frontDoorRequest[0]).toMatchObject({ method: 'GET', ref: expect.stringMatching(/^\d{8}T/) });
    expect(told.frontDoorRequest[0]?.durationMs).toBeGreaterThanOrEqual(told.frontDoorRequest[0]?.originMs ?? Number.NaN);
  });

  it('is every probe, with 0 for no answer', async () => {
    const { watcher, told } = recordingWatcher();
    const a = await origin('a');
    await frontDoor([a], { watcher });
    await soon(() => expect(told.originProbe.at(-1)).toMatchObject({ origin: 'a', status: 200, healthy: true }));
    a.health = 204;
    await soon(() => expect(told.originProbe.at(-1)).toMatchObject({ status: 204, healthy: false }));
    await a.close();
    await soon(() => expect(told.originProbe.at(-1)).toMatchObject({ status: 0, healthy: false }));
  });
});

describe('an origin that is cut off', () => {
  it('gets nothing, and any request goes to the next, since nothing was sent', async () => {
    const faults = settableFaults();
    const [a, b] = [await origin('a'), await origin('b')];
    const front = await frontDoor([a, b], { faults });
    faults.set('region-partitioned', { stamp: 'a' }, { reset: true });
    const answers = await Promise.all([send(front, { method: 'POST' }), send(front, { method: 'POST' })]);
    expect(answers.map(({ json }) => json.stamp)).toEqual(['b', 'b']);
    await soon(() => expect(front.origins()[0]?.healthy).toBe(false));
    faults.clear();
    await soon(() => expect(front.origins()[0]?.healthy).toBe(true));
  });

  it('alone is a timeout', async () => {
    const faults = settableFaults();
    faults.set('region-partitioned', { stamp: 'a' }, { reset: true });
    const answer = await send(await frontDoor([await origin('a')], { faults, probe: quiet }), { headers: debug });
    expect([answer.status, answer.headers['x-azure-externalerror']]).toEqual([503, 'OriginTimeout']);
  });
});
