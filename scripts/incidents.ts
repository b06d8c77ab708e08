import type { Environment } from '../fixtures/environments/schema.ts';
import { IncidentStore, incidentsPath } from '../health/incident-store.ts';

/** Opens the history of an environment's incidents for one command, and closes it whatever happens. */
export function withIncidents<T>(environment: Environment, act: (store: IncidentStore) => T): T {
  const store = new IncidentStore(incidentsPath(environment.name));
  try {
    return act(store);
  } finally {
    store.close();
  }
}
