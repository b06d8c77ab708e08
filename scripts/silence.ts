import { ConfigurationError, type Fault } from '../fixtures/environments/errors.ts';
import { journeyNames } from '../fixtures/environments/journeys.ts';
import { loadEnvironment } from '../fixtures/environments/load.ts';
import { nearest } from '../fixtures/environments/nearest.ts';
import type { Environment } from '../fixtures/environments/schema.ts';
import { targetsOf } from '../fixtures/environments/targets.ts';
import { incidentKinds } from '../health/findings.ts';
import type { IncidentStore } from '../health/incident-store.ts';
import { durationMs, isInForce, type Silence, silenceOf } from '../health/silences.ts';
import { causes } from '../synthetics/result.ts';
import { type ExitCode, parseFlags, runCommand } from './exit-code.ts';
import { withIncidents } from './incidents.ts';
import { spans } from './since.ts';

const flags = {
  for: { type: 'string' },
  why: { type: 'string' },
  list: { type: 'boolean' },
  end: { type: 'string' },
  outbox: { type: 'string' },
} as const;

/**
 * `npm run silence -- <cause or target> --for 2h --why "…"`: incidents of it are recorded, and told to nobody until it ends.
 * `-- --list` shows all that ever were, `-- --end <id>` ends one before its time, `-- --outbox <file>` names a monitor that was given one.
 */
async function silence(): Promise<ExitCode> {
  const { values, positionals } = parseFlags(flags, undefined, 'a cause, place, target, journey or the key of an incident');
  const environment = loadEnvironment(values.env);
  return withIncidents(environment, values.outbox, (store) => {
    if (values.list) return list(store);
    if (values.end !== undefined) return end(store, values.end);
    const nearly = (subject: string) => nearlyCalled(subject, environment);
    return add(store, positionals, { text: values.for, why: values.why, nearly });
  });
}

/** What a subject that nothing is called yet may have been meant to be. Not refused: steps of journeys are causes, too. */
function nearlyCalled(subject: string, environment: Environment): string | undefined {
  const places = targetsOf(environment).flatMap(({ name, region }) => [name, region ?? name]);
  const known = [...places, ...journeyNames, ...causes, ...incidentKinds];
  return known.includes(subject) ? undefined : nearest(subject, known);
}

interface Wish {
  readonly text: string | undefined;
  readonly why: string | undefined;
  readonly nearly: (subject: string) => string | undefined;
}

function add(store: IncidentStore, subjects: readonly string[], { text, why, nearly }: Wish): ExitCode {
  const [subject = ''] = subjects;
  const ms = durationMs(text ?? '');
  const faults: Fault[] = [];
  const shown = (value: string | undefined) => (value === undefined ? 'nothing' : JSON.stringify(value));
  if (subjects.length !== 1 || subject === '')
    faults.push({
      path: '',
      seen: subjects.length > 1 ? `${subjects.length} subjects` : 'nothing',
      allowed: 'one cause, place, target, journey or key',
    });
  if (ms === undefined) faults.push({ path: '--for', seen: shown(text), allowed: spans });
  if (!why?.trim()) faults.push({ path: '--why', seen: shown(why), allowed: 'a reason, for those who look at it later' });
  if (faults.length > 0 || ms === undefined || !why) throw new ConfigurationError('The command line', faults);
  const nowMs = Date.now();
  const id = store.addSilence({ subject, fromMs: nowMs, untilMs: nowMs + ms, why });
  const [added] = store.silences(nowMs).filter((each) => each.id === id);
  console.log(`silence ${id} of ${subject} until ${new Date(nowMs + ms).toISOString()}: ${why}`);
  const open = store.openIncidents().filter((incident) => added && silenceOf(incident, [added], nowMs));
  const meant = nearly(subject);
  console.log(
    open.length === 0
      ? `no open incident is under it${meant === undefined ? '' : `; did you mean ${meant}?`}`
      : `under it: ${open.map(({ key, place, cause }) => `${key} (${cause} in ${place})`).join(', ')}`,
  );
  return 0;
}

function end(store: IncidentStore, text: string): ExitCode {
  const ended = /^\d+$/.test(text) && store.endSilence(Number(text), Date.now());
  if (!ended)
    throw new ConfigurationError('The command line', [
      { path: '--end', seen: JSON.stringify(text), allowed: 'the number of a silence in force: see --list' },
    ]);
  console.log(`silence ${text} has ended`);
  return 0;
}

function list(store: IncidentStore): ExitCode {
  const all = store.silences(0);
  if (all.length === 0) console.log('no silences');
  for (const each of all) console.log(lineOf(each, Date.now()));
  return 0;
}

function lineOf(each: Silence, nowMs: number): string {
  const state = isInForce(each, nowMs) ? 'in force' : 'ended';
  const iso = (ms: number) => new Date(ms).toISOString();
  return `${String(each.id).padStart(4)}  ${state.padEnd(9)} ${each.subject}  ${iso(each.fromMs)} to ${iso(each.untilMs)}: ${each.why}`;
}

void runCommand(silence);
