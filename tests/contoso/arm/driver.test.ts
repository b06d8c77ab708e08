import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { type Arm, createArm } from '../../../telemetry/arm.ts';
import { clientCredential } from '../../../telemetry/azure-credential.ts';

interface Step {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text is sent as it is. */
  readonly body?: unknown;
}

interface Script {
  readonly arm: Arm;
  readonly url: string;
  /** `GET /path`, with the token it came with. */
  readonly seen: readonly string[];
  readonly bodies: readonly string[];
  /** Milliseconds that the driver waited, one by one. */
  readonly waits: readonly number[];
}

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

const bodyOf = async (req: IncomingMessage) => {
  let text = '';
  for await (const chunk of req) text += String(chunk);
  return text;
};

/** An ARM that answers as written, whatever it is asked; `{base}` in headers is its own address. */
async function scripted(steps: readonly Step[], options: { readonly limitMs?: number } = {}): Promise<Script> {
  const [seen, bodies, waits]: [string[], string[], number[]] = [[], [], []];
  let next = 0;
  let now = 0;
  const started = createServer(async (req, res) => {
    bodies.push(await bodyOf(req));
    seen.push(`${req.method} ${req.url} ${req.headers.authorization}`);
    const step = steps[Math.min(next++, steps.length - 1)] as Step;
    if (step.status === 0) return void req.socket.destroy();
    const headers = Object.entries(step.headers ?? {}).map(
      ([name, value]) => [name, value.replace('{base}', `http://${req.headers.host}`)] as const,
    );
    res.writeHead(step.status, Object.fromEntries(headers));
    res.end(typeof step.body === 'string' ? step.body : step.body === undefined ? '' : JSON.stringify(step.body));
  });
  server = started;
  await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(started.address() as AddressInfo).port}`;
  const arm = createArm({
    endpoint: url,
    credential: {
      getToken: (scope) => Promise.resolve({ token: String(scope).slice(0, 28), expiresOnTimestamp: Number.MAX_SAFE_INTEGER }),
    },
    now: () => now,
    sleep: (ms) => {
      waits.push(ms);
      now += ms;
      return Promise.resolve();
    },
    ...options,
  });
  return { arm, url, seen, bodies, waits };
}

const running = { status: 200, body: { status: 'InProgress' } };
const asynchronous = { 'azure-asyncoperation': '{base}/status', location: '{base}/result' };

// Source: "Track asynchronous Azure operations": Azure-AsyncOperation first, else Location; Retry-After in seconds.
describe('an operation', () => {
  const done: readonly (readonly [what: string, steps: readonly Step[], asked: readonly string[], result: unknown])[] = [
    ['that is done at once', [{ status: 200, body: { a: 1 } }], ['PATCH /r'], { a: 1 }],
    ['accepted without a place to ask', [{ status: 202 }], ['PATCH /r'], undefined],
    [
      'followed by its status to its result',
      [
        { status: 202, headers: asynchronous },
        running,
        { status: 200, body: { status: 'Succeeded' } },
        { status: 200, body: { a: 2 } },
      ],
      ['PATCH /r', 'GET /status', 'GET /status', 'GET /result'],
      { a: 2 },
    ],
    [
      'with a status alone',
      [
        { status: 201, headers: { 'azure-asyncoperation': '{base}/status' } },
        { status: 200, body: { status: 'Succeeded', properties: 3 } },
      ],
      ['PATCH /r', 'GET /status'],
      { status: 'Succeeded', properties: 3 },
    ],
    [
      'followed by its location until it is no 202',
      [{ status: 202, headers: { location: '{base}/result' } }, { status: 202 }, { status: 200, body: { a: 4 } }],
      ['PATCH /r', 'GET /result', 'GET /result'],
      { a: 4 },
    ],
  ];
  test.each(done)('%s resolves with its result', async (_what, steps, asked, result) => {
    const { arm, seen } = await scripted(steps);
    expect(await arm.patch('/r', '2024-04-01', { b: 1 })).toEqual(result);
    expect(seen.map((line) => line.split(' ').slice(0, 2).join(' ').replace(/\?.*/, ''))).toEqual(asked);
    expect(seen[0]).toContain('?api-version=2024-04-01');
  });

  const failing: readonly (readonly [what: string, steps: readonly Step[], error: object])[] = [
    [
      'refused',
      [{ status: 400, body: { error: { code: 'BadRequest', message: 'no' } } }],
      { status: 400, code: 'BadRequest', message: 'no' },
    ],
    [
      'refused in the old flat shape',
      [{ status: 404, body: { code: 'NotFound', message: 'gone' } }],
      { status: 404, code: 'NotFound', message: 'gone' },
    ],
    ['refused by a gateway', [{ status: 502, body: '<html>' }], { status: 502, code: '502' }],
    [
      'that fails',
      [
        { status: 202, headers: asynchronous },
        { status: 200, body: { status: 'Failed', error: { code: 'SwapFailed', message: 'why' } } },
      ],
      { code: 'SwapFailed', message: 'why' },
    ],
    [
      'that is cancelled',
      [
        { status: 202, headers: asynchronous },
        { status: 200, body: { status: 'Canceled' } },
      ],
      { code: 'Canceled' },
    ],
    [
      'whose result is an error',
      [
        { status: 202, headers: { location: '{base}/result' } },
        { status: 409, body: { error: { code: 'Conflict', message: 'x' } } },
      ],
      { status: 409, code: 'Conflict' },
    ],
    ['that never ends', [{ status: 202, headers: asynchronous }, running], { code: 'OperationTimedOut' }],
  ];
  test.each(failing)('%s rejects with the reason', async (_what, steps, error) => {
    const { arm } = await scripted(steps, { limitMs: 5_000 });
    await expect(arm.post('/r', '2024-04-01')).rejects.toMatchObject({ name: 'ArmError', ...error });
  });

  test.each([
    ['as long as ARM asks', { 'retry-after': '15' }, 15_000],
    ['a second where ARM says nothing', {}, 1_000],
    ['never less than a moment', { 'retry-after': '0' }, 50],
  ])('waits %s', async (_what, headers, ms) => {
    const { arm, waits } = await scripted([
      { status: 202, headers: { location: '{base}/result', ...headers } },
      { status: 200, body: {} },
    ]);
    await arm.put('/r', '2024-04-01', {});
    expect(waits).toEqual([ms]);
  });

  test('tells where it can be followed, before it ends', async () => {
    const { arm, url, seen } = await scripted([
      { status: 202, headers: asynchronous },
      { status: 200, body: { status: 'Failed' } },
    ]);
    const told: object[] = [];
    await expect(arm.post('/r', '2024-04-01', {}, (operation) => told.push(operation, [...seen]))).rejects.toThrow();
    expect(told).toEqual([{ status: `${url}/status`, location: `${url}/result` }, [expect.stringMatching(/^POST/)]]);
  });

  test.each([
    ['it has succeeded', [running, { status: 200, body: { status: 'Succeeded' } }]],
    ['it has failed', [running, { status: 200, body: { status: 'Failed' } }]],
    ['ARM knows it no more', [{ status: 404, body: { error: { code: 'OperationNotFound', message: '' } } }]],
  ] as const)('of another process is over once %s', async (_when, steps) => {
    const { arm, url, seen } = await scripted(steps);
    await arm.over({ status: `${url}/status` });
    expect(seen).toHaveLength(steps.length);
  });

  test('of another process is not over while ARM can’t say', async () => {
    const { arm, url } = await scripted([{ status: 503 }], { limitMs: 5_000 });
    const message = `${url}/status was not done within 5 s; last: ARM answered 503`;
    await expect(arm.over({ status: `${url}/status` })).rejects.toMatchObject({ code: 'OperationTimedOut', message });
  });

  const succeeded = { status: 200, body: { status: 'Succeeded' } };
  test.each<readonly [what: string, blip: Step, waits: readonly [number, number]]>([
    ['is throttled, for as long as it is asked to', { status: 429, headers: { 'retry-after': '17' } }, [1_000, 17_000]],
    ['is throttled until a date', { status: 429, headers: { 'retry-after': 'Thu, 01 Jan 1970 00:00:09 GMT' } }, [1_000, 8_000]],
    ['times out', { status: 408 }, [1_000, 1_000]],
    ['is answered by a gateway', { status: 502, body: '<html>' }, [1_000, 1_000]],
    ['loses its connection', { status: 0 }, [1_000, 1_000]],
  ])('is followed on where a question %s', async (_what, blip, expected) => {
    const { arm, waits } = await scripted([
      { status: 202, headers: asynchronous },
      blip,
      succeeded,
      blip,
      { status: 200, body: { a: 5 } },
    ]);
    expect(await arm.post('/r', '2024-04-01')).toEqual({ a: 5 });
    expect(waits.slice(0, 2)).toEqual(expected);
  });

  test('is followed no longer than its limit, however long ARM asks to wait', async () => {
    const asked = { status: 429, headers: { 'retry-after': '3600' } };
    const { arm, waits } = await scripted([{ status: 202, headers: asynchronous }, asked], { limitMs: 5_000 });
    const reason = { code: 'OperationTimedOut', message: expect.stringMatching(/within 5 s; last: ARM answered 429$/) };
    await expect(arm.post('/r', '2024-04-01')).rejects.toMatchObject(reason);
    expect(waits).toEqual([1_000, 4_000]);
  });

  test('is not begun again where its first request brings no answer', async () => {
    const { arm, seen } = await scripted([{ status: 0 }]);
    const reason = { name: 'ArmError', status: 0, code: 'NoAnswer', message: expect.stringMatching(/^no answer from http:/) };
    await expect(arm.post('/r', '2024-04-01')).rejects.toMatchObject(reason);
    expect(seen).toHaveLength(1);
  });

  test('carries its token to ARM alone', async () => {
    const { arm, seen } = await scripted([{ status: 202, headers: { location: 'http://127.0.0.1:9/steal' } }]);
    await expect(arm.post('/r', '2024-04-01')).rejects.toMatchObject({ code: 'ForeignLocation' });
    expect(seen).toEqual(['POST /r?api-version=2024-04-01 Bearer https://management.azure.com']);
  });

  test('sends its body as JSON, and reads without one', async () => {
    const { arm, bodies } = await scripted([{ status: 200, body: {} }]);
    await arm.patch('/r', '2024-04-01', { sku: { capacity: 2 } });
    await arm.get('/r', '2024-04-01');
    expect(bodies).toEqual(['{"sku":{"capacity":2}}', '']);
  });
});

describe('a client’s credential', () => {
  /** A token endpoint that counts what it gives. */
  async function endpoint(status = 200) {
    const asked: string[] = [];
    const started = createServer(async (req, res) => {
      asked.push(new URLSearchParams(await bodyOf(req)).get('scope') ?? '');
      res.writeHead(status, { 'content-type': 'application/json' });
      res.end(JSON.stringify({ access_token: `token-${asked.length}`, expires_in: 3_600, detail: 'hidden' }));
    });
    server = started;
    await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
    const tokenEndpoint = `http://127.0.0.1:${(started.address() as AddressInfo).port}/token`;
    let now = 1_000_000;
    const credential = clientCredential({ tokenEndpoint, clientId: 'c', clientSecret: 'a secret' }, () => now);
    const pass = (seconds: number) => {
      now += seconds * 1_000;
    };
    const token = async (scope: string) => (await credential.getToken(scope))?.token;
    return { asked, token, pass };
  }

  test('holds a token for each scope', async () => {
    const { asked, token } = await endpoint();
    expect([await token('a'), await token('b'), await token('a')]).toEqual(['token-1', 'token-2', 'token-1']);
    expect(asked).toEqual(['a', 'b']);
  });

  test.each([
    [3_539, 'token-1'],
    [3_540, 'token-2'],
  ])('after %i seconds gives %s', async (seconds, expected) => {
    const { token, pass } = await endpoint();
    await token('a');
    pass(seconds);
    expect(await token('a')).toBe(expected);
  });

  test('refused, tells the status and not the secret', async () => {
    const { token } = await endpoint(401);
    const error: unknown = await token('a').catch((reason: unknown) => reason);
    expect(String(error)).toMatch(/^CredentialError: 127\.0\.0\.1:\d+ answered 401 for scope a$/);
  });
});
