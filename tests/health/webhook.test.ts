import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { deliver } from '../../health/webhook.ts';

let server: Server | undefined;

afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  server = undefined;
});

interface Got {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly path: string | undefined;
}

type Answer = (response: ServerResponse, count: number) => void;

/** A receiver on a port of its own that answers as told, and keeps what it got. */
async function receiver(answer: Answer): Promise<{ url: string; got: Got[] }> {
  const got: Got[] = [];
  server = createServer((message, response) => {
    let body = '';
    message.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    message.on('end', () => {
      got.push({ headers: message.headers, body, path: message.url });
      answer(response, got.length);
    });
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?key=secret`, got };
}

const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  (response) =>
    response.writeHead(code, headers).end('{}');

interface Row {
  readonly title: string;
  readonly answer: Answer;
  readonly verdict: string;
  readonly attempts: number;
  readonly outcome: string;
  readonly waits?: readonly number[];
}

const rows: readonly Row[] = [
  { title: 'takes it', answer: status(204), verdict: 'delivered', attempts: 1, outcome: 'answered 204' },
  {
    title: 'takes it at the third attempt',
    answer: (response, count) => status(count < 3 ? 500 : 200)(response, count),
    verdict: 'delivered',
    attempts: 3,
    outcome: 'answered 200',
    waits: [500, 1_000],
  },
  {
    title: 'always fails',
    answer: status(503),
    verdict: 'unreachable',
    attempts: 3,
    outcome: 'answered 503',
    waits: [500, 1_000],
  },
  { title: 'refuses the shape', answer: status(400), verdict: 'refused', attempts: 1, outcome: 'answered 400' },
  { title: 'is gone', answer: status(410), verdict: 'refused', attempts: 1, outcome: 'answered 410' },
  {
    title: 'redirects elsewhere',
    answer: status(302, { location: 'http://127.0.0.1:1/' }),
    verdict: 'refused',
    attempts: 1,
    outcome: 'answered 302, a redirect, which is not followed',
  },
  {
    title: 'asks for two seconds, then takes it',
    answer: (response, count) => status(count === 1 ? 429 : 200, { 'retry-after': '2' })(response, count),
    verdict: 'delivered',
    attempts: 2,
    outcome: 'answered 200',
    waits: [2_000],
  },
  {
    title: 'asks for more time than a round has',
    answer: status(429, { 'retry-after': '3600' }),
    verdict: 'unreachable',
    attempts: 1,
    outcome: 'answered 429',
  },
  {
    title: 'asks in words',
    answer: status(429, { 'retry-after': 'later' }),
    verdict: 'unreachable',
    attempts: 3,
    outcome: 'answered 429',
    waits: [500, 1_000],
  },
  {
    title: 'hangs',
    answer: () => undefined,
    verdict: 'unreachable',
    attempts: 3,
    outcome: 'no answer within 150 ms',
    waits: [500, 1_000],
  },
  {
    title: 'hangs up',
    answer: (response) => response.destroy(),
    verdict: 'unreachable',
    attempts: 3,
    outcome: 'could not be reached (UND_ERR_SOCKET)',
    waits: [500, 1_000],
  },
  {
    title: 'takes it and never ends its answer',
    answer: (response) => void response.writeHead(200).write('x'),
    verdict: 'delivered',
    attempts: 1,
    outcome: 'answered 200',
  },
];

describe('a receiver that', () => {
  it.each(rows)('$title', async ({ answer, verdict, attempts, outcome, waits = [] }) => {
    const { url, got } = await receiver(answer);
    const waited: number[] = [];
    const wait = async (ms: number) => void waited.push(ms);
    const settings = { url, timeoutMs: outcome.startsWith('no answer') ? 150 : 5_000, attempts: 3 };
    const delivered = await deliver({ title: 'x "y"' }, 'key-1', { settings, wait, random: () => 1 });
    expect(delivered).toEqual({ verdict, attempts, outcome });
    expect(waited).toEqual(waits);
    expect(got).toHaveLength(attempts);
    expect(new Set(got.map(({ headers, body, path }) => `${headers['idempotency-key']} ${body} ${path}`))).toEqual(
      new Set(['key-1 {"title":"x \\"y\\""} /hook?key=secret']),
    );
  });

  it('is not there', async () => {
    const { url } = await receiver(status(200));
    await new Promise((resolve) => server?.close(resolve));
    server = undefined;
    const settings = { url, timeoutMs: 5_000, attempts: 2 };
    const delivered = await deliver({}, 'k', { settings, wait: async () => undefined });
    expect(delivered).toEqual({ verdict: 'unreachable', attempts: 2, outcome: 'could not be reached (ECONNREFUSED)' });
  });
});
