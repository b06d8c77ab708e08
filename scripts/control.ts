import { ConfigurationError } from '../fixtures/environments/errors.ts';
import type { Environment } from '../fixtures/environments/schema.ts';
import { journalFile } from '../load/control/journal.ts';
import { takeLock } from '../synthetics/monitor/lock.ts';

/**
 * One process at a time changes an environment; the system lets go of the lock however it ends.
 * @throws ConfigurationError where another does
 */
export function lockControl({ name }: Environment): () => void {
  const unlock = takeLock(`${journalFile(name)}.lock`);
  if (unlock) return unlock;
  const fault = { path: '', seen: 'a run that is changing it now', allowed: 'one at a time: end it, or wait for its end' };
  throw new ConfigurationError(`Environment ${name}`, [fault]);
}
