import { certificateName } from '../synthetics/result.ts';
import { about, type Finding, type FindingInput } from './findings.ts';
import { type BinState, binsUpTo, standingOf, type WindowRule } from './standing.ts';
import { binOf, minuteMs, type Place, type ResultWindow, type Seen } from './window.ts';

/**
 * One bad instance in three fails a third of first attempts, and retries hide it. Several minutes of ten must show it, so
 * that one bad minute with many journeys in it is no alert.
 */
export const firstAttemptRule = { minutes: 10, share: 0.1, badMinutes: 4, clearMinutes: 1 } as const;

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
  return [...targetsSeen(window)].map(([target, { minutes }]) => {
    const within = [...minutes]
      .filter(([start]) => start > nowMs - firstAttemptRule.minutes * minuteMs)
      .flatMap(([, all]) => all);
    const failedFirst = within.filter(({ firstAttemptFailed }) => firstAttemptFailed).length;
    return { target, results: within.length, failedFirst, share: within.length === 0 ? undefined : failedFirst / within.length };
  });
}

function targetsSeen(window: ResultWindow): Map<string, { place: Place; minutes: Map<number, Seen[]> }> {
  const targets = new Map<string, { place: Place; minutes: Map<number, Seen[]> }>();
  for (const { place, journey, bins } of window.pairs()) {
    if (journey === certificateName) continue;
    const target = targets.get(place.target) ?? { place, minutes: new Map<number, Seen[]>() };
    targets.set(place.target, target);
    for (const seen of [...bins.values()].flat().filter(({ outcome }) => outcome !== 'excused')) {
      const minute = binOf(seen.atMs, minuteMs);
      const all = target.minutes.get(minute);
      if (all) all.push(seen);
      else target.minutes.set(minute, [seen]);
    }
  }
  return targets;
}

/** Counts what passed on retry alone: failures that stayed are an outage's. */
export function firstAttempts({ window, nowMs }: FindingInput): Finding[] {
  const { minutes: span, share, badMinutes, clearMinutes } = firstAttemptRule;
  return [...targetsSeen(window).values()].map(({ place, minutes }) => {
    const retried = [...minutes.values()].flat().filter(passedOnRetry);
    const stateAt = (endMs: number): BinState => {
      const within = [...minutes].filter(([start]) => start > endMs - span * minuteMs && start <= endMs);
      const bad = within.filter(([, all]) => all.some(passedOnRetry)).length;
      const all = within.flatMap(([, seen]) => seen);
      if (all.length === 0) return 'unknown';
      if (bad >= badMinutes && all.filter(passedOnRetry).length / all.length >= share) return 'bad';
      return bad <= clearMinutes ? 'good' : 'unknown';
    };
    const rule: WindowRule = { open: { failures: 1, of: 1 }, close: { passes: 1, of: 1 } };
    const last = retried.at(-1);
    return {
      ...about('first-attempts', 'any journey', place),
      // The usual case, without looking at each minute.
      standing:
        retried.length === 0
          ? { state: minutes.size > 0 ? 'closed' : 'undecided' }
          : standingOf(binsUpTo(nowMs, minuteMs, stateAt), rule),
      failingNow: false,
      cause: 'first attempts',
      failureCause: 'first attempts',
      urgency: 'ticket',
      evidence: {
        rule: `less than ${share * 100} % of results that needed a retry within ${span} minutes`,
        seen: `${retried.length} results that passed only on retry`,
        ...(last && { resultId: last.id, traceId: last.traceId }),
      },
    };
  });
}

const passedOnRetry = ({ outcome, firstAttemptFailed }: Seen) => outcome === 'passed' && firstAttemptFailed;
