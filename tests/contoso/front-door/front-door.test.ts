import { describe, expect, it } from 'vitest';
import { soon } from '../../support/soon.ts';
import { settableFaults } from '../app-service/doubles.ts';
import { recordingWatcher } from '../app-service/simulated.ts';
import { debug, frontDoorsOfTests, quiet } from './support.ts';

const { origin, frontDoor, send, share } = frontDoorsOfTests();

const requestsOf = (told: ReturnType<typeof recordingWatcher>['told']) =>
  told.frontDoorRequest.map(({ status, origin, errorInfo, path }) => ({ status, origin, errorInfo, path }));

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
