import { existsSync } from 'node:fs';
import { ConfigurationError } from '../fixtures/environments/errors.ts';
import type { Environment } from '../fixtures/environments/schema.ts';
import { Outbox, openOutbox, outboxPath } from '../telemetry/outbox.ts';
import { openedToRead } from './read-only.ts';

/** One that was named has to be there: in its place a new one would show nothing, as if all were quiet. */
export function requireOutbox(named: string | undefined): void {
  if (named === undefined || existsSync(named)) return;
  const fault = { path: '--outbox', seen: `${JSON.stringify(named)}, where no file is`, allowed: 'the outbox of a monitor' };
  throw new ConfigurationError('The command line', [fault]);
}

/** The outbox that a command shows; also on a disk that takes nothing. */
export function keptOutbox({ name }: Environment, named: string | undefined): Outbox {
  requireOutbox(named);
  const path = named ?? outboxPath(name);
  const options = { now: Date.now };
  return openedToRead(
    path,
    () => openOutbox(path, options),
    (database) => new Outbox(path, { database }, options),
  );
}
