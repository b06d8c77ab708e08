import { spawn } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, describe as group, test, vi } from 'vitest';
import { announce, underWayFolder } from '../../synthetics/monitor/under-way.ts';
import { openOutbox, outboxPath } from '../../telemetry/outbox.ts';
import { type Live, root, runNode, startLive } from './live.ts';

let live: Live;
beforeAll(async () => {
  live = await startLive(`synthetics-${process.pid}`, (environment) => ({
    ...environment,
    shoppers: { ...environment.shoppers, count: 5 },
  }));
});
beforeEach(() => live.faults());
afterAll(() => live.close());

group('npm run synthetics', () => {
  const orders500 = { kind: 'route', route: 'POST /api/orders', status: 500 };
  const one = ['--journey', 'checkout', '--target', 'eastus'];

  test.each([
    ['a journey that passes: 0', 0, one, [], /^passed +checkout +eastus +\d+ ms {2}\(choose a product \d+ ms, /m],
    ['a fault in another stamp: 0', 0, one, [{ ...orders500, stamp: 'westeurope' }], /^passed +checkout/m],
    ['a journey that fails: 1', 1, one, [orders500], /checkout › pay \(eastus\): expected status 201, got 500 after \d+ ms/],
    [
      'no token: 2',
      2,
      one,
      [{ kind: 'route', route: 'POST /identity/oauth2/v2.0/token' }],
      /expected a token to sign in with, got status 401/,
    ],
    ['an unknown journey: 3', 3, ['--journey', 'chekout'], [], /--journey.*"chekout".*one of browse, search/],
    ['an unknown target: 3', 3, ['--target', 'mars'], [], /--target.*"mars".*one of westeurope/],
    ['an unknown flag: 3', 3, ['--journeys', 'cart'], [], /--journeys.*unknown flag/],
    ['an unknown environment: 3', 3, ['--env', 'nowhere'], [], /nowhere/],
  ] as const)('%s', async (title, code, args, faults, said) => {
    const noToken = title.startsWith('no token');
    if (!noToken) await live.faults(...faults);
    const { auth } = live.store.environment;
    const env = noToken ? ['--env', live.fileOf({ auth: { ...auth, clientSecret: 'a-wrong-one' } })] : [];
    const ended = await live.script('synthetics.ts', ...args, ...env);
    expect(ended.stdout + ended.stderr).toMatch(said);
    expect(ended.code).toBe(code);
    expect(ended.stdout + ended.stderr).not.toContain('a-wrong-one');
  });
});

test('npm run synthetics -- --publish marks what happens under load, as rounds do', async () => {
  const folder = underWayFolder(live.name);
  const now = Date.now();
  announce(folder, { kind: 'load', why: 'load test target', fromMs: now - 1_000, untilMs: now + 60_000 });
  const { code } = await live.script('synthetics.ts', '--journey', 'health', '--target', 'eastus', '--publish');
  rmSync(folder, { recursive: true });
  const outbox = openOutbox(outboxPath(live.name), { now: Date.now });
  const [result] = outbox.recent({ since: now, journey: 'health' });
  outbox.close();
  expect([code, result?.marks]).toEqual([0, { load: 'load test target' }]);
});

test('npm run synthetics -- --publish keeps the exchange at which a journey failed', async () => {
  const now = Date.now();
  await live.faults({ kind: 'payment-down', region: 'eastus', seconds: 600 });
  const { code } = await live.script('synthetics.ts', '--journey', 'checkout', '--target', 'eastus', '--publish');
  const outbox = openOutbox(outboxPath(live.name), { now: Date.now });
  const [result] = outbox.recent({ since: now, journey: 'checkout' });
  const evidence = result && outbox.evidenceOf(result.id);
  outbox.close();
  expect([code, evidence]).toEqual([
    1,
    { request: expect.objectContaining({ method: 'POST' }), answer: expect.objectContaining({ status: 502 }) },
  ]);
});

group('npm run cleanup', () => {
  const shopper = 'synthetic-003';
  const signedIn = async () => ({
    authorization: `Bearer ${await live.store.token()}`,
    'x-shopper-id': shopper,
    'x-synthetic-test': 'true',
  });
  const at = () => live.store.environment.stamps[0]?.endpoint ?? '';
  const send = async (method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown, headers = {}) =>
    live.store.send(`${at()}${path}`, {
      method,
      headers: { ...(await signedIn()), ...headers },
      ...(body !== undefined && { body }),
    });
  const left = async () => {
    const [carts, reviews, orders] = await Promise.all(
      ['/api/carts', '/api/me/reviews', '/api/orders'].map((path) => send('GET', path)),
    );
    const items = (answer: typeof carts) => (answer?.json as { items?: { status?: string }[] } | undefined)?.items ?? [];
    const confirmed = items(orders).filter(({ status }) => status === 'confirmed').length;
    return { carts: items(carts).length, reviews: items(reviews).length, orders: confirmed };
  };

  test('ends what killed runs left, and spares what is young', async () => {
    const product = (await send('GET', '/api/products/shoe-0001')).json as { sizes: number[] };
    const fill = async () => {
      const { id } = (await send('POST', '/api/carts', {})).json as { id: string };
      await send('POST', `/api/carts/${id}/items`, { productId: 'shoe-0001', size: product.sizes[0], quantity: 1 });
      return id;
    };
    await send('POST', '/api/orders', { cartId: await fill() }, { 'idempotency-key': 'killed-run' });
    await fill();
    await send('POST', '/api/products/shoe-0001/reviews', { rating: 5, text: 'left behind' });
    const before = await left();
    expect(before).toMatchObject({ reviews: 1, orders: 1 });
    expect(before.carts).toBeGreaterThan(0);

    const young = await live.script('cleanup.ts', '--older-than', '10');
    expect(young.stdout).toContain('removed 0 carts and 0 reviews, cancelled 0 orders of 5 shoppers');
    expect([young.code, await left()]).toEqual([0, before]);

    const all = await live.script('cleanup.ts', '--older-than', '0');
    expect(all.stdout).toContain(`removed ${before.carts} carts and 1 reviews, cancelled 1 orders of 5 shoppers`);
    expect([all.code, await left()]).toEqual([0, { carts: 0, reviews: 0, orders: 0 }]);
  });

  test('finds those beyond a page of the list', async () => {
    // A few at a time: a busy machine's store has not answered a hundred at once before their time is up.
    const leave = async (count: number, path: string, bodyOf: (index: number) => object) => {
      for (let at = 0; at < count; at += 8) {
        const some = Array.from({ length: Math.min(8, count - at) }, (_, index) => send('POST', path, bodyOf(at + index)));
        for (const { status } of await Promise.all(some)) expect(status).toBe(201);
      }
    };
    await leave(25, '/api/carts', () => ({}));
    await leave(104, '/api/products/shoe-0002/reviews', (index) => ({ rating: 5, text: `left behind ${index}` }));
    const { code, stdout } = await live.script('cleanup.ts', '--older-than', '0');
    expect(stdout).toContain('removed 25 carts and 104 reviews, cancelled 0 orders of 5 shoppers');
    expect([code, await left()]).toEqual([0, { carts: 0, reviews: 0, orders: 0 }]);
  });

  test('says whose leftovers it could not end: 1', async () => {
    await live.faults({ kind: 'route', route: 'GET /api/me/reviews', status: 503 });
    const { code, stderr } = await live.script('cleanup.ts', '--older-than', '0');
    expect(stderr).toMatch(/not cleaned up: synthetic-003 on \w+: expected status 200, got 503/);
    expect(code).toBe(1);
  });

  test.each(['-1', 'soon', 'Infinity', ' '])('--older-than %j is wrong usage: 3', async (value) => {
    const { code, stderr } = await live.script('cleanup.ts', `--older-than=${value}`);
    expect([code, stderr]).toEqual([3, expect.stringContaining('minutes, 0 or more')]);
  });
});

const freePort = () =>
  new Promise<number>((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

group('npx playwright', () => {
  test('--grep runs the one journey on the one target, and show-report shows it', async () => {
    const round = await live.playwright(['--grep', '(?=.*@westeurope)(?=.*checkout)']);
    expect(round.stdout).toContain('1 passed');
    expect(round.stdout).toContain('1 results; Application Insights accepted 1, undelivered 0');
    expect(round.results.map(({ journey, target, outcome }) => [journey, target.name, outcome])).toEqual([
      ['checkout', 'westeurope', 'passed'],
    ]);
    expect(round.code).toBe(0);
    expect(existsSync(join(round.report, 'index.html'))).toBe(true);

    const port = await freePort();
    const cli = join(root, 'node_modules/@playwright/test/cli.js');
    const shown = spawn(process.execPath, [cli, 'show-report', round.report, '--host', '127.0.0.1', '--port', String(port)]);
    const gone = new Promise((resolve) => shown.once('exit', resolve));
    try {
      const page = async () => (await fetch(`http://127.0.0.1:${port}/`)).text();
      expect(await vi.waitFor(page, { timeout: 60_000, interval: 100 })).toContain('Playwright Test Report');
    } finally {
      shown.kill();
      await gone;
    }
  });

  test('lists a slot under its own tag and not under its region', async () => {
    const listed = async (grep: string) => {
      const cli = join(root, 'node_modules/@playwright/test/cli.js');
      const { stdout } = await runNode([cli, 'test', '--list', '--grep', grep, '--reporter=list'], live.variables);
      return [...new Set([...stdout.matchAll(/› (\S+) › /g)].map(([, target]) => target))].sort();
    };
    expect(await listed('@westeurope')).toEqual(['westeurope']);
    expect(await listed('@staging')).toEqual(['eastus-staging', 'westeurope-staging']);
  });
});
