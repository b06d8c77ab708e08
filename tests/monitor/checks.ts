import { loadEnvironment } from '../../fixtures/environments/load.ts';
import type { Environment } from '../../fixtures/environments/schema.ts';
import { targetsOf } from '../../fixtures/environments/targets.ts';
import { type Check, checksOf } from '../../synthetics/runners/prepare.ts';

type MonitorChanges = Partial<Environment['monitor']>;

/** local.json with another monitor block; nothing of it is contacted. */
export function environmentWith(monitor: MonitorChanges = {}, changes: Partial<Environment> = {}): Environment {
  const environment = loadEnvironment('local', {});
  return { ...environment, ...changes, monitor: { ...environment.monitor, ...monitor } };
}

/** 40 checks: eight journeys on five targets. */
export const checks = (): Check[] => checksOf(environmentWith(), targetsOf(environmentWith())).checks;

/** As many made-up targets as wanted, with five journeys each. */
export function manyChecks(targets: number): Check[] {
  const journeys = [...new Map(checks().map((check) => [check.journey.name, check.journey])).values()].slice(0, 5);
  return Array.from({ length: targets }, (_, index) =>
    journeys.map((journey) => ({
      journey,
      target: { kind: 'stamp' as const, name: `stamp-${index}`, endpoint: `https://localhost:${index + 1}`, headers: {} },
    })),
  ).flat();
}
