import { z } from 'zod';

export const verdicts = ['pass', 'fail', 'inconclusive'] as const;

/** One thing that was judged. Without a value it is never green. */
const judgementSchema = z.object({
  /** Such as `latency p95`, `errors`, `rate reached`, `checkout p95`. */
  name: z.string(),
  verdict: z.enum(verdicts),
  value: z.number().optional(),
  limit: z.number().optional(),
  /** The value has to come to the limit. Absent: the limit is the most that it may be. */
  atLeast: z.literal(true).optional(),
  /** How far within the limit the value is, in the unit; below 0 it is beyond. Absent without a value or a limit. */
  margin: z.number().optional(),
  unit: z.string(),
  /** Samples behind the value. */
  samples: z.number().int().nonnegative(),
  /** Who measured the value. */
  source: z.string().default('k6'),
  /** Why, in a line; always present unless it passed. */
  reason: z.string().optional(),
});

/** One second of the run, as k6 saw it. */
const secondSchema = z.object({
  atMs: z.number(),
  requests: z.number().int().nonnegative(),
  failed: z.number().int().nonnegative(),
  p50Ms: z.number().nonnegative().optional(),
  p95Ms: z.number().nonnegative().optional(),
  /** RU that the store said its answers had cost. */
  ru: z.number().nonnegative().optional(),
  /** Attempts that the store's Cosmos SDK made again after a 429. */
  throttleRetries: z.number().int().nonnegative().optional(),
  /** Failed requests by the layer at fault; absent where none failed. */
  layers: z.record(z.string(), z.number().int().positive()).optional(),
  /** Of these, requests that were refused for being too many. */
  throttled: z.number().int().positive().optional(),
});

export const seriesKinds = ['instances', 'cpu', 'queue', 'ru', '429'] as const;

/** One figure that the servers' own metrics give over time. */
const seriesSchema = z.object({
  /** instances and cpu (per cent) and queue (requests) of a plan; ru (RU/s) and 429 (per second) of a Cosmos account. */
  kind: z.enum(seriesKinds),
  /** The plan or the account. */
  of: z.string(),
  /** Wall time between two points. */
  everyMs: z.number().positive(),
  /** Without a value: a hole, nothing was measured or has arrived. */
  points: z.array(z.object({ atMs: z.number(), value: z.number().nonnegative().optional() })),
});

/** What journeys cost in RU. */
const ruLedgerSchema = z.object({
  /** pass-through: the store says it of each answer. least squares: from the mix of each minute and its RU. */
  source: z.enum(['pass-through', 'least squares']),
  journeys: z.array(
    z.object({
      journey: z.string(),
      iterations: z.number().int().nonnegative(),
      /** On average of an iteration. */
      ru: z.number().nonnegative(),
      /** Half the width of the 95 % interval. */
      withinRu: z.number().nonnegative(),
      /** Empty where steps can't be told apart. */
      steps: z.array(z.object({ step: z.string(), ru: z.number().nonnegative() })),
    }),
  ),
  idleRuPerSecond: z.number().nonnegative().optional(),
  projectedRuPerSecond: z.number().nonnegative(),
  projectedWithin: z.number().nonnegative(),
  budgetRuPerSecond: z.number().positive(),
  throttleRetries: z.number().int().nonnegative(),
  /** p95 of the seconds in which the SDK retried, and of the others. */
  retryP95Ms: z.number().nonnegative().optional(),
  calmP95Ms: z.number().nonnegative().optional(),
  /** The hottest first; empty where the metrics don't tell. */
  partitions: z.array(z.object({ container: z.string(), partition: z.string(), peakPercent: z.number().nonnegative() })),
});

/** What was done to the store during a run, or what it did itself, for the time axis. */
const eventSchema = z.object({
  /** Wall time, milliseconds, on the axis of the seconds. */
  atMs: z.number(),
  /** Short, as it stands on the axis: `swap done`, `scaled out`. */
  name: z.string(),
  detail: z.string(),
});

/** One figure of a run that is compared with earlier runs. */
const metricSchema = z.object({
  /** `checkout › pay p50`, `checkout RU`. */
  name: z.string(),
  value: z.number(),
  unit: z.string(),
});

/** A run against earlier ones. */
const comparisonSchema = z.object({
  verdict: z.enum(verdicts),
  reason: z.string().optional(),
  /** Earlier runs. */
  runs: z.number().int().nonnegative(),
  rows: z.array(
    z.object({
      name: z.string(),
      unit: z.string(),
      before: z.number(),
      now: z.number(),
      /** Of a latency: beyond what the whole run is slower by. */
      changePercent: z.number(),
      change: z.enum(['worse', 'better', 'same']),
    }),
  ),
});

/** What a load run came to; `verdict.json` holds it. */
export const loadVerdictSchema = z.object({
  scenario: z.string(),
  environment: z.string(),
  targets: z.array(z.string()),
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime(),
  verdict: z.enum(verdicts),
  /** The deciding reasons, worst first; empty when passed. */
  reasons: z.array(z.string()),
  rateWantedPerSecond: z.number().positive(),
  rateReachedPerSecond: z.number().nonnegative(),
  requests: z.number().int().nonnegative(),
  judgements: z.array(judgementSchema).min(1),
  seconds: z.array(secondSchema),
  /** What k6 had of its machine: a latency that a starved generator saw is no figure of the store. */
  generator: z
    .object({
      cores: z.number().positive(),
      coresUsed: z.number().nonnegative().optional(),
      /** Share of all cores, whatever kept them busy. */
      machineBusy: z.number().nonnegative().optional(),
    })
    .optional(),
  /** The rate that was wanted over time, straight lines between. */
  corners: z.array(z.object({ atSeconds: z.number().nonnegative(), ratePerSecond: z.number().nonnegative() })).optional(),
  /** Failed and throttled requests by the layer at fault. */
  layers: z.array(z.object({ layer: z.string(), failed: z.number().int(), throttled: z.number().int() })).optional(),
  /** What the servers' metrics say over time; absent where nobody asked them. */
  series: z.array(seriesSchema).optional(),
  ru: ruLedgerSchema.optional(),
  events: z.array(eventSchema).optional(),
  /** What a baseline holds of a run. */
  metrics: z.array(metricSchema).optional(),
  baseline: comparisonSchema.optional(),
});

export type Verdict = (typeof verdicts)[number];
/** As it is made: margin and source are filled in by `complete`. */
export type Judgement = z.input<typeof judgementSchema>;
export type BaselineComparison = z.infer<typeof comparisonSchema>;
export type ServerSeries = z.infer<typeof seriesSchema>;
export type RunEvent = z.infer<typeof eventSchema>;
export type RuLedger = z.infer<typeof ruLedgerSchema>;
export type RunMetric = z.infer<typeof metricSchema>;
export type LoadVerdict = z.infer<typeof loadVerdictSchema>;

/** With its margin, where it doesn't say it itself, and its source. */
export function complete(judgement: Judgement): LoadVerdict['judgements'][number] {
  const { value, limit, atLeast, source = 'k6' } = judgement;
  const margin = value === undefined || limit === undefined ? {} : { margin: atLeast ? value - limit : limit - value };
  return { ...margin, ...judgement, source };
}

/** fail outweighs inconclusive outweighs pass; nothing judged is inconclusive. */
export function worstOf(all: readonly Verdict[]): Verdict {
  if (all.includes('fail')) return 'fail';
  return all.length === 0 || all.includes('inconclusive') ? 'inconclusive' : 'pass';
}

/** The verdict with one judgement more: a failure's reason comes first, a doubt's last. */
export function withJudgement(verdict: LoadVerdict, judgement: Judgement): LoadVerdict {
  const { verdict: outcome, reason } = judgement;
  const reasons =
    reason === undefined ? verdict.reasons : outcome === 'fail' ? [reason, ...verdict.reasons] : [...verdict.reasons, reason];
  return {
    ...verdict,
    verdict: worstOf([verdict.verdict, outcome]),
    reasons,
    judgements: [...verdict.judgements, complete(judgement)],
  };
}

/** 0 pass, 1 fail, 2 inconclusive. */
export function exitCodeOf(verdict: Verdict): 0 | 1 | 2 {
  return ({ pass: 0, fail: 1, inconclusive: 2 } as const)[verdict];
}
