import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import type { Environment } from '../../fixtures/environments/schema.ts';
import { Collector } from '../../load/collector.ts';
import { runGenerator } from '../../load/generator.ts';
import { type LoadOptions, runLoad } from '../../load/run.ts';
import { loadVerdictSchema } from '../../load/verdict/verdict.ts';
import type { LiveRun } from './live.ts';
import { shopsOfTests } from './shops.ts';

const { shopWith, liveAt } = shopsOfTests();

const load = ({ environment, environmentFile, folder }: LiveRun, options: Partial<LoadOptions> = {}) =>
  runLoad({
    environment,
    nameOrPath: environmentFile,
    scenario: 'target',
    durationSeconds: 3,
    ratePerSecond: 60,
    runDirectory: folder,
    ...options,
  });

/** The deciding lines, without what this machine's load may add. */
const told = (reasons: readonly string[]) => reasons.join('\n');

describe('a load run with the real k6', () => {
  it('passes a store that holds the rate, and leaves its evidence', async () => {
    const { shop, live } = await shopWith();
    const verdict = await load(live);
    expect(verdict.reasons).toEqual([]);
    expect(verdict).toMatchObject({ verdict: 'pass', targets: ['westeurope', 'global'], scenario: 'target' });
    expect(verdict.requests).toBe(shop.routes.length);
    expect(verdict.rateReachedPerSecond).toBeGreaterThan(57);
    expect(verdict.seconds.reduce((sum, second) => sum + second.requests, 0)).toBe(verdict.requests);
    expect(shop.tokens).toBe(1);
    const written = JSON.parse(readFileSync(join(live.folder, 'verdict.json'), 'utf8')) as unknown;
    expect(loadVerdictSchema.parse(written)).toEqual(verdict);
    const summary = JSON.parse(readFileSync(join(live.folder, 'k6-summary.json'), 'utf8')) as { metrics: object };
    expect(summary.metrics).toHaveProperty('journey_duration');
    expect(summary).not.toHaveProperty('setup_data');
    expect(existsSync(join(live.folder, 'k6.log'))).toBe(true);
  });

  it('sends the same traffic twice, and other traffic by another seed', async () => {
    const sent = async (seed: number) => {
      const { shop, live } = await shopWith(undefined, ({ load }) => ({
        load: { ...load, seed, mix: { browse: 1, search: 1 } },
      }));
      await load(live, { durationSeconds: 2 });
      // Neighbours may overtake each other, and the last iterations may or may not fit in.
      return shop.paths.slice(0, 60);
    };
    const inBoth = (some: readonly string[], others: readonly string[]) => {
      const left = [...others];
      return some.filter((path) => left.includes(path) && left.splice(left.indexOf(path), 1)).length;
    };
    const [first, second, other] = [await sent(1), await sent(1), await sent(2)];
    const same = inBoth(first, second);
    expect(same).toBeGreaterThan(52);
    expect(inBoth(first, other)).toBeLessThan(same);
  });

  it.each([
    {
      title: 'answers 503 to one request in ten',
      trick: (_: string, n: number) => (n % 10 === 0 ? { status: 503 } : undefined),
      reason: /^errors .* are over 1 %/,
    },
    { title: 'answers too slowly', trick: () => ({ delayMs: 260 }), reason: /^latency p95 [2-9]\d\d ms is over 200 ms/ },
    {
      title: 'resets connections half-way',
      trick: (_: string, n: number) => (n > 90 ? { reset: true } : undefined),
      reason: /^errors .* without an answer/,
    },
    {
      title: 'sells what nobody put in the cart',
      trick: (route: string) => (route === 'GET /api/carts/{id}' ? { status: 200 } : undefined),
      reason: /cart: \d+ of \d+ failed \(cart\.items to be a list\)/,
    },
  ])('fails a store that $title', async ({ trick, reason }) => {
    const { live } = await shopWith(trick);
    const verdict = await load(live);
    expect(told(verdict.reasons)).toMatch(reason);
    // On a machine that others keep busy the generator is to blame as likely as the store, and the verdict says so.
    expect(verdict.verdict).toBe(
      /but the generator was (starved|saturated)/.test(told(verdict.reasons)) ? 'inconclusive' : 'fail',
    );
  });

  it('aborts without a store and says the line to export', async () => {
    const verdict = await load(liveAt('http://127.0.0.1:1'));
    expect(verdict).toMatchObject({ verdict: 'inconclusive', requests: 0 });
    expect(verdict.reasons[0]).toMatch(/^the script aborted the run: .*no answer from http:\/\/127\.0\.0\.1:1/);
    expect(verdict.reasons[0]).toMatch(
      /npm run local.*export PATH="\/.*\/\.local\/bin:.*SSL_CERT_FILE="\/.*ca\.pem" TARGET_ENV="/,
    );
  });

  it('aborts without a token, the store untouched', async () => {
    const { shop, live } = await shopWith(undefined, ({ auth }) => ({
      auth: { ...auth, tokenEndpoint: 'http://127.0.0.1:1/token' } as Environment['auth'],
    }));
    const verdict = await load(live);
    expect(verdict.verdict).toBe('inconclusive');
    expect(verdict.reasons[0]).toContain('no token from http://127.0.0.1:1/token');
    expect(shop.routes).toEqual([]);
  });

  it("takes a managed identity's tokens and renews them before they end", async () => {
    const { shop, live } = await shopWith(undefined, () => ({ auth: { kind: 'managed-identity', resource: 'api://contoso' } }));
    vi.stubEnv('IDENTITY_ENDPOINT', `${shop.url}/token`);
    vi.stubEnv('IDENTITY_HEADER', 'header-secret');
    const verdict = await load(live, { durationSeconds: 2, ratePerSecond: 30 }).finally(() => vi.unstubAllEnvs());
    expect(verdict.judgements.find(({ name }) => name === 'errors')).toMatchObject({ verdict: 'pass' });
    // Setup's own ends within the minute, so that each virtual user fetches one.
    expect(shop.tokens).toBeGreaterThan(1);
    expect(new Set(shop.tokenPaths)).toEqual(new Set(['/token?api-version=2019-08-01&resource=api%3A%2F%2Fcontoso']));
  });

  it('ends as soon as production misses an objective', async () => {
    const at = (ms: number) => new Date(Date.now() + ms).toISOString();
    const { live } = await shopWith(
      () => ({ delayMs: 260 }),
      () => ({ production: true }),
    );
    const permit = { window: `${at(-1_000)}/${at(120_000)}`, confirm: live.environment.name };
    const verdict = await load(live, { durationSeconds: 60, ratePerSecond: 30, ...permit });
    expect(verdict.verdict).toBe('fail');
    expect(verdict.reasons[0]).toMatch(
      /^ended after \d+(\.\d)? s of 60 s: production feels this load, and an objective was missed$/,
    );
    expect(readFileSync(join(live.folder, 'k6.log'), 'utf8')).toContain('abortOnFail');
  });

  it('stops k6 on request and judges what there is', async () => {
    const { shop, live } = await shopWith();
    const stop = new AbortController();
    const running = load(live, { durationSeconds: 60, signal: stop.signal });
    await until(() => shop.routes.length > 60);
    expect(k6Of(live)).toHaveLength(1);
    stop.abort();
    const verdict = await running;
    expect(verdict.verdict).toBe('inconclusive');
    expect(verdict.reasons[0]).toMatch(/^interrupted before its end \(after [1-9]/);
    expect(verdict.requests).toBeGreaterThan(0);
    expect(k6Of(live)).toEqual([]);
  });

  it('misses the samples that k6 counted and nobody got', async () => {
    const { live } = await shopWith();
    const k6 = join(live.folder, 'k6');
    const summary = JSON.stringify({ state: { testRunDurationMs: 5_000 }, metrics: { iterations: { values: { count: 500 } } } });
    const header = 'metric_name,timestamp,metric_value,expected_response,scenario,status,extra_tags';
    const request = `http_req_duration,${Date.now()},9,true,target,200,journey=browse&step=list`;
    const lines = [`echo '${summary}' > "$LOAD_SUMMARY_FILE"`, `echo '${header}'`, `echo '${request}'`];
    writeFileSync(k6, `#!/bin/sh\n${lines.join('\n')}\n`, { mode: 0o755 });
    const { verdict, reasons } = await load(live, { k6 });
    expect(told(reasons)).toContain('k6 counted 500 journeys, its samples tell of 0: some were lost on the way');
    expect(verdict).not.toBe('pass');
  });

  it('tells of a k6 that was killed half-way', async () => {
    const { shop, live } = await shopWith();
    const running = load(live, { durationSeconds: 60 });
    await until(() => shop.routes.length > 120);
    for (const pid of k6Of(live)) process.kill(pid, 'SIGKILL');
    const verdict = await running;
    expect(verdict.reasons[0]).toMatch(/^k6 was killed by SIGKILL \(after /);
    expect(verdict.verdict).toBe('inconclusive');
  });

  it('counts what iterations throw, though k6 exits 0', async () => {
    const { live } = await shopWith();
    const script = join(live.folder, 'throws.ts');
    const scenario = "{ executor: 'shared-iterations', vus: 1, iterations: 4 }";
    writeFileSync(
      script,
      `export const options = { scenarios: { target: ${scenario} } };\nexport default async () => { throw new Error('boom'); };\n`,
    );
    const options = {
      script,
      variables: process.env,
      durationSeconds: 1,
      logFile: join(live.folder, 'k6.log'),
      everySecond: () => undefined,
    };
    const generator = await runGenerator(options, new Collector('target'));
    expect(generator).toMatchObject({ exitCode: 0, signal: null, errorCount: 4 });
    expect(generator.errorLines[0]).toBe('Uncaught (in promise) Error: boom');
  });

  it('ends a breakpoint once an objective broke, and names it', async () => {
    const { shop, live } = await shopWith((_, n) => (n > 120 ? { status: 503 } : undefined));
    const lines: string[] = [];
    const progress = { isTTY: true, columns: 200, write: (text: string) => lines.push(text) };
    const verdict = await load(live, { scenario: 'breakpoint', durationSeconds: 60, progress });
    const rates = lines.flatMap((line) => / of ([\d.]+)\/s /.exec(line)?.[1] ?? []).map(Number);
    expect(rates.at(-1)).toBeGreaterThan((rates[0] ?? 0) + 1);
    const broke = verdict.judgements.find(({ name }) => name.startsWith('breaking rate'));
    expect(broke?.name).toBe('breaking rate (errors)');
    expect(broke?.value).toBeLessThan(60);
    expect(shop.routes.length).toBeLessThan(60 * 60);
    expect(verdict.judgements.find(({ name }) => name === 'run')).toMatchObject({ verdict: 'pass' });
    expect(verdict.layers?.[0]).toMatchObject({ layer: 'app-service' });
  });

  it('refuses a host that nobody named before k6 starts', async () => {
    const { shop, live } = await shopWith();
    await expect(load(live, { target: 'https://example.com' })).rejects.toThrow(
      /got https:\/\/example\.com; allowed: what the environment names/,
    );
    expect(shop.routes).toEqual([]);
    expect(existsSync(join(live.folder, 'k6.log'))).toBe(false);
  });

  it('says where k6 comes from when there is none', async () => {
    const { live } = await shopWith();
    await expect(load(live, { k6: '/nowhere/k6' })).rejects.toThrow(/k6: got neither in \.local\/bin nor on PATH/);
  });
});

/** The processes of k6 that load a shop; others may run on this machine, too. */
const k6Of = ({ environmentFile }: LiveRun): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && /^k6\n?$/.test(read(`/proc/${name}/comm`)))
    .filter((pid) => read(`/proc/${pid}/environ`).includes(environmentFile))
    .map(Number);

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

async function until(holds: () => boolean): Promise<void> {
  const late = Date.now() + 60_000;
  while (!holds()) {
    if (Date.now() > late) throw new Error('it never came to hold');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
