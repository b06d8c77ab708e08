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
      answers.push(await transport.exchange({ method: 'GET', url, name: 'GET', headers: {}, limitMs: 2_000, ...change }));
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
