import type { Urgency } from '../fixtures/environments/alerting.ts';
import type { Environment } from '../fixtures/environments/schema.ts';
import { type Cause, certificateName } from '../synthetics/result.ts';
import { binOf, minuteMs } from './bins.ts';
import type { OwnFault } from './own-faults.ts';
import { type BinState, latestState, type Standing, standingUpTo, stateIn, type WindowRule } from './standing.ts';
import { type Pair, type Place, pairName, type ResultWindow, type Seen } from './window.ts';

export const incidentKinds = [
  'outage',
  'silence',
  'certificate',
  'probe',
  'first-attempts',
  'monitor',
  'health',
  'forecast',
  'burn-rate',
] as const;
export type IncidentKind = (typeof incidentKinds)[number];

/** What shows a finding: the first failed result where there is one. */
export interface Evidence {
  readonly step?: string;
  readonly rule: string;
  readonly seen: string;
  readonly resultId?: string;
  readonly traceId?: string;
  readonly at?: string;
  /** Table of Log Analytics that shows it, where no result does. */
  readonly table?: string;
}

/** One thing that is wrong, before it is asked what with it has one cause. */
export interface Finding {
  readonly kind: IncidentKind;
  /** What is wrong: `checkout@westeurope`. An incident ends when all of its members are closed. */
  readonly member: string;
  readonly journey: string;
  readonly place: Place;
  readonly standing: Standing;
  /** Not open yet, but failing in its latest bin: shows how far an incident reaches. */
  readonly failingNow: boolean;
  /** Failures with the same one have one cause. */
  readonly cause: string;
  /** What kind of failure it is, whatever the step: `http`, `connect`. */
  readonly failureCause: string;
  readonly urgency: Urgency;
  readonly evidence: Evidence;
}

/** Faults of the network and of whole services hit many steps at once; others are the fault of the step where they show. */
const causeOf: Readonly<Record<Cause, 'cause' | 'step'>> = {
  dns: 'cause',
  connect: 'cause',
  tls: 'cause',
  throttled: 'cause',
  auth: 'cause',
  probe: 'cause',
  timeout: 'step',
  http: 'step',
  assertion: 'step',
};

export interface Expected {
  readonly journey: string;
  readonly place: Place;
}

export interface FindingInput {
  readonly window: ResultWindow;
  readonly environment: Pick<Environment, 'alerts' | 'location'>;
  readonly nowMs: number;
  /** Pairs whose absence is an alert of its own; default: those that were seen. */
  readonly expected?: readonly Expected[] | undefined;
  /** Bins before it are not missed: nobody was running. */
  readonly sinceMs?: number | undefined;
  /** What is wrong with the monitor itself, or was. */
  readonly own?: readonly OwnFault[] | undefined;
}

export function outage(pair: Pair, { environment, nowMs }: FindingInput): Finding {
  const stateOf = (startMs: number) => stateIn(pair, startMs);
  const standing = standingUpTo(nowMs, pair.binMs, stateOf, environment.alerts);
  const failingNow = latestState(nowMs, pair.binMs, stateOf) === 'bad';
  const since = standing.state === 'open' ? standing.sinceMs : nowMs - environment.alerts.open.of * pair.binMs;
  // A healthy pair, as nearly all are, has nothing to tell.
  const failures = standing.state === 'closed' && !failingNow ? [] : failedSince(pair, since);
  return {
    ...about('outage', pair.journey, pair.place),
    standing,
    failingNow,
    cause: mostFrequent(failures.map(signatureOf)),
    failureCause: mostFrequent(failures.map(({ failure }) => failure?.cause ?? 'unknown')),
    urgency: 'page',
    evidence: evidenceOf(failures[0]),
  };
}

function failedSince(pair: Pair, sinceMs: number): Seen[] {
  const starts = pair.bins
    .starts()
    .filter((start) => start >= sinceMs)
    .sort((a, b) => a - b);
  return starts.flatMap((start) => pair.bins.get(start)?.filter(({ outcome }) => outcome === 'failed') ?? []);
}

function signatureOf({ failure }: Seen): string {
  if (!failure) return 'unknown';
  return causeOf[failure.cause] === 'cause' ? failure.cause : failure.step;
}

/** Ties go to the first in the alphabet, so that two locations say the same. */
export function mostFrequent(words: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  const [best] = [...counts].sort(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1));
  return best?.[0] ?? 'unknown';
}

function evidenceOf(seen: Seen | undefined): Evidence {
  if (!seen?.failure) return { rule: 'a result that passed', seen: 'none' };
  const { id, traceId, atMs } = seen;
  const { step, rule, seen: was } = seen.failure;
  return { step, rule, seen: was, resultId: id, ...(traceId !== undefined && { traceId }), at: new Date(atMs).toISOString() };
}

export const about = (kind: IncidentKind, journey: string, place: Place) => ({
  kind,
  journey,
  place,
  member: pairName(journey, place.target),
});

/** Nobody is known to have run before the first result; where there is none at all, somebody should have. */
function firstBin(pairs: readonly Pair[]): number | undefined {
  let first: number | undefined;
  for (const { bins } of pairs) for (const start of bins.starts()) if (first === undefined || start < first) first = start;
  return first;
}

/** No result at all for a whole window: what says nothing is not healthy. */
export function silences({ window, environment, nowMs, expected, sinceMs }: FindingInput): Finding[] {
  const { of } = environment.alerts.open;
  const journeys = window.pairs().filter(({ journey }) => journey !== certificateName);
  const from = sinceMs ?? firstBin(journeys) ?? nowMs - 2 * of * minuteMs;
  const rule: WindowRule = { open: { failures: of, of }, close: environment.alerts.close };
  return (expected ?? journeys).map(({ journey, place }) => {
    const pair = window.pair(pairName(journey, place.target));
    const binMs = window.widthOf(journey);
    const current = binOf(nowMs, binMs);
    const presence = (startMs: number): BinState => {
      if (pair?.bins.has(startMs)) return 'good';
      return startMs < from || startMs === current ? 'unknown' : 'bad';
    };
    const seen = `none for ${of * (binMs / minuteMs)} minutes`;
    return {
      ...about('silence', journey, place),
      standing: standingUpTo(nowMs, binMs, presence, rule),
      failingNow: false,
      cause: 'no data',
      failureCause: 'no data',
      urgency: 'page',
      evidence: { rule: `a result every ${binMs / minuteMs} minutes`, seen },
    };
  });
}

/** Looked at hourly, and what it says doesn't come and go: the latest look decides. Other failures are the journeys' matter. */
export function certificate(pair: Pair): Finding {
  const looks = pair.bins.all().sort((a, b) => a.atMs - b.atMs);
  const endsSoon = ({ failure, warning }: Seen) => warning !== undefined || failure?.rule.startsWith('a certificate') === true;
  const latest = looks.findLast((look) => look.outcome === 'passed' || endsSoon(look));
  const decided: Standing = { state: latest ? 'closed' : 'undecided' };
  const rule = 'a certificate with enough days left';
  return {
    ...about('certificate', pair.journey, pair.place),
    standing: latest && endsSoon(latest) ? { state: 'open', sinceMs: binOf(latest.atMs, pair.binMs) } : decided,
    failingNow: false,
    cause: certificateName,
    failureCause: certificateName,
    urgency: latest?.warning === undefined ? 'page' : 'ticket',
    evidence: latest?.warning === undefined ? evidenceOf(latest) : { rule, seen: latest.warning, resultId: latest.id },
  };
}
