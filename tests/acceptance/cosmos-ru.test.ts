import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Environment } from '../../fixtures/environments/schema.ts';
import { type LoadOptions, observeLoad } from '../../load/run.ts';
import { judge } from '../../load/verdict/judge.ts';
import { serverMetricsOf } from '../../scripts/server-metrics.ts';
import { readClock } from '../../telemetry/azure-monitor.ts';
import { trustCertificates } from '../../telemetry/trust.ts';
import { countedRu } from '../support/cosmos-log.ts';
import { startTestStore } from '../support/store.ts';

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function observed(
  { scenario = 'cosmos-ru', ...options }: Partial<LoadOptions>,
  change: (environment: Environment) => Environment,
) {
  const store = await startTestStore({ change });
  const runDirectory = mkdtempSync(join(tmpdir(), 'load-'));
  closing.push(
    () => store.close(),
    () => rmSync(runDirectory, { recursive: true, force: true }),
  );
  trustCertificates(store.caFile);
  const { environment, environmentFile: nameOrPath, caFile } = store;
  const serverMetrics = serverMetricsOf(scenario, environment);
  // Five whole minutes of its clock at rest, the one in which it started left out.
  const { controlEndpoint = '', timeScale = 1 } = environment.local ?? {};
  const { epoch } = await readClock(controlEndpoint);
  await vi.waitUntil(() => Date.now() - epoch > (7 * 60_000) / timeScale, { timeout: 15_000, interval: 100 });
  const run = await observeLoad({ environment, nameOrPath, scenario, runDirectory, caFile, serverMetrics, ...options });
  return { run, counted: () => countedRu(store, { scenario, ...options }) };
}

/** One stamp alone: at rest it costs little, so that what is left to count is the load. */
function alone({ global: _, stamps: [stamp], load, ...rest }: Environment): Environment {
  if (!stamp) throw new Error('the environment has no stamp');
  return { ...rest, stamps: [{ ...stamp, slots: [] }], load: { ...load, mix: { browse: 3, search: 2, checkout: 1 } } };
}

/** However slow the machine is, no answer is given up: its charge would be in the log alone. */
const patient = (environment: Environment): Environment => ({
  ...alone(environment),
  budgets: { ...environment.budgets, requestMs: 60_000, journeyMs: 60_000 },
});

/** All containers share less RU than the mix wants. */
const withLittleRu = (environment: Environment): Environment => ({
  ...alone(environment),
  cosmosAccounts: environment.cosmosAccounts.map((account) => ({
    ...account,
    mode: 'manual',
    throughput: 'database',
    ruPerSecond: 400,
  })),
  budgets: { ...environment.budgets, ruPerSecond: 400 },
});

describe('RU of a run against the local store', { timeout: 90_000 }, () => {
  it("agrees with Cosmos DB's own log of each journey's requests within 3 %", async () => {
    const { run, counted } = await observed({ durationSeconds: 9, ratePerSecond: 15, windowSeconds: 3 }, patient);
    const { ru } = judge(run);
    expect(ru?.source).toBe('pass-through');
    const log = await counted();
    expect(ru?.journeys.map(({ journey }) => journey).sort()).toEqual(['browse', 'checkout', 'search']);
    for (const { journey, ru: told } of ru?.journeys ?? []) {
      expect(log[journey]?.ru).toBeGreaterThan(50);
      const each = (log[journey]?.ru ?? 0) / (log[journey]?.iterations ?? 0);
      expect(Math.abs(told - each) / each, journey).toBeLessThan(0.03);
    }
    expect(ru?.partitions.map(({ container }) => container)).toContain('products');
  });

  it('fails with the 429s put down to Cosmos DB where it has too little', async () => {
    const { run } = await observed({ durationSeconds: 9, ratePerSecond: 60, windowSeconds: 3 }, withLittleRu);
    const verdict = judge(run);
    expect(verdict.verdict).toBe('fail');
    expect(verdict.reasons[0]).toMatch(/^Cosmos DB throttled \d+ of [\d,]+ requests \(429,/);
    expect(verdict.reasons.join('\n')).toMatch(/RU\/s at the target rate are over the budget of 400/);
    expect(verdict.layers?.[0]).toMatchObject({ layer: 'cosmos' });
    expect(verdict.ru?.throttleRetries).toBeGreaterThan(0);
    expect(verdict.ru?.partitions[0]?.peakPercent).toBeGreaterThanOrEqual(99);
  });

  it('names the partition that a flash sale runs hot', async () => {
    const ownThroughput = (environment: Environment) => {
      const little = withLittleRu(environment);
      return { ...little, cosmosAccounts: little.cosmosAccounts.map((one) => ({ ...one, throughput: 'container' as const })) };
    };
    const { run } = await observed({ scenario: 'hot-product', durationSeconds: 9, ratePerSecond: 60 }, ownThroughput);
    const verdict = judge(run);
    expect(verdict.reasons[0]).toMatch(/^partition 0 of products was at 100 % of its RU, while the others were at [\d.]+ %/);
    expect(verdict.verdict).toBe('fail');
  });
});
