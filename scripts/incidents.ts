import { UsageError } from '../fixtures/environments/errors.ts';
import type { Environment } from '../fixtures/environments/schema.ts';
import { IncidentStore, incidentsPath } from '../health/incident-store.ts';
import { requireOutbox } from './kept-outbox.ts';

/** Where the history of incidents is: where results are kept in a file of their own, beside it. */
export const incidentsBeside = (outbox: string | undefined, environment: Environment): string =>
  outbox === undefined ? incidentsPath(environment.name) : outbox.replace(/(\.db)?$/, '-incidents.db');

/** The history can't be opened: no right, no folder, no database. */
class IncidentsError extends UsageError {
  override readonly name = 'IncidentsError';
}

/**
 * Opens the history of incidents for one command, and closes it whatever happens.
 * @param outbox that of a monitor which was given one, and so keeps its incidents beside it
 * @throws IncidentsError where the disk doesn't let it
 */
export function withIncidents<T>(environment: Environment, outbox: string | undefined, act: (store: IncidentStore) => T): T {
  requireOutbox(outbox);
  const store = opened(incidentsBeside(outbox, environment));
  try {
    return act(store);
  } finally {
    store.close();
  }
}

function opened(path: string): IncidentStore {
  try {
    return new IncidentStore(path);
  } catch (cause) {
    throw new IncidentsError(`cannot open the history of incidents ${path}: ${(cause as Error).message}`, { cause });
  }
}
