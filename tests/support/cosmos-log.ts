import { type TrafficWish, trafficOf } from '../../load/k6/traffic.ts';
import type { TestStore } from './store.ts';

export interface JourneyRu {
  readonly iterations: number;
  readonly ru: number;
}

/**
 * RU of each journey of a load run, as Cosmos DB's own log has them: a request's row by its activity id, which the shop's
 * telemetry ties to the trace of the shopper; a trace of load ends with the number of its iteration, from which its journey
 * follows. Unlike the metric's sum over minutes that holds no health probe and no edge of the run.
 */
export async function countedRu(
  store: TestStore,
  wish: Omit<TrafficWish, 'environment' | 'targets'>,
): Promise<Record<string, JourneyRu>> {
  const traffic = trafficOf({ ...wish, environment: store.environment, targets: [] });
  const [log, calls] = [await store.table('CDBDataPlaneRequests'), await store.table('AppDependencies')];
  const charges = new Map(log.map(({ ActivityId, RequestCharge }) => [ActivityId, Number(RequestCharge)]));
  const byJourney = new Map<string, { readonly traces: Set<string>; ru: number }>();
  for (const { OperationId, Properties } of calls) {
    const { activityId } = Properties as { readonly activityId?: string };
    // A query plan is made by the gateway: no partition is asked, and no row written.
    const ru = charges.get(activityId);
    if (ru === undefined) continue;
    const trace = String(OperationId);
    const journey = traffic.journeyOf(Number.parseInt(trace.slice(16), 16));
    const known = byJourney.get(journey) ?? { traces: new Set(), ru: 0 };
    known.traces.add(trace);
    known.ru += ru;
    byJourney.set(journey, known);
  }
  return Object.fromEntries([...byJourney].map(([journey, { traces, ru }]) => [journey, { iterations: traces.size, ru }]));
}
