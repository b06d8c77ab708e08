import type { Environment } from '../fixtures/environments/schema.ts';
import { minuteMs } from './bins.ts';
import { type Incident, memberParts, titleOf } from './incident.ts';
import type { Notice } from './notice.ts';
import { tableLink, transactionLink } from './portal-link.ts';
import { runbookOf } from './runbooks.ts';

/** What a webhook gets, and what its template may name; receivers count by `key`, which every location derives alike. */
export interface Alert {
  readonly key: string;
  readonly state: Notice['state'];
  readonly environment: string;
  readonly location: string;
  readonly kind: Incident['kind'];
  readonly cause: string;
  readonly place: string;
  readonly urgency: Incident['urgency'];
  readonly title: string;
  readonly journeys: readonly string[];
  readonly targets: readonly string[];
  /** ISO 8601, as all times here. The opening bin: the first failed one. */
  readonly startedAt: string;
  readonly openedAt: string;
  readonly sentAt: string;
  readonly resolvedAt: string | null;
  /** From its start to its end or now. */
  readonly minutes: number;
  /** Failed results of its members. */
  readonly failures: number;
  /** What they took of its members' error budgets together; null where none has one. */
  readonly budgetPercent: number | null;
  readonly evidence: {
    readonly step: string | null;
    readonly rule: string;
    readonly seen: string;
    readonly resultId: string | null;
    readonly traceId: string | null;
    /** Opens the transaction, or else the table, in Application Insights; null where the environment names no component. */
    readonly link: string | null;
  };
  /** From the cause up to the store, a sentence each; empty where the model doesn't name one. */
  readonly chain: readonly string[];
  /** What to do: a heading of docs/runbooks.md. */
  readonly runbook: string;
  /** The last deployment or swap that was seen before it opened; null where none was. */
  readonly lastChange: { readonly target: string; readonly from: string; readonly to: string; readonly at: string } | null;
}

/** The message of a notice about an incident as it is known now. */
export function alertOf(
  environment: Pick<Environment, 'name' | 'location' | 'telemetry'>,
  incident: Incident,
  { state }: Pick<Notice, 'state'>,
  nowMs: number,
): Alert {
  const { key, kind, cause, place, urgency, members, startedAtMs, openedAtMs, failures, evidence, lastChange } = incident;
  // A message about its opening that comes late doesn't know its end yet.
  const resolvedAtMs = state === 'resolved' ? incident.resolvedAtMs : undefined;
  const parts = members.map(memberParts);
  const iso = (ms: number) => new Date(ms).toISOString();
  const { traceId, at, table } = evidence;
  const { resourceId } = environment.telemetry;
  const atMs = at ? Date.parse(at) : startedAtMs;
  const link = (traceId && transactionLink(resourceId, traceId, atMs)) || (table && tableLink(resourceId, table, atMs));
  return {
    key,
    state,
    environment: environment.name,
    location: environment.location,
    kind,
    cause,
    place,
    urgency,
    title: `${prefixes[state]}${titleOf(incident)}`,
    journeys: [...new Set(parts.map(({ journey }) => journey))].sort(),
    targets: [...new Set(parts.map(({ target }) => target))].sort(),
    startedAt: iso(startedAtMs),
    openedAt: iso(openedAtMs),
    sentAt: iso(nowMs),
    resolvedAt: resolvedAtMs === undefined ? null : iso(resolvedAtMs),
    minutes: Math.max(0, Math.round(((resolvedAtMs ?? nowMs) - startedAtMs) / minuteMs)),
    failures,
    budgetPercent: incident.budgetPercent ?? null,
    evidence: {
      step: evidence.step ?? null,
      rule: evidence.rule,
      seen: evidence.seen,
      resultId: evidence.resultId ?? null,
      traceId: traceId ?? null,
      link: link || null,
    },
    chain: incident.chain ?? [],
    runbook: runbookOf(incident),
    lastChange: lastChange
      ? { target: lastChange.target, from: lastChange.from, to: lastChange.to, at: iso(lastChange.atMs) }
      : null,
  };
}

const prefixes: Readonly<Record<Notice['state'], string>> = { opened: '', reminded: 'Still: ', resolved: 'Resolved: ' };
