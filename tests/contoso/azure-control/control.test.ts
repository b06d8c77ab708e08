import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startControl } from '../../../fixtures/contoso/azure/control.ts';
import { adminToken, ask, type Bench, bench, client, type Options } from './support.ts';

const rotations: [string, boolean][] = [];
const hooks = {
  state: () => ({ stamps: [{ name: 'westeurope', inRotation: true }] }),
  setRotation: (stamp: string, inRotation: boolean) => {
    if (stamp !== 'westeurope') return false;
    rotations.push([stamp, inRotation]);
    return true;
  },
};

let b: Bench;
let startedAt: number;
beforeAll(async () => {
  b = await bench({ hooks, mounts: { arm: (exchange) => exchange.reply(200, { path: exchange.path }) } });
  startedAt = b.world.now();
});
afterAll(() => b.close());
afterEach(() => b.faults.clear());

const authorised = { authorization: `Bearer ${adminToken}` };
const admin = (path: string, options: Options = {}) => b.ask(`/admin${path}`, { headers: authorised, ...options });
const post = (path: string, body: unknown) =>
  admin(path, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) });

interface Refusal {
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly details: readonly Readonly<Record<string, string>>[];
  };
}

describe('anyone', () => {
  test('reads the clock: when it started, and how fast it goes', async () => {
    b.world.pass(5);
    const answer = await b.ask('/clock');
    expect([answer.status, answer.json()]).toEqual([200, { epoch: startedAt, timeScale: 60 }]);
    expect((await b.ask('/clock', { method: 'POST' })).headers.allow).toBe('GET');
  });

  const elsewhere = [
    '/',
    '/nowhere',
    '/constructor',
    '/clockwork',
    '/adminx/state',
    '/identity/nowhere',
    '/v2.1/nowhere',
    '//',
    '/?/admin/state',
  ];
  test.each(elsewhere)('finds nothing at %s', async (path) => {
    expect((await b.ask(path)).status).toBe(404);
  });

  test('must trust the CA', async () => {
    await expect(ask(undefined, `${b.control.url}/clock`)).rejects.toThrow(/certificate/);
  });

  test('is told of a body that is too large', async () => {
    const answer = await b.ask('/identity/oauth2/v2.0/token', {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'x'.repeat(1024 * 1024 + 1),
    });
    expect(answer.status).toBe(413);
    expect((await b.ask('/clock')).status).toBe(200);
  });

  test('reaches what is mounted beside, by its own path', async () => {
    expect((await b.ask('/arm/subscriptions?x=1')).json()).toEqual({ path: '/subscriptions' });
  });
});

describe('the admin token', () => {
  const refused: readonly (readonly [what: string, headers: Record<string, string>])[] = [
    ['none', {}],
    ['an empty one', { authorization: 'Bearer ' }],
    ['a wrong one', { authorization: `Bearer ${adminToken}x` }],
    ['a part of it', { authorization: `Bearer ${adminToken.slice(0, -1)}` }],
    ['another scheme', { authorization: `Basic ${adminToken}` }],
    ['the secret of the client', { authorization: `Bearer ${client.secret.replaceAll(' ', '-')}` }],
  ];
  const paths: readonly (readonly [method: 'GET' | 'POST' | 'DELETE', path: string])[] = [
    ['GET', '/admin/state'],
    ['GET', '/admin/faults'],
    ['POST', '/admin/faults'],
    ['DELETE', '/admin/faults'],
    ['POST', '/admin/stamps/westeurope/rotation'],
    ['GET', '/admin/telemetry'],
    ['GET', '/admin/nowhere'],
  ];
  test.each(refused)('%s opens no path', async (_what, headers) => {
    const body = JSON.stringify({ kind: 'payment-down' });
    const answers = await Promise.all(
      paths.map(([method, path]) => b.ask(path, { method, headers, ...(method === 'POST' ? { body } : {}) })),
    );
    expect(answers.map(({ status }) => status)).toEqual(paths.map(() => 401));
    expect(answers.map(({ headers: given }) => given['www-authenticate'])).toEqual(paths.map(() => 'Bearer'));
    expect(answers.some(({ text }) => text.includes(adminToken))).toBe(false);
    expect(b.faults.list()).toEqual([]);
  });

  test('a token of the identity provider is not the admin token', async () => {
    const { token } = await b.control.identity.issue('me', 'api://contoso-shoes', { roles: ['Health.Read'] });
    expect((await b.ask('/admin/state', { headers: { authorization: `Bearer ${token}` } })).status).toBe(401);
  });
});

describe('the admin API', () => {
  test('shows the state that the store gives', async () => {
    expect((await admin('/state')).json()).toEqual(hooks.state());
  });

  test('adds, lists and ends a fault', async () => {
    const added = await post('/faults', { kind: 'payment-down', stamp: 'eastus', seconds: 60, probability: 0.5 });
    const fault = added.json<{ id: string }>();
    expect([added.status, fault]).toEqual([
      201,
      {
        id: fault.id,
        kind: 'payment-down',
        stamp: 'eastus',
        status: 503,
        probability: 0.5,
        startsAt: b.world.now(),
        endsAt: b.world.now() + 60_000,
      },
    ]);
    expect((await admin('/faults')).json()).toEqual({ items: [fault] });
    expect((await admin(`/faults/${fault.id}`, { method: 'DELETE' })).status).toBe(204);
    expect((await admin(`/faults/${fault.id}`, { method: 'DELETE' })).status).toBe(404);
    expect((await admin('/faults')).json()).toEqual({ items: [] });
  });

  test('ends all faults, and says how many', async () => {
    await post('/faults', { kind: 'payment-down' });
    await post('/faults', { kind: 'registry-denied' });
    expect((await admin('/faults', { method: 'DELETE' })).json()).toEqual({ cleared: 2 });
  });

  test('a fault that has expired is no longer listed', async () => {
    await post('/faults', { kind: 'payment-down', seconds: 10 });
    b.world.pass(10);
    expect((await admin('/faults')).json()).toEqual({ items: [] });
  });

  const malformed: readonly (readonly [what: string, body: unknown, paths: readonly string[]])[] = [
    ['no JSON', '{"kind":', ['']],
    ['nothing', '', ['']],
    ['a list', [{ kind: 'payment-down' }], ['']],
    ['three errors', { kind: 'payment-down', seconds: 0, stamp: 'mars', colour: 'red' }, ['seconds', 'stamp', 'colour']],
    ['an unknown kind', { kind: 'meteor' }, ['kind']],
  ];
  test.each(malformed)('%s gets 400 with the choice, and changes nothing', async (_what, body, paths) => {
    const standing = b.faults.add({ kind: 'registry-denied' });
    const answer = await post('/faults', body);
    const { error } = answer.json<Refusal>();
    expect([answer.status, error.code, error.details.map(({ path }) => path)]).toEqual([400, 'InvalidFault', paths]);
    for (const detail of error.details) expect(Object.keys(detail).sort()).toEqual(['allowed', 'path', 'seen']);
    expect(b.faults.list().map(({ id }) => id)).toEqual([standing.id]);
  });

  test('takes a stamp out of rotation and back', async () => {
    const out = await post('/stamps/westeurope/rotation', { inRotation: false });
    expect([out.status, out.json()]).toEqual([200, { stamp: 'westeurope', inRotation: false }]);
    await post('/stamps/westeurope/rotation', { inRotation: true });
    expect(rotations).toEqual([
      ['westeurope', false],
      ['westeurope', true],
    ]);
  });

  const misrotated: readonly (readonly [what: string, stamp: string, body: unknown, status: number])[] = [
    ['an unknown stamp', 'mars', { inRotation: false }, 404],
    ['text for a boolean', 'westeurope', { inRotation: 'false' }, 400],
    ['a further field', 'westeurope', { inRotation: false, forever: true }, 400],
    ['no JSON', 'westeurope', 'out', 400],
  ];
  test.each(misrotated)('rotation refuses %s', async (_what, stamp, body, status) => {
    const before = rotations.length;
    expect((await post(`/stamps/${stamp}/rotation`, body)).status).toBe(status);
    expect(rotations.length).toBe(before);
  });

  test('shows received telemetry by kind and trace', async () => {
    const traceId = 'e'.repeat(32);
    const servedBy = { region: 'eastus', stamp: 'eastus', instance: 'i-1', build: 'good' };
    b.control.telemetry.track({ kind: 'Request', at: b.world.now(), traceId, servedBy, data: { name: 'GET /' } });
    b.control.telemetry.track({ kind: 'Event', at: b.world.now(), servedBy, data: { name: 'swap' } });
    const found = (await admin(`/telemetry?kind=Request&traceId=${traceId}`)).json<{
      items: { envelope: { data: object } }[];
      counts: object;
    }>();
    expect(found.items.map(({ envelope }) => envelope.data)).toEqual([
      { baseType: 'RequestData', baseData: { ver: 2, name: 'GET /', properties: { region: 'eastus', stamp: 'eastus' } } },
    ]);
    expect(found.counts).toEqual({ Request: 1, Event: 1 });
    expect((await admin('/telemetry?kind=Nothing')).json<{ items: object[] }>().items).toEqual([]);
  });

  test.each(['limit=0', 'limit=x', 'colour=red', 'limit=20001'])('telemetry refuses ?%s', async (query) => {
    expect((await admin(`/telemetry?${query}`)).status).toBe(400);
  });

  test.each([
    ['GET', '/nowhere'],
    ['POST', '/state'],
    ['DELETE', '/stamps/westeurope/rotation'],
  ] as const)('%s %s is not there', async (method, path) => {
    expect((await admin(path, { method })).status).toBe(404);
  });
});

test('a hook that throws is an answer of 500, and not the end', async () => {
  const broken = await bench({
    hooks: {
      ...hooks,
      state: () => {
        throw new Error('no state yet');
      },
    },
  });
  const state = () => broken.ask('/admin/state', { headers: authorised });
  expect([(await state()).status, (await state()).json<Refusal>().error.message]).toEqual([500, 'no state yet']);
  await broken.close();
});

test('a port that is taken is the system’s error', async () => {
  const { port } = new URL(b.control.url);
  const again = startControl({
    port: Number(port),
    certificate: b.certificate,
    world: b.world,
    faults: b.faults,
    adminToken,
    client,
    hooks,
  });
  await expect(again).rejects.toMatchObject({ code: 'EADDRINUSE' });
});
