import { z } from 'zod';

export const outcomes = ['passed', 'failed', 'inconclusive'] as const;
export const causes = ['dns', 'connect', 'tls', 'timeout', 'http', 'throttled', 'auth', 'assertion', 'probe'] as const;

const milliseconds = z.number().nonnegative();

/** Why a step failed: `expected <rule>, got <seen>`. */
export const failureSchema = z.object({
  step: z.string(),
  rule: z.string(),
  seen: z.string(),
  cause: z.enum(causes),
});

const stepSchema = z.object({
  name: z.string(),
  durationMs: milliseconds,
  outcome: z.enum(outcomes),
  /** Status of the last answer in the step. */
  status: z.number().int().optional(),
  requests: z.number().int().nonnegative(),
  /** Request units that the store said its answers cost; absent where it doesn't say. */
  requestCharge: z.number().nonnegative().optional(),
  /** Sums over the step's requests; absent where the runner can't see them. */
  phases: z
    .object({
      dnsMs: milliseconds,
      connectMs: milliseconds,
      tlsMs: milliseconds,
      firstByteMs: milliseconds,
      downloadMs: milliseconds,
    })
    .optional(),
});

const traceId = z.string().regex(/^[0-9a-f]{32}$/);

const attemptSchema = z.object({
  /** The attempt's own trace; absent where the record's is the only one. */
  traceId: traceId.optional(),
  startedAt: z.iso.datetime(),
  durationMs: milliseconds,
  outcome: z.enum(outcomes),
  failure: failureSchema.optional(),
});

/** Known circumstances that a result is kept out of objectives for; each with its reason. */
export const markKinds = ['maintenance', 'load', 'experiment'] as const;
type MarkKind = (typeof markKinds)[number];
export type Marks = Partial<Record<MarkKind, string>>;

/** The outcome of one journey on one target. Every consumer reads this record; none derives it anew. */
export const availabilityResultSchema = z.object({
  /** W3C span id, 16 hex digits: counts the result once, however often it is delivered. */
  id: z.string().regex(/^[0-9a-f]{16}$/),
  /** W3C trace id, 32 hex digits: the operation id of the server's own telemetry. */
  traceId,
  environment: z.string(),
  journey: z.string(),
  target: z.object({
    /** location: the place that checks are run from, of a heartbeat. */
    kind: z.enum(['stamp', 'slot', 'global', 'location']),
    name: z.string(),
    endpoint: z.string(),
    stamp: z.string().optional(),
    region: z.string().optional(),
    slot: z.string().optional(),
  }),
  location: z.string(),
  startedAt: z.iso.datetime(),
  durationMs: milliseconds,
  outcome: z.enum(outcomes),
  /** All attempts, first to last; one where nothing was retried. */
  attempts: z.array(attemptSchema).min(1),
  /** Absent when passed. */
  failure: failureSchema.optional(),
  servedBy: z.object({ region: z.string(), stamp: z.string(), instance: z.string(), build: z.string() }).optional(),
  steps: z.array(stepSchema),
  /** Of the global endpoint: whether the region that served it passed the same journey on its own endpoint; absent where unknown. */
  servedByHealthyRegion: z.boolean().optional(),
  /** Of a look at a certificate: days until it ends, negative after its end. */
  certificateDays: z.number().optional(),
  marks: z.partialRecord(z.enum(markKinds), z.string()).optional(),
  /** What a person should know though nothing failed: a pinning cookie, a clean-up that didn't work after a failure. */
  warnings: z.array(z.string()),
});

export type AvailabilityResult = z.infer<typeof availabilityResultSchema>;
export type Outcome = (typeof outcomes)[number];
export type Cause = (typeof causes)[number];
export type Failure = z.infer<typeof failureSchema>;

/** Names of results that are about the probe and the endpoint, and no journey of a shopper. */
export const heartbeatName = 'heartbeat';
export const certificateName = 'certificate';
const notJourneys: readonly string[] = [heartbeatName, certificateName];

/** Whether a result says something of what shoppers met: a journey's, known, and outside maintenance, load and experiments. */
export function countsForObjectives(result: Pick<AvailabilityResult, 'journey' | 'outcome' | 'marks'>): boolean {
  return (
    result.outcome !== 'inconclusive' && !notJourneys.includes(result.journey) && Object.keys(result.marks ?? {}).length === 0
  );
}

/** Application Insights and reports count a slot's results under their own name: `checkout [staging]`. */
export function resultName(result: Pick<AvailabilityResult, 'journey' | 'target'>): string {
  return result.target.slot === undefined ? result.journey : `${result.journey} [${result.target.slot}]`;
}

/** `checkout › pay (westeurope): expected status 201, got 503 after 812 ms` */
export function failureLine(result: Pick<AvailabilityResult, 'journey' | 'target' | 'failure'>): string {
  const { failure } = result;
  if (!failure) return '';
  return `${result.journey} › ${failure.step} (${result.target.name}): expected ${failure.rule}, got ${failure.seen}`;
}
