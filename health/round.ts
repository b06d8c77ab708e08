import type { Environment } from '../fixtures/environments/schema.ts';
import { targetsOf } from '../fixtures/environments/targets.ts';
import type { AvailabilityResult } from '../synthetics/result.ts';
import { findingsOf } from './all-findings.ts';
import { lookbackBins, minuteMs } from './bins.ts';
import { type Burn, burnFindings, burnsOf } from './burn-rate.ts';
import { groupByCause } from './causes.ts';
import type { Expected, Finding } from './findings.ts';
import { type FirstAttemptShare, firstAttemptShares } from './first-attempts.ts';
import { forecastFindings } from './forecast-findings.ts';
import { healthFindings, unite } from './health-findings.ts';
import { type Incident, memberParts } from './incident.ts';
import type { IncidentStore } from './incident-store.ts';
import { type Advanced, advance, isReminderDue } from './incidents.ts';
import { type Budget, budgetPercentOf, budgetsOf, keepTallies } from './objectives.ts';
import type { OwnFault } from './own-faults.ts';
import type { HealthPicture } from './picture.ts';
import { silenceOf } from './silences.ts';
import { pairName, ResultWindow } from './window.ts';

export interface RoundInput {
  readonly environment: Environment;
  /** Those of the last `lookbackMinutes`, or, with a window that is kept, only the new ones. In any order, ids may repeat. */
  readonly results: readonly AvailabilityResult[];
  /** Milliseconds since the epoch; the caller's clock. */
  readonly nowMs: number;
  readonly store: IncidentStore;
  /** Kept by the caller from round to round; default: made anew of the results. */
  readonly window?: ResultWindow;
  /** Pairs that should have results: their silence is an alert; default: those seen in the window. */
  readonly expected?: readonly Expected[];
  /** When the caller began to run rounds: bins before it are not missed. Default: the first result of the window. */
  readonly sinceMs?: number;
  /** What is wrong with the monitor itself, or was: one that is not given stays as it was. */
  readonly own?: readonly OwnFault[];
  /** The model's picture: its root causes take the outages that they explain. Default: outages stand by themselves. */
  readonly picture?: HealthPicture | undefined;
}

export interface RoundOutcome {
  /** Newly open, silenced or not. */
  readonly opened: readonly Incident[];
  /** Reminded of, or told again since they reach further. */
  readonly reminded: readonly Incident[];
  readonly resolved: readonly Incident[];
  /** All that are open now. */
  readonly open: readonly Incident[];
  /** Keys of open incidents that nobody is told of for now. */
  readonly silenced: readonly string[];
  readonly budgets: readonly Budget[];
  readonly burns: readonly Burn[];
  readonly firstAttempts: readonly FirstAttemptShare[];
  /** Of the model, where one was given. */
  readonly picture: HealthPicture | undefined;
  /** Notices that now wait for sendAlerts. */
  readonly notices: number;
}

/**
 * Judges a round: what is open, new and over, and what is left of the budgets. Writes incidents, tallies and notices to the
 * store in one transaction; sends nothing. The same results, time and store give the same answer.
 */
export function evaluateRound(input: RoundInput): RoundOutcome {
  const { environment, nowMs, store } = input;
  const window = input.window ?? new ResultWindow(environment);
  window.add(input.results);
  window.prune(nowMs);
  return store.transaction(() => {
    keepBuilds(window, store);
    const open = store.openIncidents();
    const { expected, sinceMs, own, picture } = input;
    const exists = existsIn(environment, expected);
    const found = findingsOf({ window, environment, nowMs, expected, sinceMs, own });
    const findings = picture ? [...found, ...healthFindings(picture), ...forecastFindings(picture, open, nowMs)] : found;
    const direct = step(
      input,
      open.filter(({ kind }) => kind !== 'burn-rate'),
      findings,
      exists,
    );
    const recent = store
      .recentIncidents(nowMs - (lookbackBins + 5) * minuteMs)
      .filter(({ resolvedAtMs }) => resolvedAtMs !== undefined);
    keepTallies(environment, window, [...recent, ...direct.incidents], store, nowMs);
    const burns = burnsOf(environment, store, nowMs);
    const burning = open.filter(({ kind }) => kind === 'burn-rate');
    const slow = step({ ...input, picture: undefined }, burning, burnFindings(burns, burning, environment, nowMs), exists);
    const told = tell(input, window, direct, slow);
    return {
      ...told,
      budgets: budgetsOf(environment, store, nowMs),
      burns,
      firstAttempts: firstAttemptShares(window, nowMs),
      picture,
    };
  });
}

function step(
  { environment, nowMs, picture }: RoundInput,
  open: readonly Incident[],
  findings: readonly Finding[],
  exists: Exists,
): Advanced {
  const real = findings.filter(({ kind, member }) => exists(kind, member));
  return advance({
    environment: environment.name,
    open,
    findings: real,
    groups: picture ? unite(groupByCause(real), real, picture) : groupByCause(real),
    nowMs,
    exists,
  });
}

type Exists = (kind: Incident['kind'], member: string) => boolean;

/** What was taken out of the configuration can't recover by itself. */
function existsIn(environment: Environment, expected: readonly Expected[] | undefined): Exists {
  const pairs = expected && new Set(expected.map(({ journey, place }) => pairName(journey, place.target)));
  const { stamps, location } = environment;
  const places = new Set([
    'global',
    location,
    ...stamps.map(({ region }) => region),
    ...targetsOf(environment).map(({ name }) => name),
  ]);
  // What a warning is about, such as a plan or an account, is no target.
  return (kind, member) =>
    kind === 'forecast' ||
    ((kind === 'outage' || kind === 'silence') && pairs ? pairs.has(member) : places.has(memberParts(member).target));
}

/** A build is a change where all that a target answered with in its latest minute says so: two builds are a rollout under way. */
function keepBuilds(window: ResultWindow, store: IncidentStore): void {
  for (const [target, { atMs, names }] of window.latestBuilds()) {
    const [build] = names;
    if (names.size === 1 && build !== undefined) store.sawBuild(target, build, atMs);
  }
}

/** Of messages that were delivered or given up, the latest: months, or a bad day. */
const mostNotices = 10_000;

type Told = Pick<RoundOutcome, 'opened' | 'reminded' | 'resolved' | 'open' | 'silenced' | 'notices'>;

function tell({ environment, nowMs, store }: RoundInput, window: ResultWindow, ...steps: readonly Advanced[]): Told {
  const silences = store.silences(nowMs);
  const acked = new Set(store.acks().map(({ key }) => key));
  const all = <T>(read: (advanced: Advanced) => readonly T[]) => steps.flatMap(read);
  const fresh = new Set(all(({ opened }) => opened).map(({ key }) => key));
  const wider = new Set(all(({ widened }) => widened).map(({ key }) => key));
  const reminded: Incident[] = [];
  const silenced: string[] = [];
  let notices = 0;
  const say = (incident: Incident, state: 'opened' | 'reminded' | 'resolved') => {
    store.addNotice(incident.key, state, nowMs);
    notices += 1;
    return { ...incident, toldAtMs: nowMs };
  };
  const next = all(({ incidents }) => incidents).map((found): Incident => {
    const incident = counted(environment, fresh.has(found.key) ? withChange(found, store) : found, window, nowMs);
    if (incident.resolvedAtMs !== undefined) return incident.toldAtMs === undefined ? incident : say(incident, 'resolved');
    if (silenceOf(incident, silences, nowMs)) {
      silenced.push(incident.key);
      return incident;
    }
    if (incident.toldAtMs === undefined) return say(incident, 'opened');
    const isDue = isReminderDue(incident, environment.alerts.reminderMinutes, nowMs) && !acked.has(incident.key);
    if (!wider.has(incident.key) && !isDue) return incident;
    reminded.push(incident);
    return say(incident, 'reminded');
  });
  store.putIncidents(next);
  store.pruneNotices(mostNotices);
  return {
    opened: next.filter(({ key }) => fresh.has(key)),
    reminded,
    resolved: next.filter(({ resolvedAtMs }) => resolvedAtMs !== undefined),
    open: next.filter(({ resolvedAtMs }) => resolvedAtMs === undefined),
    silenced,
    notices,
  };
}

function withChange(incident: Incident, store: IncidentStore): Incident {
  const targets = [...new Set(incident.members.map((member) => memberParts(member).target))];
  const lastChange = store.lastChange(targets, incident.openedAtMs);
  return lastChange ? { ...incident, lastChange } : incident;
}

/** Adds the failures since the last count; what comes later than that round is not counted any more. */
function counted(environment: Environment, incident: Incident, window: ResultWindow, nowMs: number): Incident {
  const from = incident.countedToMs ?? incident.startedAtMs;
  const pairs = incident.members.flatMap((member) => window.pair(member) ?? []);
  const fresh = pairs
    .flatMap(({ bins }) => bins.all())
    .filter(({ outcome, atMs }) => outcome === 'failed' && atMs >= from && atMs < nowMs);
  const failures = incident.failures + fresh.length;
  const budgetPercent = budgetPercentOf(environment, pairs, failures) ?? incident.budgetPercent;
  return { ...incident, failures, ...(budgetPercent !== undefined && { budgetPercent }), countedToMs: nowMs };
}
