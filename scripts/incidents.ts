import { UsageError } from '../fixtures/environments/errors.ts';
import type { Environment } from '../fixtures/environments/schema.ts';
import { IncidentStore, incidentsPath } from '../health/incident-store.ts';
import { requireOutbox } from './kept-outbox.ts';
import { isOfDisk, openedToRead } from './read-only.ts';

/** Where the history of incidents is: where results are kept in a file of their own, beside it. */
export const incidentsBeside = (outbox: string | undefined, environment: Environment): string =>
  outbox === undefined ? incidentsPath(environment.name) : outbox.replace(/(\.db)?$/, '-incidents.db');

/** The history can't be opened or written: no right, no room, no folder, no database. */
class IncidentsError extends UsageError {
  override readonly name = 'IncidentsError';
}

/**
 * Opens the history of incidents for one command, and closes it whatever happens.
 * @param outbox that of a monitor which was given one, and so keeps its incidents beside it
 * What only looks at it may do so on a disk that takes nothing.
 * @throws IncidentsError where the disk doesn't let it
 */
export function withIncidents<T>(environment: Environment, outbox: string | undefined, act: (store: IncidentStore) => T): T {
  requireOutbox(outbox);
  const store = opened(incidentsBeside(outbox, environment));
  try {
    return act(store);
  } catch (cause) {
    if (!isOfDisk(cause)) throw cause;
    throw new IncidentsError(`nothing was written to the history of incidents: ${(cause as Error).message}`, { cause });
  } finally {
    store.close();
  }
}

function opened(path: string): IncidentStore {
  try {
    return openedToRead(
      path,
      () => new IncidentStore(path),
      (database) => new IncidentStore(database),
    );
  } catch (cause) {
    throw new IncidentsError(`cannot open the history of incidents ${path}: ${(cause as Error).message}`, { cause });
  }
}
