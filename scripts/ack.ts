import { ConfigurationError } from '../fixtures/environments/errors.ts';
import { loadEnvironment } from '../fixtures/environments/load.ts';
import { type Incident, titleOf } from '../health/incident.ts';
import type { IncidentStore } from '../health/incident-store.ts';
import { type ExitCode, parseFlags, runCommand } from './exit-code.ts';
import { withIncidents } from './incidents.ts';

const flags = { why: { type: 'string' }, outbox: { type: 'string' } } as const;

/** `npm run ack -- <incident> [--why "…"]`: somebody is on it, so reminders stop; its end is still told. Without one: what is open. */
async function ack(): Promise<ExitCode> {
  const { values, positionals } = parseFlags(flags, undefined, 'the key of an incident, or its beginning');
  const environment = loadEnvironment(values.env);
  return withIncidents(environment, values.outbox, (store) => {
    if (positionals.length === 0 && values.why === undefined) return list(store);
    const incident = only(store, positionals);
    store.addAck({ key: incident.key, atMs: Date.now(), why: values.why ?? '' });
    console.log(`acknowledged ${lineOf(incident)}`);
    return 0;
  });
}

function list(store: IncidentStore): ExitCode {
  const open = store.openIncidents();
  const acked = new Set(store.acks().map(({ key }) => key));
  if (open.length === 0) console.log('no incident is open');
  for (const incident of open) console.log(`${lineOf(incident)}${acked.has(incident.key) ? ' (acknowledged)' : ''}`);
  return 0;
}

const lineOf = (incident: Incident) => `${incident.key}  ${titleOf(incident)}`;

/** Of several keys that begin alike, none is guessed; of several that were given, none is left out in silence. */
function only(store: IncidentStore, given: readonly string[]): Incident {
  const [prefix] = given;
  const found = !prefix ? [] : store.findIncidents(prefix).filter((one) => one.resolvedAtMs === undefined);
  const [incident] = found;
  if (incident && found.length === 1 && given.length === 1) return incident;
  const open = store.openIncidents().map(({ key }) => key);
  const allowed = open.length === 0 ? 'nothing: no incident is open' : `the key of one open incident: ${open.join(', ')}`;
  throw new ConfigurationError('The command line', [
    { path: '', seen: given.length === 0 ? 'nothing' : JSON.stringify(given.join(' ')), allowed },
  ]);
}

void runCommand(ack);
