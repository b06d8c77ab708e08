import { afterAll, beforeAll, expect, test } from 'vitest';
import { filesIn, type Live, type Round, startLive } from './live.ts';
import { textsOf } from './unpacked.ts';

const secret = 'c1ient-secret-that-no-file-may-hold';
const key = 'front-d00r-id-that-no-file-may-hold';
let live: Live;
let bySecret: Round;
let byVariable: Round;
let token: string;

const grep = ['--grep', '(?=.*@westeurope)(?=.*(checkout|sign-in))', '--reporter=dot,html,./synthetics/reporter.ts'];

beforeAll(async () => {
  live = await startLive(`secrets-${process.pid}`, (environment) => ({
    ...environment,
    auth: { ...environment.auth, clientSecret: secret } as typeof environment.auth,
    stamps: environment.stamps.map((stamp) => ({ ...stamp, headers: { 'x-azure-fdid': key } })),
  }));
  token = await live.store.token();
  await live.faults(
    { kind: 'route', route: 'POST /api/orders', status: 500 },
    { kind: 'route', route: 'GET /api/me', reset: true },
  );
  const withToken = live.fileOf({ auth: { kind: 'variable', token } });
  [bySecret, byVariable] = await Promise.all([live.playwright(grep), live.playwright(grep, { TARGET_ENV: withToken })]);
});
afterAll(() => live.close());

const saidBy = (round: Round) =>
  new Map([...filesIn(round.output), ...filesIn(round.report)].flatMap((file) => [...textsOf(file)]));
const jsonWebToken = /eyJ[\w-]{8,}\.[\w-]{8,}/;

test.each([
  ['fetched with a secret', () => bySecret],
  ['given', () => byVariable],
])('no file of a failed run holds a token that was %s', (_, roundOf) => {
  const round = roundOf();
  expect(round.results.map(({ journey, outcome }) => `${journey} ${outcome}`).sort()).toEqual([
    'checkout failed',
    'sign-in failed',
  ]);
  const said = saidBy(round);
  const places = (kept: (text: string) => boolean) => [...said].filter(([, text]) => kept(text)).map(([place]) => place);
  for (const hidden of [token, secret, key]) {
    expect(places((text) => text.includes(hidden))).toEqual([]);
    expect(round.stdout + round.stderr).not.toContain(hidden);
  }
  expect(places((text) => jsonWebToken.test(text))).toEqual([]);
  // The search finds what is there: the trace's requests, the failing exchange, the report's data.
  expect(places((text) => text.includes('idempotency-key')).length).toBeGreaterThan(2);
});

test('the trace still shows each request and its answer', () => {
  const network = [...saidBy(bySecret)].filter(([place]) => place.endsWith('.network')).flatMap(([, text]) => text.split('\n'));
  const orders = network.filter((line) => line.includes('/api/orders"') && line.includes('"status":500'));
  expect(orders.length).toBeGreaterThan(0);
  expect(orders[0]).toContain('{"name":"authorization","value":"(not recorded');
  expect(orders[0]).toContain('"name":"x-shopper-id","value":"synthetic-');
});

test('what a request carried unseen did arrive', () => {
  const failed = bySecret.results.find(({ journey }) => journey === 'checkout');
  expect(failed?.failure).toMatchObject({ step: 'pay', rule: 'status 201', cause: 'http' });
  expect(failed?.steps.find(({ name }) => name === 'fill a cart')?.outcome).toBe('passed');
});

test('the failing exchange is the one that the journey failed at, and none of its clean-up', () => {
  const exchanges = [...saidBy(bySecret).values()].filter((text) => text.startsWith('{\n  "request": {'));
  const lines = exchanges.map((text) => {
    const { request, answer } = JSON.parse(text) as { request: { method: string; url: string }; answer?: { status: number } };
    return `${request.method} ${new URL(request.url).pathname}: ${answer?.status ?? 'nothing'}`;
  });
  expect(new Set(lines)).toEqual(new Set(['POST /api/orders: 500', 'GET /api/me: nothing']));
});
