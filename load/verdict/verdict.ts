import { z } from 'zod';

export const verdicts = ['pass', 'fail', 'inconclusive'] as const;

/** One thing that was judged. Without a value it is never green. */
export const judgementSchema = z.object({
  /** Such as `latency p95`, `errors`, `rate reached`, `checkout p95`. */
  name: z.string(),
  verdict: z.enum(verdicts),
  value: z.number().optional(),
  limit: z.number().optional(),
  unit: z.string(),
  /** Samples behind the value. */
  samples: z.number().int().nonnegative(),
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
});

export type Verdict = (typeof verdicts)[number];
export type Judgement = z.infer<typeof judgementSchema>;
export type LoadVerdict = z.infer<typeof loadVerdictSchema>;

/** fail outweighs inconclusive outweighs pass; nothing judged is inconclusive. */
export function worstOf(all: readonly Verdict[]): Verdict {
  if (all.includes('fail')) return 'fail';
  return all.length === 0 || all.includes('inconclusive') ? 'inconclusive' : 'pass';
}

/** 0 pass, 1 fail, 2 inconclusive. */
export function exitCodeOf(verdict: Verdict): 0 | 1 | 2 {
  return ({ pass: 0, fail: 1, inconclusive: 2 } as const)[verdict];
}
