import { createServer as createHttp, type RequestListener, type Server } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import tls from 'node:tls';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createAuthority } from '../../fixtures/contoso/azure/certificate.ts';
import { bodyLimitBytes, RequestFailed } from '../../synthetics/journeys/failures.ts';
import type { Answer, WireRequest } from '../../synthetics/journeys/transport.ts';
import { NodeTransport } from '../../synthetics/runners/node.ts';

const trustedBefore = tls.getCACertificates('default');
let certificate: { key: string; cert: string };
const open: Server[] = [];

beforeAll(async () => {
  const authority = await createAuthority();
  certificate = await authority.issue();
  tls.setDefaultCACertificates([...trustedBefore, authority.ca]);
});
afterAll(() => tls.setDefaultCACertificates(trustedBefore));
afterEach(() => {
  for (const server of open.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(listener: RequestListener, secure = false): Promise<string> {
  const server = secure ? createHttps(certificate, listener) : createHttp(listener);
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  return `${secure ? 'https' : 'http'}://localhost:${(server.address() as AddressInfo).port}`;
}

async function sendAll(url: string, times = 1, change: Partial<WireRequest> = {}): Promise<Answer[]> {
  const transport = new NodeTransport({ token: () => Promise.resolve('') });
  const answers: Answer[] = [];
  try {
    for (let sent = 0; sent < times; sent += 1)
      answers.push(await transport.exchange({ method: 'GET', url, name: 'GET', headers: {}, limitMs: 20_000, ...change }));
  } finally {
    await transport.close();
  }
  return answers;
}

test.each([
  ['https', true],
  ['http', false],
])('over %s the first request alone pays for its connection', async (_, secure) => {
  const url = await serve((_request, response) => setTimeout(() => response.end('{}'), 20), secure);
  const [first, second] = await sendAll(url, 2);
  expect(first?.phases?.dnsMs).toBeGreaterThan(0);
  expect(first?.phases?.connectMs).toBeGreaterThan(0);
  if (secure) expect(first?.phases?.tlsMs).toBeGreaterThan(0);
  else expect(first?.phases?.tlsMs).toBe(0);
  expect(second?.phases).toMatchObject({ dnsMs: 0, connectMs: 0, tlsMs: 0 });
  for (const { phases, durationMs } of [first, second] as Answer[]) {
    expect(phases?.firstByteMs).toBeGreaterThan(15);
    const sum = Object.values(phases ?? {}).reduce((total, ms) => total + ms, 0);
    expect(sum).toBeCloseTo(durationMs, 0);
  }
});

test.each([
  ['of exactly the limit is read', bodyLimitBytes, undefined],
  ['one byte above it is too large', bodyLimitBytes + 1, 'too-large'],
])('a body %s', async (_, bytes, trouble) => {
  const url = await serve((_request, response) => response.end(Buffer.alloc(bytes, 'a')));
  const [answer] = await sendAll(url).catch((error: RequestFailed) => {
    expect(error).toBeInstanceOf(RequestFailed);
    expect(error.trouble).toBe(trouble);
    return [];
  });
  expect(answer?.body.length).toBe(trouble === undefined ? bytes : undefined);
});

test('a body that stops half-way ends with the time limit', async () => {
  const url = await serve((_request, response) => void response.writeHead(200).write('{"half":'));
  await expect(sendAll(url, 1, { limitMs: 100 })).rejects.toMatchObject({ trouble: 'timeout' });
});

test('a cookie is neither kept nor sent back', async () => {
  const seen: (string | undefined)[] = [];
  const url = await serve((request, response) => {
    seen.push(request.headers.cookie);
    response.setHeader('set-cookie', ['ARRAffinity=1; Path=/', 'basket=2']).end('{}');
  });
  const answers = await sendAll(url, 2);
  expect(seen).toEqual([undefined, undefined]);
  expect(answers[1]?.header('set-cookie')).toBe('ARRAffinity=1; Path=/\nbasket=2');
});

test('a certificate that nobody vouches for is a trouble of TLS', async () => {
  const stranger = await (await createAuthority()).issue();
  const server = createHttps(stranger, (_request, response) => response.end('{}'));
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  const url = `https://localhost:${(server.address() as AddressInfo).port}`;
  await expect(sendAll(url)).rejects.toMatchObject({ trouble: 'untrusted' });
});

test('no run resumes the TLS session of one before', async () => {
  const reused: boolean[] = [];
  const url = await serve((_request, response) => response.end('{}'), true);
  open.at(-1)?.on('secureConnection', (socket: tls.TLSSocket) => reused.push(socket.isSessionReused()));
  for (let run = 0; run < 3; run += 1) await sendAll(url, 2);
  expect(reused).toEqual([false, false, false]);
});

test('a CA that is trusted later counts from the next run on', async () => {
  const other = await createAuthority();
  const server = createHttps(await other.issue(), (_request, response) => response.end('{}'));
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  const url = `https://localhost:${(server.address() as AddressInfo).port}`;
  await expect(sendAll(url)).rejects.toMatchObject({ trouble: 'untrusted' });
  tls.setDefaultCACertificates([...tls.getCACertificates('default'), other.ca]);
  expect((await sendAll(url))[0]?.status).toBe(200);
});

test('a certificate is held to the name that was asked for, each time anew', async () => {
  const authority = await createAuthority();
  tls.setDefaultCACertificates([...tls.getCACertificates('default'), authority.ca]);
  const [ours, others] = [await authority.issue({ hosts: ['127.0.0.2'] }), await authority.issue({ hosts: ['127.0.0.3'] })];
  const server = createHttps(ours, (_request, response) => response.end('{}'));
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.2', resolve));
  const url = `https://127.0.0.2:${(server.address() as AddressInfo).port}`;
  const seen: string[] = [];
  for (const certificate of [ours, others, others, ours, others]) {
    server.setSecureContext(certificate);
    seen.push(
      await sendAll(url).then(
        ([answer]) => String(answer?.status),
        ({ trouble }: RequestFailed) => trouble,
      ),
    );
  }
  expect(seen).toEqual(['200', 'untrusted', 'untrusted', '200', 'untrusted']);
});

test('what comes after a time limit is the answer of no other request', async () => {
  let first = true;
  const url = await serve((_request, response) => {
    const body = first ? 'late' : 'own';
    setTimeout(() => response.end(body), first ? 200 : 0);
    first = false;
  });
  const transport = new NodeTransport({ token: () => Promise.resolve('') });
  const request = { method: 'GET', url, name: 'GET', headers: {} } as const;
  await expect(transport.exchange({ ...request, limitMs: 100 })).rejects.toMatchObject({ trouble: 'timeout' });
  await new Promise((resolve) => setTimeout(resolve, 150));
  expect((await transport.exchange({ ...request, limitMs: 20_000 })).body).toBe('own');
  await transport.close();
});

test('an interim answer is not the answer', async () => {
  const url = await serve((_request, response) =>
    response.writeEarlyHints({ link: '</a>; rel=preload' }, () => response.end('{}')),
  );
  const [answer] = await sendAll(url);
  expect([answer?.status, answer?.body, answer?.header('link')]).toEqual([200, '{}', undefined]);
});

test('a token that the store refuses is told to who holds it', async () => {
  const url = await serve(({ headers }, response) => response.writeHead(headers['x-status'] === '401' ? 401 : 200).end('{}'));
  const refused: string[] = [];
  const transport = new NodeTransport({ token: () => Promise.resolve(''), refused: (token) => void refused.push(token) });
  const withToken = { authorization: 'Bearer a-token' };
  for (const headers of [{ ...withToken, 'x-status': '200' }, { 'x-status': '401' }, { ...withToken, 'x-status': '401' }])
    await transport.exchange({ method: 'GET', url, name: 'GET', headers, limitMs: 20_000 });
  await transport.close();
  expect(refused).toEqual(['a-token']);
});
