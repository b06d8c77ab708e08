import type { Samples } from './observation.ts';
import type { RuLedger, RunMetric } from './verdict.ts';

/** A p50 of fewer requests than this is a guess, and one guess a run makes a wide spread. */
const fewestRequests = 20;

/** The figures by which runs are compared: each step's latency, each journey's RU. */
export function metricsOf({ steps }: Pick<Samples, 'steps'>, ledger: RuLedger | undefined): RunMetric[] {
  const latencies = Object.entries(steps).flatMap(([name, { requests, p50Ms, p95Ms }]) =>
    requests < fewestRequests || p50Ms === undefined || p95Ms === undefined
      ? []
      : [
          { name: `${name} p50`, value: p50Ms, unit: 'ms' },
          { name: `${name} p95`, value: p95Ms, unit: 'ms' },
        ],
  );
  // A fitted cost has an interval, and is no figure to gate by.
  const exact = ledger?.source === 'pass-through' ? ledger.journeys : [];
  const costs = exact.map(({ journey, ru }) => ({ name: `${journey} RU`, value: ru, unit: 'RU' }));
  return [...latencies, ...costs];
}
