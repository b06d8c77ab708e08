import { binOf, minuteMs } from './bins.ts';
import { about, type Finding, type FindingInput } from './findings.ts';
import { type BinState, standingUpTo, type WindowRule } from './standing.ts';
import type { ResultWindow, TargetMinutes } from './window.ts';

/**
 * One bad instance in three fails a third of first attempts, and retries hide it. Several minutes of ten must show it, so
 * that one bad minute with many journeys in it is no alert.
 */
const firstAttemptRule = { minutes: 10, share: 0.1, badMinutes: 4, clearMinutes: 1 } as const;

export interface FirstAttemptShare {
  readonly target: string;
  readonly results: number;
  /** Results, passed or not, whose first attempt failed. */
  readonly failedFirst: number;
  /** Undefined where there was no result: unknown. */
  readonly share: number | undefined;
}

/** By target, over the last ten minutes. */
export function firstAttemptShares(window: ResultWindow, nowMs: number): FirstAttemptShare[] {
  return window.targets().map(({ place, minutes }) => {
    const { results, failedFirst } = sumOf(minutes, nowMs);
    return { target: place.target, results, failedFirst, share: results === 0 ? undefined : failedFirst / results };
  });
}

/** Over the minutes up to and with that of `endMs`. */
function sumOf(minutes: TargetMinutes['minutes'], endMs: number) {
  const sum = { results: 0, failedFirst: 0, passedOnRetry: 0, badMinutes: 0 };
  const last = binOf(endMs, minuteMs);
  for (let start = last - (firstAttemptRule.minutes - 1) * minuteMs; start <= last; start += minuteMs) {
    const minute = minutes.get(start);
    sum.results += minute?.results ?? 0;
    sum.failedFirst += minute?.failedFirst ?? 0;
    sum.passedOnRetry += minute?.passedOnRetry ?? 0;
    if ((minute?.passedOnRetry ?? 0) > 0) sum.badMinutes += 1;
  }
  return sum;
}

/** The latest of ten minutes at a time decides; between the bounds it stays as it was. */
const rule: WindowRule = { open: { failures: 1, of: 1 }, close: { passes: 1, of: 1 } };

/** Counts what passed on retry alone: failures that stayed are an outage's. */
export function firstAttempts({ window, nowMs }: FindingInput): Finding[] {
  return window.targets().map(({ place, minutes }) => {
    const stateAt = (endMs: number): BinState => {
      const { results, passedOnRetry, badMinutes } = sumOf(minutes, endMs);
      if (results === 0) return 'unknown';
      if (badMinutes >= firstAttemptRule.badMinutes && passedOnRetry / results >= firstAttemptRule.share) return 'bad';
      return badMinutes <= firstAttemptRule.clearMinutes ? 'good' : 'unknown';
    };
    const { results, passedOnRetry } = sumOf(minutes, nowMs);
    const retried = [...minutes.values()].findLast((minute) => minute.retried)?.retried;
    return {
      ...about('first-attempts', 'any journey', place),
      // Mostly nothing was retried at all, and no minute needs a look of its own.
      standing: retried ? standingUpTo(nowMs, minuteMs, stateAt, rule) : { state: results > 0 ? 'closed' : 'undecided' },
      failingNow: false,
      cause: 'first attempts',
      failureCause: 'first attempts',
      urgency: 'ticket',
      evidence: {
        rule: `less than ${firstAttemptRule.share * 100} % of results that needed a retry within ${firstAttemptRule.minutes} minutes`,
        seen: `${passedOnRetry} of ${results} results passed only on retry`,
        ...(retried && { resultId: retried.id }),
        ...(retried?.traceId !== undefined && { traceId: retried.traceId }),
      },
    };
  });
}
