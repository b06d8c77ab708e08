import { unwatchFile, watchFile } from 'node:fs';
import { ConfigurationError } from '../../fixtures/environments/errors.ts';
import type { Environment } from '../../fixtures/environments/schema.ts';
import { type Log, messageOf } from './log.ts';

/** Looked at, not subscribed to: editors replace files, and network disks tell nobody. */
const lookEveryMs = 1_000;

/** Reads a configuration again whenever its file changes; one that is refused is said, and the old one stays. */
export function reloadOnChange(
  file: string,
  read: () => Environment,
  use: (environment: Environment) => void,
  log: Log,
  everyMs = lookEveryMs,
): () => void {
  const name = read().name;
  const reload = () => {
    try {
      const environment = read();
      // Results of another environment belong into another outbox.
      if (environment.name !== name) throw new Error(`the environment is now called ${environment.name}, which takes a restart`);
      use(environment);
      log.info('configuration reloaded');
    } catch (error) {
      const faults = error instanceof ConfigurationError ? { faults: error.faults } : {};
      log.warn('configuration refused', { reason: messageOf(error).split('\n')[0], ...faults });
    }
  };
  watchFile(file, { interval: everyMs, persistent: false }, reload);
  return () => unwatchFile(file, reload);
}
