import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { Environment } from '../../fixtures/environments/schema.ts';
import { RequestFailed } from '../../synthetics/journeys/failures.ts';
import { tokenSource } from '../../synthetics/runners/token.ts';
import { wordOf } from '../../synthetics/runners/trouble.ts';

interface Asked {
  readonly method: string | undefined;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly form: Record<string, string>;
}

type Answer = { status?: number; body?: string } | 'hang' | 'reset';
const good = (number: number, expiresIn: number | string = 3_600): Answer => ({
  body: JSON.stringify({ access_token: `token-${number}`, expires_in: expiresIn }),
});

const open: Server[] = [];
afterEach(() => {
  for (const server of open.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function provider(answer: (number: number) => Answer) {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const form = Object.fromEntries(new URLSearchParams(text));
    asked.push({ method: request.method, url: request.url ?? '', headers: request.headers, form });
    const given = answer(asked.length);
    if (given === 'hang') return;
    if (given === 'reset') return void request.socket.destroy();
    response.writeHead(given.status ?? 200).end(given.body);
  });
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { asked, host, url: `http://${host}/token` };
}

const secret = 'hidden-s3cret';
const clientSecret = (tokenEndpoint: string): Environment['auth'] => ({
  kind: 'client-secret',
  tokenEndpoint,
  clientId: 'synthetics',
  clientSecret: secret,
  scope: 'api://contoso-shoes/.default',
});

const failureOf = async (token: Promise<string>): Promise<RequestFailed> => {
  const thrown: unknown = await token.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown instanceof RequestFailed) return thrown;
  throw new Error(`expected RequestFailed, got ${String(thrown)}`);
};

test('client credentials are sent as a form', async () => {
  const { asked, url } = await provider(() => good(1));
  expect(await tokenSource(clientSecret(url), {}).token(false)).toBe('token-1');
  expect(asked).toMatchObject([
    {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      form: {
        grant_type: 'client_credentials',
        client_id: 'synthetics',
        client_secret: secret,
        scope: 'api://contoso-shoes/.default',
      },
    },
  ]);
});

describe('no token', () => {
  test.each([
    ['a refused secret', { status: 401, body: `{"error":"invalid_client","hint":"${secret}"}` }, /^status 401 from 127/],
    ['a provider that is down', { status: 503 }, /^status 503 from 127/],
    ['an answer without a token', { body: '{}' }, /^an answer without a token from 127/],
    ['an empty token', { body: '{"access_token":""}' }, /^an answer without a token from 127/],
    ['a token that never was valid', { body: '{"access_token":"t","expires_in":0}' }, /^an answer without a token from 127/],
    ['a token that is no text', { body: '{"access_token":{"t":1}}' }, /^an answer without a token from 127/],
    ['a lifetime that is no number', { body: '{"access_token":"t","expires_in":"soon"}' }, /^an answer without a token from 127/],
    ['an answer that is no object', { body: 'null' }, /^an answer without a token from 127/],
    ['an answer that is not JSON', { body: `<html>${secret}` }, /^an answer without a token from 127/],
    ['a cut connection', 'reset', /^ECONNRESET from 127/],
  ] as const)('%s is the trouble no-token, and says nothing secret', async (_, answer, said) => {
    const { url } = await provider(() => answer);
    const failure = await failureOf(tokenSource(clientSecret(url), {}).token(false));
    expect([failure.trouble, failure.detail]).toEqual(['no-token', expect.stringMatching(said)]);
    expect(failure.message).not.toContain(secret);
  });

  test.each([
    ['a time limit', new DOMException('The operation was aborted due to timeout', 'TimeoutError'), 'no answer in time'],
    ['a time limit of Node', Object.assign(new Error(secret), { name: 'AbortError', code: 'ABORT_ERR' }), 'no answer in time'],
    ['a code', Object.assign(new Error(secret), { code: 'ECONNRESET' }), 'ECONNRESET'],
    ['a name alone', new TypeError(secret), 'TypeError'],
  ])('is told by %s, and by no message', (_, error, said) => expect(wordOf(error)).toBe(said));

  test('a provider that refuses connections is named', async () => {
    const failure = await failureOf(tokenSource(clientSecret('http://127.0.0.1:1/token'), {}).token(false));
    expect([failure.trouble, failure.detail]).toEqual(['no-token', 'ECONNREFUSED from 127.0.0.1:1']);
  });

  test('is not held: the next request asks again', async () => {
    const { url } = await provider((number) => (number === 1 ? { status: 500 } : good(number)));
    const source = tokenSource(clientSecret(url), {});
    await failureOf(source.token(false));
    expect(await source.token(false)).toBe('token-2');
  });
});

describe('a held token', () => {
  test.each([
    ['serves until a minute before it expires', 3_539, ['token-1', 'token-1']],
    ['is renewed in its last minute', 3_541, ['token-1', 'token-2']],
    ['is renewed after it expired', 4_000, ['token-1', 'token-2']],
  ])('%s', async (_, seconds, expected) => {
    const { url } = await provider(good);
    let nowMs = 0;
    const source = tokenSource(clientSecret(url), {}, () => nowMs);
    const first = await source.token(false);
    nowMs = seconds * 1_000;
    expect([first, await source.token(false)]).toEqual(expected);
  });

  test('is asked for once by many at the same time', async () => {
    const { url, asked } = await provider(good);
    const source = tokenSource(clientSecret(url), {});
    const tokens = await Promise.all(Array.from({ length: 20 }, () => source.token(false)));
    expect([new Set(tokens).size, asked.length]).toEqual([1, 1]);
  });

  test('that the store refused is asked for anew, and no other', async () => {
    const { url } = await provider(good);
    const source = tokenSource(clientSecret(url), {});
    const first = await source.token(false);
    source.refused?.('token-0');
    const again = await source.token(false);
    source.refused?.(again);
    expect([first, again, await source.token(false)]).toEqual(['token-1', 'token-1', 'token-2']);
  });

  test('is not what a fresh sign-in gets', async () => {
    const { url } = await provider(good);
    const source = tokenSource(clientSecret(url), {});
    expect([await source.token(false), await source.token(true), await source.token(false)]).toEqual([
      'token-1',
      'token-2',
      'token-1',
    ]);
  });
});

describe('a managed identity', () => {
  const identity = { kind: 'managed-identity', resource: 'api://contoso-shoes' } as const;

  test.each([
    ['the system-assigned one', {}, null],
    ['a user-assigned one', { clientId: 'id-1' }, 'id-1'],
  ])('%s asks the endpoint of its App Service', async (_, given, clientId) => {
    const { asked, host } = await provider(() => good(1, '86400'));
    const variables = { IDENTITY_ENDPOINT: `http://${host}/msi/token`, IDENTITY_HEADER: 'header-secret' };
    const source = tokenSource({ ...identity, ...given }, variables, () => 0);
    expect(await source.token(false)).toBe('token-1');
    const [{ method, url, headers }] = asked as [Asked];
    const query = new URL(url, 'http://x').searchParams;
    expect([
      method,
      headers['x-identity-header'],
      query.get('resource'),
      query.get('api-version'),
      query.get('client_id'),
    ]).toEqual(['GET', 'header-secret', 'api://contoso-shoes', '2019-08-01', clientId]);
  });

  test.each([
    ['seconds from now, as text', { expires_in: '120' }],
    ['its end alone, as App Service gives it', { expires_on: '120' }],
  ])('%s: renewed in the last minute', async (_, lifetime) => {
    const body = (number: number) => JSON.stringify({ access_token: `token-${number}`, ...lifetime });
    const { asked, host } = await provider((number) => ({ body: body(number) }));
    let nowMs = 0;
    const variables = { IDENTITY_ENDPOINT: `http://${host}/`, IDENTITY_HEADER: 'h' };
    const source = tokenSource(identity, variables, () => nowMs);
    await source.token(false);
    nowMs = 59_000;
    await source.token(false);
    expect(asked.length).toBe(1);
    nowMs = 61_000;
    expect(await source.token(false)).toBe('token-2');
  });
});

test.each([false, true])('a token from a variable is taken as it is (fresh: %s)', async (fresh) => {
  expect(await tokenSource({ kind: 'variable', token: 'given' }, {}).token(fresh)).toBe('given');
});
