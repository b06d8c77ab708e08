import type { Samples } from './observation.ts';
import type { RuLedger, RunMetric } from './verdict.ts';

/**
 * A percentile needs ten requests beyond it, or one slow answer decides it, and guesses make a wide spread: recorded runs
 * of one build differ by half in a p95 of 45 requests, and by a twentieth in their p50.
 */
const fewestRequests = { p50: 20, p95: 200 } as const;

/** The figures by which runs are compared: each step's latency, each journey's RU. */
export function metricsOf({ steps }: Pick<Samples, 'steps'>, ledger: RuLedger | undefined): RunMetric[] {
  const latencies = Object.entries(steps).flatMap(([name, { requests, p50Ms, p95Ms }]) => [
    ...(requests < fewestRequests.p50 || p50Ms === undefined ? [] : [{ name: `${name} p50`, value: p50Ms, unit: 'ms' }]),
    ...(requests < fewestRequests.p95 || p95Ms === undefined ? [] : [{ name: `${name} p95`, value: p95Ms, unit: 'ms' }]),
  ]);
  // A fitted cost has an interval, and is no figure to gate by.
  const exact = ledger?.source === 'pass-through' ? ledger.journeys : [];
  const costs = exact.map(({ journey, ru }) => ({ name: `${journey} RU`, value: ru, unit: 'RU' }));
  return [...latencies, ...costs];
}
