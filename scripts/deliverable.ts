import { loadEnvironment } from '../fixtures/environments/load.ts';
import type { Environment } from '../fixtures/environments/schema.ts';
import { parseConnectionString } from '../telemetry/connection-string.ts';

/**
 * The environment of a command that publishes: a connection string that leads nowhere is refused before anything is run.
 * None at all is allowed; results then stay local.
 */
export function deliverable(nameOrPath: string): Environment {
  const environment = loadEnvironment(nameOrPath);
  const { connectionString } = environment.telemetry;
  if (connectionString !== undefined) parseConnectionString(connectionString);
  return environment;
}
