import type { Environment } from '../fixtures/environments/schema.ts';
import { IncidentStore, incidentsPath } from '../health/incident-store.ts';

/** Where the history of incidents is: where results are kept in a file of their own, beside it. */
export const incidentsBeside = (outbox: string | undefined, environment: Environment): string =>
  outbox === undefined ? incidentsPath(environment.name) : outbox.replace(/(\.db)?$/, '-incidents.db');

/** Opens the history of an environment's incidents for one command, and closes it whatever happens. */
export function withIncidents<T>(environment: Environment, act: (store: IncidentStore) => T): T {
  const store = new IncidentStore(incidentsPath(environment.name));
  try {
    return act(store);
  } finally {
    store.close();
  }
}
