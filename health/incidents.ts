import { minuteMs } from './bins.ts';
import type { Group } from './causes.ts';
import type { Finding, IncidentKind } from './findings.ts';
import { type Incident, incidentKey } from './incident.ts';

export interface Advanced {
  /** All that were open or have just opened, with what is new of them. */
  readonly incidents: readonly Incident[];
  readonly opened: readonly Incident[];
  /** Open before, and now reaching further than what was told, or more urgent. */
  readonly widened: readonly Incident[];
  readonly resolved: readonly Incident[];
}

interface AdvanceInput {
  readonly environment: string;
  /** Incidents that are open in the history. */
  readonly open: readonly Incident[];
  readonly findings: readonly Finding[];
  readonly groups: readonly Group[];
  readonly nowMs: number;
  /** Whether what an incident is about still exists; a stamp that was taken away can't recover. */
  readonly exists?: (kind: Incident['kind'], member: string) => boolean;
}

/**
 * The step from what was open to what is: groups that share most of their members with an open incident are that incident, even
 * if it has got another name by now; others open a new one. An incident ends when each of its members is decidedly closed:
 * a member that nothing is known of keeps it open.
 */
export function advance({ environment, open, findings, groups, nowMs, exists = () => true }: AdvanceInput): Advanced {
  // Mostly nothing is open, and nobody asks how thousands of members stand.
  const told = open.length === 0 ? [] : findings;
  const standing = new Map(told.map(({ kind, member, standing: { state } }) => [`${familyOf(kind)} ${member}`, state]));
  const stateOf = ({ kind }: Incident, member: string, own: ReadonlySet<string>) => {
    const state = standing.get(`${familyOf(kind)} ${member}`) ?? 'undecided';
    // What is open for another cause by now doesn't keep this incident.
    return !exists(kind, member) || (state === 'open' && !own.has(member)) ? 'closed' : state;
  };
  const claims = new Map<string, Group[]>();
  const opened: Incident[] = [];
  for (const group of groups) {
    const same = open.filter((incident) => isSame(incident, group));
    for (const { key } of same) claims.set(key, [...(claims.get(key) ?? []), group]);
    if (same.length === 0 && group.mayOpen !== false) opened.push(incidentOf(environment, group, nowMs));
  }
  const next = open.map((incident): Incident => {
    const claimed = claims.get(incident.key) ?? [];
    const grown = claimed.reduce((known, group) => widen(known, group), incident);
    const own = new Set(claimed.flatMap(membersOf));
    const states = grown.members.map((member) => stateOf(grown, member, own));
    if (states.includes('open')) return { ...grown, lastOpenMs: nowMs };
    return states.every((state) => state === 'closed') ? { ...grown, resolvedAtMs: nowMs } : grown;
  });
  const isWider = (incident: Incident) => {
    const before = open.find(({ key }) => key === incident.key);
    if (!before) return false;
    if (before.urgency === 'ticket' && incident.urgency === 'page') return true;
    // A cause that is found is no news of its own.
    return incident.kind !== 'health' && incident.breadth > before.breadth;
  };
  return {
    incidents: [...next, ...opened],
    opened,
    widened: next.filter((incident) => incident.resolvedAtMs === undefined && isWider(incident)),
    resolved: next.filter(({ resolvedAtMs }) => resolvedAtMs !== undefined),
  };
}

/** More than half of the smaller one: a payment fault in two regions stays itself when one of the regions goes down too. */
function isSame({ kind, members }: Incident, group: Group): boolean {
  if (familyOf(kind) !== familyOf(group.kind)) return false;
  const inGroup = new Set(membersOf(group));
  const shared = members.filter((member) => inGroup.has(member)).length;
  return shared * 2 > Math.min(members.length, inGroup.size);
}

/** One cause shows as an outage, in retries, and in the components of the model: these are one incident. */
const familyOf = (kind: IncidentKind): IncidentKind => (kind === 'outage' || kind === 'first-attempts' ? 'health' : kind);

const membersOf = ({ findings }: Group) => findings.map(({ member }) => member);

/** Takes in what is new; its name follows only where it reaches further, so that it doesn't change with every bin. */
function widen(incident: Incident, group: Group): Incident {
  const members = [...new Set([...incident.members, ...membersOf(group)])].sort();
  const { kind, cause, place, breadth, evidence, chain, findings, isFading } = group;
  const urgency = incident.urgency === 'page' ? 'page' : group.urgency;
  // The model knows the cause of what journeys only showed, and may come to know a deeper one.
  if (kind === 'health') {
    const isKept = incident.kind === 'health' && isFading;
    const grown = { ...incident, members, urgency, ...(chain && !isKept && { chain: [...chain] }) };
    const isDeeper = incident.kind !== 'health' || findings.some(({ journey }) => journey === incident.cause);
    // Where some places are well before others, it is still what reached all of them.
    const isNarrower = incident.kind === 'health' && cause === incident.cause && breadth <= incident.breadth;
    const name = isNarrower ? {} : { kind, cause, place, breadth };
    return isDeeper ? { ...grown, ...name, ...(!isKept && { evidence: { ...metBy(incident), ...evidence } }) } : grown;
  }
  if (incident.kind === 'health') return { ...incident, members };
  // What made it urgent is what is told: a certificate with three days left, no more the one with fifteen.
  const raised = urgency === incident.urgency ? {} : { urgency, evidence };
  return { ...incident, members, ...raised, ...(breadth > incident.breadth && { cause, place, breadth }) };
}

/** The shopper whom it met is known still when no more are met. */
function metBy({ evidence: { resultId, traceId } }: Incident): Partial<Incident['evidence']> {
  return { ...(resultId !== undefined && { resultId }), ...(traceId !== undefined && { traceId }) };
}

function incidentOf(environment: string, group: Group, nowMs: number): Incident {
  const { kind, cause, place, breadth, urgency, sinceMs, evidence, chain } = group;
  return {
    key: incidentKey(`${environment} ${kind} ${cause}`, place, sinceMs),
    environment,
    kind,
    cause,
    place,
    breadth,
    urgency,
    members: [...new Set(membersOf(group))].sort(),
    startedAtMs: sinceMs,
    openedAtMs: nowMs,
    lastOpenMs: nowMs,
    evidence,
    ...(chain && { chain: [...chain] }),
    failures: 0,
  };
}

/** Whether it is time to remind of an open incident; 0 minutes: never. */
export function isReminderDue({ toldAtMs, resolvedAtMs }: Incident, reminderMinutes: number, nowMs: number): boolean {
  return (
    reminderMinutes > 0 && resolvedAtMs === undefined && toldAtMs !== undefined && nowMs - toldAtMs >= reminderMinutes * minuteMs
  );
}
