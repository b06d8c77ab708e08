import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { BuildName } from '../../fixtures/contoso/shop/builds.ts';
import type { Environment } from '../../fixtures/environments/schema.ts';
import { type LoadOptions, observeLoad, windowSecondsOf } from '../../load/run.ts';
import { judge } from '../../load/verdict/judge.ts';
import type { LoadVerdict } from '../../load/verdict/verdict.ts';
import { serverMetricsOf } from '../../scripts/server-metrics.ts';
import { readClock } from '../../telemetry/azure-monitor.ts';
import { trustCertificates } from '../../telemetry/trust.ts';
import { countedRu, type JourneyRu } from './cosmos-log.ts';
import { startTestStore } from './store.ts';

type Change = (environment: Environment) => Environment;

export interface RuRun extends Partial<LoadOptions> {
  readonly change: Change;
  readonly build?: BuildName;
}

/** Five whole minutes of the store's clock at rest, and the one in which it started, which is none. */
const restMinutes = 7;

/** A run of a scenario against a store of its own that had its rest, and what Cosmos DB's log says each journey cost. */
export async function runRu({ change, build = 'good', scenario = 'cosmos-ru', ...options }: RuRun): Promise<{
  readonly verdict: LoadVerdict;
  readonly counted: Readonly<Record<string, JourneyRu>>;
}> {
  const store = await startTestStore({ change, build });
  const runDirectory = mkdtempSync(join(tmpdir(), 'load-'));
  try {
    trustCertificates(store.caFile);
    const { environment, environmentFile: nameOrPath, caFile } = store;
    const { controlEndpoint = '', timeScale = 1 } = environment.local ?? {};
    const { epoch } = await readClock(controlEndpoint);
    await pause(Math.max(0, epoch + (restMinutes * 60_000) / timeScale - Date.now()));
    const serverMetrics = serverMetricsOf(scenario, environment);
    const run = await observeLoad({ environment, nameOrPath, scenario, runDirectory, caFile, serverMetrics, ...options });
    const { durationSeconds, targetPerSecond: ratePerSecond } = run.wanted;
    const windowSeconds = windowSecondsOf({ environment, ...options });
    const counted = await countedRu(store, { scenario, durationSeconds, ratePerSecond, windowSeconds });
    return { verdict: judge(run), counted };
  } finally {
    await store.close();
    rmSync(runDirectory, { recursive: true, force: true });
  }
}

/** One stamp alone: at rest it costs little, so that what is left to count is the load. */
export function alone({ global: _, stamps: [stamp], load, ...rest }: Environment): Environment {
  if (!stamp) throw new Error('the environment has no stamp');
  return { ...rest, stamps: [{ ...stamp, slots: [] }], load: { ...load, mix: { browse: 3, search: 2, checkout: 1 } } };
}

/** However slow the machine is, no answer is given up: its charge would be in the log alone. */
export const patient = (environment: Environment): Environment => ({
  ...environment,
  budgets: { ...environment.budgets, requestMs: 60_000, journeyMs: 60_000 },
});

/** All containers share so much RU, or have it each. */
export const withRu =
  (ruPerSecond: number, throughput: 'container' | 'database' = 'database'): Change =>
  (environment) => ({
    ...environment,
    cosmosAccounts: environment.cosmosAccounts.map((account) => ({ ...account, mode: 'manual', throughput, ruPerSecond })),
    budgets: { ...environment.budgets, ruPerSecond },
  });

/** By how much a journey's cost in the verdict is off what Cosmos DB's log says, in per cent. */
export function offByPercent(verdict: LoadVerdict, counted: Readonly<Record<string, JourneyRu>>, journey: string): number {
  const told = verdict.ru?.journeys.find((row) => row.journey === journey)?.ru ?? Number.NaN;
  const { ru = Number.NaN, iterations = 0 } = counted[journey] ?? {};
  return Math.abs(told / (ru / iterations) - 1) * 100;
}
