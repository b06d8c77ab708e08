import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { Environment } from '../../fixtures/environments/schema.ts';
import { k6Path } from '../../load/generator.ts';
import { requestsOfJourneys } from '../../load/k6/profiles.ts';
import { type Scenario, scenarios, wantedOf } from '../../load/run.ts';
import type { LiveRun } from './live.ts';
import { shopsOfTests } from './shops.ts';

const root = join(__dirname, '../..');
const { shopWith, liveAt } = shopsOfTests();

/** What an environment needs for a scenario beyond a stamp. */
const shapeFor: Partial<Record<Scenario, (environment: Environment) => Partial<Environment>>> = {
  // Stages follow from the rules: 44 minutes in three seconds, at 20 requests a second at the most.
  autoscale: ({ plans, local }) => ({
    plans: plans.map((plan) => ({ ...plan, ratePerInstance: 8 })),
    ...(local ? { local: { ...local, timeScale: 880 } } : {}),
  }),
  swap: ({ stamps }) => ({
    stamps: stamps.map((stamp) => ({ ...stamp, slots: [{ name: 'staging', endpoint: 'https://localhost:1', headers: {} }] })),
  }),
};

describe('k6 run by hand', () => {
  const k6 = (live: LiveRun, variables: Record<string, string> = {}, scenario = 'target') =>
    promisify(execFile)(k6Path(), ['run', '--quiet', '--address', '', '--no-usage-report', `load/scenarios/${scenario}.ts`], {
      cwd: root,
      env: { PATH: process.env.PATH, PWD: root, TARGET_ENV: live.environmentFile, LOAD_DURATION_SECONDS: '2', ...variables },
    }).then(
      ({ stdout, stderr }) => ({ code: 0, output: stdout + stderr }),
      (error: { code: number; stdout: string; stderr: string }) => ({ code: error.code, output: error.stdout + error.stderr }),
    );

  it('exits 0 with its thresholds on the terminal', async () => {
    const { live } = await shopWith();
    const { code, output } = await k6(live);
    expect(output).toMatch(/✓ http_req_failed\{scenario:target\} rate<=0\.01/);
    expect(code).toBe(0);
  });

  it.each(scenarios)('takes the scenario as it is: %s', async (scenario) => {
    const isScaled = scenario === 'autoscale';
    const { shop, live } = await shopWith(undefined, (environment) => shapeFor[scenario]?.(environment) ?? {});
    const seconds = isScaled ? 3 : 2;
    const wish = isScaled ? {} : { durationSeconds: seconds, ratePerSecond: 20 };
    const variables = isScaled ? {} : { LOAD_DURATION_SECONDS: String(seconds), LOAD_RATE_PER_SECOND: '20' };
    const { output } = await k6(live, { LOAD_DURATION_SECONDS: '', ...variables }, scenario);
    expect(output).toMatch(/^\d+ requests, /m);
    expect(output).not.toMatch(/level=error msg="(?!thresholds)/);
    const { ratePerSecond } = wantedOf({ environment: live.environment, scenario, ...wish });
    expect(shop.routes.length).toBeGreaterThan(ratePerSecond * seconds * 0.6);
    const seen = shop.paths.flatMap((path) => /^\/api\/products\/(shoe-\d+)$/.exec(path)?.[1] ?? []);
    expect(new Set(seen).size === 1).toBe(scenario === 'hot-product');
  });

  it.each([
    { title: '99 for missed objectives', trick: () => ({ status: 500 }), code: 99, says: /✗ http_req_failed/ },
    {
      title: '107 for a host that nobody named',
      variables: { LOAD_TARGET: 'https://example.com' },
      code: 107,
      says: /what the environment names/,
    },
    {
      title: '107 for a rate that is none',
      variables: { LOAD_RATE_PER_SECOND: 'fast' },
      code: 107,
      says: /LOAD_RATE_PER_SECOND is fast/,
    },
    {
      title: '107 for an environment that is not there',
      variables: { TARGET_ENV: 'nowhere' },
      code: 107,
      says: /TARGET_ENV is nowhere, allowed: a name/,
    },
  ])('exits $title', async ({ trick, variables, code, says }) => {
    const { live } = await shopWith(trick);
    const ended = await k6(live, variables);
    expect(ended.output).toMatch(says);
    expect(ended.code).toBe(code);
  });

  it('ticks no threshold that has no samples', async () => {
    const { code, output } = await k6(liveAt('http://localhost:1'));
    expect(output).toMatch(/\? http_req_duration\{scenario:target,expected_response:true\} .* \(no samples\)/);
    expect(output).toMatch(/^p95 unknown, /m);
    expect(output).not.toContain('✓');
    expect(code).toBe(108);
  });

  it.each(Object.keys(requestsOfJourneys(1)).filter((name) => name !== 'sign-in' && name !== 'health'))(
    'sends as many requests as the arithmetic says: %s',
    async (name) => {
      // Exponent 30: everybody wants the first shoe, so that nobody turns a page.
      const { shop, live } = await shopWith(undefined, ({ load }) => ({
        load: { ...load, mix: { [name]: 1 }, zipfExponent: 30 },
      }));
      const { output } = await k6(live, { LOAD_DURATION_SECONDS: '1' });
      const journeys = Number(/(\d+) journeys/.exec(output)?.[1]);
      expect(journeys).toBeGreaterThan(3);
      expect(shop.routes.length / journeys).toBeCloseTo(requestsOfJourneys(30)[name] ?? 0, 5);
    },
  );
});
