import { createHash } from 'node:crypto';
import { z } from 'zod';
import { minuteMs } from './bins.ts';
import { incidentKinds } from './findings.ts';

const milliseconds = z.number();

const changeSchema = z.object({ target: z.string(), from: z.string(), to: z.string(), atMs: milliseconds });

export const incidentSchema = z.object({
  /** 16 hex digits of cause, place and opening bin: several locations that see the same give the same, and count once. */
  key: z.string(),
  environment: z.string(),
  kind: z.enum(incidentKinds),
  cause: z.string(),
  /** A target, a region, `global`, a location, or `store`. */
  place: z.string(),
  breadth: z.union([z.literal(0), z.literal(1), z.literal(2)]),
  urgency: z.enum(['page', 'ticket']),
  /** `checkout@westeurope`: it ends when all have closed. */
  members: z.array(z.string()),
  /** The opening bin: the first bad one. */
  startedAtMs: milliseconds,
  /** When its rule held. */
  openedAtMs: milliseconds,
  /** Last told, or reminded of; absent while silenced. */
  toldAtMs: milliseconds.optional(),
  resolvedAtMs: milliseconds.optional(),
  /** When a member was last open. */
  lastOpenMs: milliseconds,
  /** Up to when its failures are counted. */
  countedToMs: milliseconds.optional(),
  evidence: z.object({
    step: z.string().optional(),
    rule: z.string(),
    seen: z.string(),
    resultId: z.string().optional(),
    traceId: z.string().optional(),
    at: z.string().optional(),
    table: z.string().optional(),
  }),
  /** From the cause up to the store, a sentence each, as they stood last. */
  chain: z.array(z.string()).optional(),
  /** The last deployment or swap that was seen before it opened, where it is. */
  lastChange: changeSchema.optional(),
  /** Failed results of its members since it started. */
  failures: z.number().int().nonnegative(),
  /** What they took of its members' error budgets together, over the longest window, percent; absent: no member has one. */
  budgetPercent: z.number().nonnegative().optional(),
});

export type Incident = z.infer<typeof incidentSchema>;
export type BuildChange = z.infer<typeof changeSchema>;

export function incidentKey(cause: string, place: string, startedAtMs: number): string {
  const bin = Math.floor(startedAtMs / minuteMs);
  return createHash('sha256').update(`${cause}\n${place}\n${bin}`).digest('hex').slice(0, 16);
}

/** `checkout@westeurope` in its parts. */
export function memberParts(member: string): { journey: string; target: string } {
  const at = member.lastIndexOf('@');
  return { journey: member.slice(0, at), target: member.slice(at + 1) };
}

/** `connect in westeurope: browse, cart, … fail since 14:03` */
export function titleOf(incident: Incident): string {
  const { kind, place, cause, members, startedAtMs, evidence } = incident;
  const journeys = [...new Set(members.map((member) => memberParts(member).journey))].sort();
  const few =
    journeys.length > 3 ? `${journeys.slice(0, 2).join(', ')} and ${journeys.length - 2} more journeys` : journeys.join(', ');
  const since = `since ${new Date(startedAtMs).toISOString().slice(11, 16)} UTC`;
  const titles: Readonly<Record<Incident['kind'], string>> = {
    outage: `${few} ${journeys.length === 1 ? 'fails' : 'fail'} in ${place} ${since} (${cause}): expected ${evidence.rule}, got ${evidence.seen}`,
    silence: `No results of ${few} in ${place} ${since}`,
    certificate: `Certificate in ${place}: ${evidence.seen}`,
    probe: `The probe at ${place} says nothing of the store ${since}: ${evidence.seen}`,
    'first-attempts': `First attempts fail in ${place} ${since}: ${evidence.seen}`,
    monitor: `The monitor at ${place} has a fault of its own ${since} (${cause}): ${evidence.seen}`,
    health: `${cause} in ${place} is not well ${since}: ${evidence.seen}`,
    forecast: `${evidence.seen} (${place})`,
    'burn-rate': `The error budget of ${few} in ${place} burns too fast ${since}: ${evidence.seen}`,
  };
  return titles[kind];
}
