import { Agent, request } from 'undici';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createPlan } from '../../../fixtures/contoso/azure/app-service/plan.ts';
import { createSettings, type SettingValues } from '../../../fixtures/contoso/azure/app-service/settings.ts';
import { SwapFailed, swap } from '../../../fixtures/contoso/azure/app-service/swap.ts';
import { createTraffic } from '../../../fixtures/contoso/azure/app-service/traffic.ts';
import type { App } from '../../../fixtures/contoso/azure/app-service/worker.ts';
import type { ServedBy } from '../../../fixtures/contoso/azure/ports.ts';
import { createScheduler } from '../../../fixtures/contoso/azure/scheduler.ts';
import { createClock } from '../../../fixtures/contoso/clock.ts';
import { echo, startTestSite, type TestSite, testCertificate, world } from './doubles.ts';

// Source: azure-facts, section 3 (App Service, "Set up staging environments").

/** A warm-up request may take 90 ms: a busy machine's requests queue for less. */
const clock = world(1_000);
const scheduler = createScheduler(createClock(clock));
const opened: TestSite[] = [];
let dispatcher: Agent;

beforeEach(async () => {
  dispatcher = new Agent({ connect: { ca: (await testCertificate()).ca } });
});
afterEach(async () => {
  await dispatcher.destroy();
  await Promise.all(opened.splice(0).map(({ site }) => site.close()));
});

interface Answered {
  readonly status: number;
  readonly slot: string | undefined;
  readonly build: string;
  readonly settings: SettingValues;
  readonly cookie: string | undefined;
}

/** Production and staging on one plan, where `status` says what an app answers to a ping on a path. */
async function twoSlots(
  stagingValues: SettingValues = {},
  status: (servedBy: ServedBy, path: string) => number | 'silent' = () => 200,
) {
  const plan = createPlan({ name: 'plan', sku: 'S2', instances: 2 }, clock);
  const pinged: string[] = [];
  const createApp = (servedBy: ServedBy, settings: SettingValues): App => {
    const app = echo(servedBy, settings);
    return {
      ...app,
      ready: () => (settings.BROKEN ? Promise.reject(new Error('start-up check: BROKEN')) : Promise.resolve()),
      handle(req, res) {
        if (req.headers['user-agent'] !== 'AppInit') return app.handle(req, res);
        pinged.push(`${servedBy.instance} ${servedBy.slot ?? 'production'} ${req.url}`);
        const code = status(servedBy, req.url ?? '');
        if (code === 'silent') return;
        res.statusCode = code;
        res.end();
      },
    };
  };
  const settingsOf = (values: SettingValues) =>
    createSettings({
      values,
      slotSettings: new Set(['SLOT']),
      readSecret: () => Promise.reject(new Error('none')),
      world: clock,
    });
  const open = async (slot: string | undefined, build: string, values: SettingValues) => {
    const started = await startTestSite({ world: clock, plan, slot, build, createApp, scheduler, settings: settingsOf(values) });
    opened.push(started);
    return started.site;
  };
  const production = await open(undefined, '1.0', { SLOT: 'production', FLAG: 'old' });
  const staging = await open('staging', '2.0', { SLOT: 'staging', FLAG: 'new', ...stagingValues });
  const get = async (site: { readonly url: string }): Promise<Answered> => {
    const { statusCode, body, headers } = await request(`${site.url}/api/products`, { dispatcher });
    const json = (await body.json()) as { slot?: string; build: string; settings: SettingValues };
    return {
      status: statusCode,
      slot: json.slot,
      build: json.build,
      settings: json.settings,
      cookie: String(headers['set-cookie']),
    };
  };
  return { plan, production, staging, get, pinged };
}

describe('a swap', () => {
  it('exchanges builds and travelling settings; slot settings stay', async () => {
    const { production, staging, get } = await twoSlots();
    await swap(staging, production, scheduler);
    expect(await get(production)).toMatchObject({
      slot: undefined,
      build: '2.0',
      settings: { SLOT: 'production', FLAG: 'new' },
    });
    expect(await get(staging)).toMatchObject({ slot: 'staging', build: '1.0', settings: { SLOT: 'staging', FLAG: 'old' } });
  });

  it('swaps back by the same swap', async () => {
    const { production, staging, get } = await twoSlots();
    await swap(staging, production, scheduler);
    await swap(staging, production, scheduler);
    expect(await get(production)).toMatchObject({ build: '1.0', settings: { SLOT: 'production', FLAG: 'old' } });
    expect(await get(staging)).toMatchObject({ build: '2.0', settings: { SLOT: 'staging', FLAG: 'new' } });
  });

  it('restarts the source with the settings of the target, warms it up, switches, restarts the former target', async () => {
    const { production, staging, pinged } = await twoSlots();
    await swap(staging, production, scheduler);
    // Warm-up: / on each instance by default; the app runs with the target's settings by then.
    expect(pinged.sort()).toEqual(['plan-0 production /', 'plan-1 production /']);
    const story = [...staging.events, ...production.events]
      .filter(({ instance }) => instance === 'plan-0')
      .sort((a, b) => a.at - b.at)
      .map(({ state, reason }) => `${state}: ${reason}`);
    expect(story.slice(4)).toEqual([
      'stopped: swap: settings of production applied',
      'starting: swap: settings of production applied',
      'warm: warmed up',
      'stopped: swap: now in staging',
      'starting: swap: now in staging',
      'warm: warmed up',
    ]);
  });

  it('drops no request of production at 50 a second', async () => {
    const { production, staging, get } = await twoSlots();
    const sent: Promise<Answered>[] = [];
    let swapped: 'not yet' | 'done' = 'not yet';
    const timer = setInterval(() => sent.push(get(production)), 20);
    await vi.waitFor(() => expect(sent.length).toBeGreaterThan(5), { timeout: 60_000 });
    await swap(staging, production, scheduler).then(() => {
      swapped = 'done';
    });
    await vi.waitFor(() => expect(sent.length).toBeGreaterThan(40), { timeout: 60_000 });
    clearInterval(timer);
    const answers = await Promise.all(sent);
    expect(swapped).toBe('done');
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    // First the old build alone, then the new one alone.
    expect(answers.map(({ build }) => build).join(' ')).toMatch(/^(1\.0 )+(2\.0 ?)+$/);
  });
});

describe('the warm-up of a swap', () => {
  const failing = () => 503;
  const health = { WEBSITE_SWAP_WARMUP_PING_PATH: '/api/health/instance' };

  it('takes any answer as warm by default: a failing build goes live', async () => {
    const { production, staging, get } = await twoSlots(health, failing);
    await swap(staging, production, scheduler);
    expect((await get(production)).build).toBe('2.0');
  });

  it('is stopped by a code outside WEBSITE_SWAP_WARMUP_PING_STATUSES, and production goes on as before', async () => {
    const { production, staging, get, pinged } = await twoSlots({ ...health, WEBSITE_SWAP_WARMUP_PING_STATUSES: '200' }, failing);
    await expect(swap(staging, production, scheduler)).rejects.toThrow(
      /swap of staging with production stopped: warm-up of plan-\d: GET \/api\/health\/instance answered 503, accepted: 200/,
    );
    expect(await get(production)).toMatchObject({ build: '1.0', settings: { SLOT: 'production', FLAG: 'old' } });
    expect(pinged).toContain('plan-0 production /api/health/instance');
    // The source has its own settings again.
    await vi.waitFor(async () => expect(await get(staging)).toMatchObject({ build: '2.0', settings: { SLOT: 'staging' } }), {
      timeout: 60_000,
    });
  });

  it.each([
    ['200,202', 202, true],
    ['200, 202', 202, true],
    ['200', 204, false],
  ])('with the list %s and the answer %i goes on: %s', async (statuses, code, goesOn) => {
    const { production, staging } = await twoSlots({ WEBSITE_SWAP_WARMUP_PING_STATUSES: statuses }, () => code);
    const outcome = await swap(staging, production, scheduler).then(
      () => true,
      (error: unknown) => !(error instanceof SwapFailed),
    );
    expect(outcome).toBe(goesOn);
  });

  it('is tried five times for 90 s each when nothing answers, then the swap is stopped', async () => {
    const { production, staging, get, pinged } = await twoSlots({}, () => 'silent');
    await expect(swap(staging, production, scheduler)).rejects.toThrow('no answer to GET / in 5 × 90 s');
    expect(pinged.filter((line) => line.startsWith('plan-0')).length).toBe(5);
    expect((await get(production)).build).toBe('1.0');
  });

  it('is not reached when an instance of the source does not come up', async () => {
    const { production, staging, get, pinged } = await twoSlots();
    staging.settings.change({ ...staging.settings.values(), BROKEN: 'yes' });
    await expect(swap(staging, production, scheduler)).rejects.toThrow('plan-0, plan-1 did not come up');
    expect([pinged, (await get(production)).build]).toEqual([[], '1.0']);
  });
});

describe('production traffic routed to a slot', () => {
  const req = (url = '/api/products', cookie?: string) =>
    ({ url, headers: cookie === undefined ? {} : { cookie } }) as Parameters<ReturnType<typeof createTraffic>['choose']>[0];
  const traffic = (draws: readonly number[] = [0.5]) => {
    let drawn = 0;
    return createTraffic({ now: () => 0, random: () => draws[drawn++ % draws.length] as number, timeScale: 60 }, 'production');
  };

  it('pins nobody while there is no rule', () => {
    expect(traffic().choose(req('/?x-ms-routing-name=staging'))).toEqual({ slot: 'production' });
  });

  it('follows the percentage, and pins by a cookie for an hour of the control plane', () => {
    const rules = traffic([0.09, 0.1, 0.99]);
    rules.set('staging', 10);
    const cookie = (value: string) => `x-ms-routing-name=${value}; path=/; secure; HttpOnly; Max-Age=60`;
    expect([1, 2, 3].map(() => rules.choose(req()))).toEqual([
      { slot: 'staging', cookie: cookie('staging') },
      { slot: 'production', cookie: cookie('self') },
      { slot: 'production', cookie: cookie('self') },
    ]);
  });

  it.each([
    ['the cookie of the slot', req('/', 'a=b; x-ms-routing-name=staging'), 'staging', false],
    ['the cookie of production', req('/', 'x-ms-routing-name=self'), 'production', false],
    ['the query, by hand', req('/api?q=1&x-ms-routing-name=staging'), 'staging', true],
    ['the query against the cookie', req('/?x-ms-routing-name=self', 'x-ms-routing-name=staging'), 'production', true],
    ['a slot without a rule', req('/?x-ms-routing-name=other'), 'production', true],
  ])('heeds %s', (_what, request, slot, setsCookie) => {
    const rules = traffic([0.99]);
    rules.set('staging', 0);
    const routed = rules.choose(request);
    expect([routed.slot, routed.cookie !== undefined]).toEqual([slot, setsCookie]);
  });

  it.each([-1, 101, Number.NaN])('refuses %d %%', (percent) => {
    expect(() => traffic().set('staging', percent)).toThrow('0 to 100 %');
  });

  it('reaches the slot through the endpoint of production', async () => {
    const { plan, staging } = await twoSlots();
    const rules = createTraffic(clock, 'production');
    rules.set('staging', 100);
    const deploymentIn = (slot: string) => (slot === 'staging' ? staging.deployment : undefined);
    const started = await startTestSite({ world: clock, plan, traffic: rules, deploymentIn });
    opened.push(started);
    const { headers, body } = await request(`${started.site.url}/api/products`, { dispatcher });
    expect([await body.json(), headers['set-cookie']]).toMatchObject([
      { slot: 'staging', build: '2.0' },
      expect.stringContaining('x-ms-routing-name=staging'),
    ]);
  });
});
