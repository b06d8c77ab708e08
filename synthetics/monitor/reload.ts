import { statSync } from 'node:fs';
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
  // Before the file is read, so that a change meanwhile is one.
  let seen = stateOf(file);
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
  const look = () => {
    const state = stateOf(file);
    if (state === seen) return;
    seen = state;
    reload();
  };
  const timer = setInterval(look, everyMs).unref();
  return () => clearInterval(timer);
}

/** A file that can't be looked at has changed, too: reading it then says why. */
function stateOf(file: string): string {
  try {
    const { ino, mtimeNs, size } = statSync(file, { bigint: true });
    return `${ino} ${mtimeNs} ${size}`;
  } catch (error) {
    return messageOf(error);
  }
}
