import type { BurnRateRule } from '../fixtures/environments/alerting.ts';
import type { Environment } from '../fixtures/environments/schema.ts';
import { binOf, minuteMs } from './bins.ts';
import type { Finding } from './findings.ts';
import type { Incident } from './incident.ts';
import type { IncidentStore, Sum } from './incident-store.ts';
import { allowedShare, type BudgetKind, buckets, budgetKinds, burnRateOf, objectiveOf, spentOf, sumsOver } from './objectives.ts';
import { pairName } from './window.ts';

/** One rule on one objective: how fast its budget burns, and whether that is too fast. */
export interface Burn {
  readonly journey: string;
  /** A region, or `global`. */
  readonly place: string;
  readonly kind: BudgetKind;
  readonly rule: BurnRateRule;
  /** Undefined without results: unknown. */
  readonly longRate: number | undefined;
  readonly shortRate: number | undefined;
  /** Bad results of the long window that no incident has told of. */
  readonly untold: number;
  readonly isTooFast: boolean;
}

const bucketMs = buckets[0].minutes * minuteMs;

/** A budget that stopped burning stays open that long, so that an alert doesn't come and go with every bucket. */
const holdMs = 3 * bucketMs;

/**
 * Multi-window, multi-burn-rate, by the SRE workbook (https://sre.google/workbook/alerting-on-slos/): too fast over the long
 * window and still so over the short one. Failures that an incident has told of are left out, so that an outage pages once;
 * and the windows end before the bins that may yet open one.
 */
export function burnsOf(environment: Pick<Environment, 'objectives' | 'alerts'>, store: IncidentStore, nowMs: number): Burn[] {
  const untilMs = decidedUntil(environment, nowMs);
  return environment.alerts.burnRates.flatMap((rule) => {
    const short = new Map(sumsOver(store, rule.shortMinutes, untilMs).map((sum) => [`${sum.journey} ${sum.place}`, sum]));
    return sumsOver(store, rule.longMinutes, untilMs).flatMap((long) =>
      budgetKinds.flatMap((kind) => burnOf(environment, rule, kind, long, short.get(`${long.journey} ${long.place}`)) ?? []),
    );
  });
}

/** Bins up to there have either opened an incident or won't. */
const decidedUntil = ({ alerts }: Pick<Environment, 'alerts'>, nowMs: number) =>
  binOf(nowMs - alerts.open.of * minuteMs, bucketMs);

function burnOf(
  environment: Pick<Environment, 'objectives'>,
  rule: BurnRateRule,
  kind: BudgetKind,
  long: Sum,
  short: Sum | undefined,
): Burn | undefined {
  const { journey, place } = long;
  const objective = objectiveOf(environment, journey, place);
  if (kind === 'latency' && objective.latencyMs === undefined) return undefined;
  const allowed = allowedShare(objective, kind);
  const spent = spentOf(long, kind, true);
  const longRate = burnRateOf(spent, allowed);
  const shortRate = short && burnRateOf(spentOf(short, kind, true), allowed);
  const isTooFast = spent.bad >= rule.minFailures && (longRate ?? 0) >= rule.rate && (shortRate ?? 0) >= rule.rate;
  return { journey, place, kind, rule, longRate, shortRate, untold: spent.bad, isTooFast };
}

/** Of two rules the one that fires, then the more urgent, then the faster. */
const isWorse = (a: Burn, b: Burn): boolean => {
  if (a.isTooFast !== b.isTooFast) return a.isTooFast;
  if (a.rule.urgency !== b.rule.urgency) return a.rule.urgency === 'page';
  return a.rule.rate > b.rule.rate;
};

/** The worst rule that fires, for each journey, place and objective; what doesn't fire holds its incident for a while. */
export function burnFindings(
  burns: readonly Burn[],
  open: readonly Incident[],
  environment: Pick<Environment, 'alerts'>,
  nowMs: number,
): Finding[] {
  const worst = new Map<string, Burn>();
  for (const burn of burns) {
    const name = `${burn.kind} ${pairName(burn.journey, burn.place)}`;
    const known = worst.get(name);
    if (!known || isWorse(burn, known)) worst.set(name, burn);
  }
  const held = new Set(open.filter(({ lastOpenMs }) => nowMs - lastOpenMs < holdMs).flatMap(({ members }) => members));
  return [...worst.values()].map((burn): Finding => {
    const { journey, place, kind, rule, longRate = 0, untold, isTooFast } = burn;
    const member = pairName(`${journey} ${kind}`, place);
    const sinceMs = decidedUntil(environment, nowMs) - bucketMs;
    return {
      kind: 'burn-rate',
      member,
      journey,
      place: { kind: place === 'global' ? 'global' : 'stamp', target: place, region: place },
      standing: isTooFast ? { state: 'open', sinceMs } : { state: held.has(member) ? 'undecided' : 'closed' },
      failingNow: false,
      cause: `${kind} budget`,
      failureCause: `${kind} budget`,
      urgency: rule.urgency,
      evidence: {
        rule: `a burn rate below ${rule.rate} over ${rule.longMinutes} minutes`,
        seen: `${Number.isFinite(longRate) ? longRate.toFixed(1) : 'any'} times its speed, by ${untold} bad results`,
      },
    };
  });
}
