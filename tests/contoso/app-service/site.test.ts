import { Agent, request } from 'undici';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { App } from '../../../fixtures/contoso/azure/app-service/worker.ts';
import type { ServedBy } from '../../../fixtures/contoso/azure/ports.ts';
import { soon } from '../../support/soon.ts';
import { type Answer, echo, startTestSite, type TestSite, testCertificate, world } from './doubles.ts';

let dispatcher: Agent;
const opened: TestSite[] = [];
const open = async (...args: Parameters<typeof startTestSite>) => {
  const started = await startTestSite(...args);
  opened.push(started);
  return started;
};

beforeEach(async () => {
  dispatcher = new Agent({ connect: { ca: (await testCertificate()).ca } });
});
afterEach(async () => {
  await dispatcher.destroy();
  await Promise.all(opened.splice(0).map((o) => o.site.close()));
});

async function get(
  { site }: TestSite,
  path = '/api/products',
  headers: Record<string, string> = {},
  method: 'GET' | 'POST' = 'GET',
): Promise<Answer> {
  const { statusCode, headers: got, body } = await request(`${site.url}${path}`, { dispatcher, headers, method });
  const text = await body.text();
  return { status: statusCode, headers: got, json: text ? JSON.parse(text) : {} };
}

const states = ({ site }: TestSite) => site.workers.map((w) => w.state);
const reasons = ({ site }: TestSite) => site.events.map((e) => `${e.instance} ${e.state}: ${e.reason}`);

describe('the instances of a site', () => {
  it('take requests in turn, and no client is pinned', async () => {
    const started = await open({ instances: 3 });
    const answers = await Promise.all([1, 2, 3, 4, 5, 6].map(() => get(started)));
    const count = (id: string) => answers.filter((a) => a.json.instance === id).length;
    expect(['plan-0', 'plan-1', 'plan-2'].map(count)).toEqual([2, 2, 2]);
    expect(answers.every((a) => a.headers['set-cookie'] === undefined)).toBe(true);
  });

  it('come with a start-up delay when the plan scales out', async () => {
    const started = await open({ instances: 1, world: world(1_200) });
    const before = performance.now();
    started.plan.setInstanceCount(2, 'scale out');
    expect(states(started)).toEqual(['warm', 'starting']);
    await soon(() => expect(states(started)).toEqual(['warm', 'warm']));
    // 120 control-plane seconds at a scale of 1,200.
    expect(performance.now() - before).toBeGreaterThan(95);
    expect(reasons(started)).toEqual([
      'plan-0 starting: start',
      'plan-0 warm: warmed up',
      'plan-1 starting: start',
      'plan-1 warm: warmed up',
    ]);
  });

  it('leave with the newest first, and finish what they have', async () => {
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const createApp = (servedBy: ServedBy): App => {
      const app = echo(servedBy);
      return { ...app, handle: (req, res) => void released.then(() => app.handle(req, res)) };
    };
    const started = await open({ instances: 2, createApp });
    const slow = Promise.all([get(started), get(started)]);
    await soon(() => expect(started.site.workers.map((w) => w.active)).toEqual([1, 1]));
    started.plan.setInstanceCount(1, 'scale in');
    release();
    expect((await slow).map((a) => a.status)).toEqual([200, 200]);
    expect(reasons(started)).toContain('plan-1 stopped: scale in');
    expect((await get(started)).json.instance).toBe('plan-0');
  });

  it('are out of rotation while told so', async () => {
    const started = await open({ instances: 2 });
    started.site.workers[0]?.setRotation(false, 'health check failed');
    const served = await Promise.all([1, 2, 3].map(() => get(started)));
    expect(new Set(served.map((a) => a.json.instance))).toEqual(new Set(['plan-1']));
    started.site.workers[1]?.setRotation(false, 'health check failed');
    expect((await get(started)).status).toBe(503);
    started.site.workers[0]?.setRotation(true, 'health check passed');
    expect((await get(started)).json.instance).toBe('plan-0');
  });

  it('are replaced under a new name', async () => {
    const started = await open({ instances: 2 });
    started.plan.replace('plan-0', 'unhealthy for an hour');
    await soon(() =>
      expect(started.site.workers.map((w) => `${w.instance.id} ${w.state}`)).toEqual(['plan-1 warm', 'plan-2 warm']),
    );
    expect(() => started.plan.replace('plan-0', 'again')).toThrow('plan plan has no instance plan-0');
  });

  it.each([
    ['S2', 11, '1 to 10'],
    ['B1', 4, '1 to 3'],
    ['S2', 0, '1 to 10'],
    ['S2', 1.5, '1 to 10'],
  ])('of %s cannot be %d', async (sku, count, allowed) => {
    const { plan } = await open({ instances: 1, sku });
    expect(() => plan.setInstanceCount(count, 'test')).toThrow(allowed);
    expect(plan.instances).toHaveLength(1);
  });

  it('do not come up while the registry refuses, and the running ones go on', async () => {
    let denied = false;
    const started = await open({
      instances: 1,
      pullImage: () => (denied ? Promise.reject(new Error('403 DENIED')) : Promise.resolve()),
    });
    denied = true;
    started.plan.setInstanceCount(2, 'scale out');
    await soon(() => expect(reasons(started)).toContain('plan-1 starting: image pull: 403 DENIED'));
    expect((await get(started)).json.instance).toBe('plan-0');
    denied = false;
    await soon(() => expect(states(started)).toEqual(['warm', 'warm']));
  });

  it('never serve when the start-up check fails, and the site still opens', async () => {
    const closed = vi.fn(() => Promise.resolve());
    const refusing = (...args: Parameters<typeof echo>): App => ({
      ...echo(...args),
      ready: () => Promise.reject(new Error('PAYMENT_KEY unresolved')),
      close: closed,
    });
    const started = await open({ instances: 1, createApp: refusing });
    expect((await get(started)).json).toMatchObject({ error: { code: 'no_instance' } });
    expect(reasons(started)[1]).toBe('plan-0 starting: warm-up: PAYMENT_KEY unresolved');
    expect(closed).toHaveBeenCalled();
  });
});

describe('the queue of an instance', () => {
  it('makes a request take its service time', async () => {
    const started = await open({ instances: 1 });
    await get(started, '/api/health');
    const before = performance.now();
    await get(started);
    expect(performance.now() - before).toBeGreaterThanOrEqual(23);
  });

  it('shows overload as waiting before errors', async () => {
    const started = await open({ instances: 1, sku: 'B1' });
    const before = performance.now();
    const answers = await Promise.all(Array.from({ length: 10 }, () => get(started)));
    expect(answers.every((a) => a.status === 200)).toBe(true);
    expect(performance.now() - before).toBeGreaterThanOrEqual(235);
    expect(started.plan.instances[0]?.cores.totals(Number.MAX_SAFE_INTEGER)).toMatchObject({ arrivals: 10, busyMs: 240 });
  });

  it('is shared by the slots of a plan', async () => {
    const production = await open({ instances: 1 });
    const staging = await open({ plan: production.plan, slot: 'staging' });
    await Promise.all([get(production), get(staging)]);
    expect((await get(staging)).json).toMatchObject({ slot: 'staging', instance: 'plan-0' });
    expect(production.plan.instances[0]?.cores.totals(Number.MAX_SAFE_INTEGER).arrivals).toBe(3);
  });
});

describe('App Service authentication', () => {
  const principal = (answer: Answer) => {
    const headers = answer.json.headers as Record<string, string>;
    return { id: headers['x-ms-client-principal-id'], encoded: headers['x-ms-client-principal'] };
  };

  it.each([
    ['none', {}],
    ['a wrong token', { authorization: 'Bearer bad' }],
    ['another scheme', { authorization: 'Basic good' }],
    ['no token after the scheme', { authorization: 'Bearer' }],
    ['a principal of its own', { 'x-ms-client-principal-id': 'admin', 'x-ms-client-principal': 'e30=' }],
  ])('answers 401 before the app for %s', async (_what, headers) => {
    const answer = await get(await open(), '/api/orders', headers, 'POST');
    expect([answer.status, answer.headers['www-authenticate'], answer.json]).toEqual([
      401,
      'Bearer realm="localhost"',
      { error: { code: 'unauthorized', message: 'a valid bearer token is required' } },
    ]);
  });

  it('tells the app who called', async () => {
    const answer = await get(
      await open(),
      '/api/orders',
      { authorization: 'bearer good', 'x-ms-client-principal-name': 'admin' },
      'POST',
    );
    expect(principal(answer).id).toBe('shopper');
    const { auth_typ, claims } = JSON.parse(Buffer.from(principal(answer).encoded ?? '', 'base64').toString());
    expect(auth_typ).toBe('aad');
    expect(claims).toEqual(
      expect.arrayContaining([
        { typ: 'sub', val: 'shopper' },
        { typ: 'roles', val: 'A' },
        { typ: 'roles', val: 'B' },
      ]),
    );
    expect(answer.json.headers).not.toHaveProperty('x-ms-client-principal-name');
  });

  it('lets exempt paths through, with and without a token, but never with a forged principal', async () => {
    const started = await open();
    expect(principal(await get(started, '/api/products?page=1', { 'x-ms-client-principal-id': 'admin' }))).toEqual({
      id: undefined,
      encoded: undefined,
    });
    expect(principal(await get(started, '/api/products/shoe-1', { authorization: 'Bearer bad' })).id).toBeUndefined();
    expect(principal(await get(started, '/api/health', { authorization: 'Bearer good' })).id).toBe('shopper');
  });

  it('wants a token on a path that nobody named', async () => {
    expect((await get(await open(), '/api/other')).status).toBe(401);
  });
});

describe('faults of a site', () => {
  const here = { stamp: 'westeurope', route: 'GET /api/products/{id}' };

  it('hit the route that they name, and no other', async () => {
    const started = await open();
    started.faults.set('route', here, { status: 500 });
    expect((await get(started, '/api/products/shoe-1')).json).toEqual({
      error: { code: 'injected_fault', message: 'injected fault f-1' },
    });
    expect((await get(started, '/api/products')).status).toBe(200);
    started.faults.clear();
    expect((await get(started, '/api/products/shoe-1')).status).toBe(200);
  });

  it('hit the instance that they name, and say who answered', async () => {
    const started = await open({ instances: 2 });
    started.faults.set('route', { route: 'GET /api/products', instance: 'plan-1' }, { status: 429, retryAfterSeconds: 7 });
    const answers = await Promise.all([1, 2, 3, 4].map(() => get(started)));
    const refused = answers.filter((a) => a.status === 429);
    expect([refused.length, answers.filter((a) => a.json.instance === 'plan-0').length]).toEqual([2, 2]);
    expect(refused[0]?.headers).toMatchObject({
      'retry-after': '7',
      'x-contoso-region': 'westeurope',
      'x-contoso-stamp': 'westeurope',
      'x-contoso-instance': 'plan-1',
      'x-contoso-build': '1.0.0',
    });
  });

  it('delay an answer', async () => {
    const started = await open();
    started.faults.set('route', here, { delayMs: 150 });
    const before = performance.now();
    expect((await get(started, '/api/products/shoe-1')).status).toBe(200);
    expect(performance.now() - before).toBeGreaterThanOrEqual(149);
  });

  it('reset a connection', async () => {
    const started = await open();
    started.faults.set('route', here, { reset: true });
    await expect(get(started, '/api/products/shoe-1')).rejects.toThrow();
    expect((await get(started, '/api/products')).status).toBe(200);
  });

  it('take a region off the net: kept-alive and new connections break', async () => {
    const started = await open();
    await get(started);
    started.faults.set('region-down', { region: 'westeurope' }, { reset: true });
    await expect(get(started)).rejects.toThrow();
    await expect(get(started)).rejects.toThrow();
    started.faults.set('region-down', { region: 'eastus' }, { reset: true });
    expect((await get(started)).status).toBe(200);
  });
});

describe('closing a site', () => {
  it('ends soon, with a request under way for a minute', async () => {
    let asked = 0;
    const routeOf = () => {
      asked += 1;
      return 'GET /api/products';
    };
    const { site, faults } = await startTestSite({ routeOf });
    faults.set('route', { route: 'GET /api/products' }, { delayMs: 60_000 });
    const answer = request(`${site.url}/api/products`, { dispatcher }).then(
      () => 'answered',
      () => 'cut',
    );
    await soon(() => expect(asked).toBe(1));
    const before = performance.now();
    await site.close();
    expect(performance.now() - before).toBeLessThan(10_000);
    expect(await answer).toBe('cut');
  });
});
