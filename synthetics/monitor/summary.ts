import {
  type AvailabilityResult,
  certificateName,
  countsForObjectives,
  failureLine,
  heartbeatName,
  resultName,
} from '../result.ts';

export interface SummaryRow {
  readonly journey: string;
  readonly target: string;
  /** Results that say something of the store: not inconclusive, not under maintenance, load or experiment. */
  readonly counted: number;
  readonly passed: number;
  /** Passed of counted; undefined where nothing counts. */
  readonly availabilityPercent: number | undefined;
  readonly p95Ms: number | undefined;
  /** Passed, but not at the first attempt. */
  readonly retried: number;
  readonly inconclusive: number;
  readonly marked: number;
  readonly last: AvailabilityResult;
  readonly lastFailure: string | undefined;
}

/** A row a journey and target, by target; heartbeats and certificates stand apart. */
export function summarise(results: readonly AvailabilityResult[]): SummaryRow[] {
  const groups = new Map<string, AvailabilityResult[]>();
  for (const result of results) {
    if (result.journey === heartbeatName || result.journey === certificateName) continue;
    const key = `${result.target.name} ${resultName(result)}`;
    const group = groups.get(key);
    if (group) group.push(result);
    else groups.set(key, [result]);
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => rowOf(group));
}

function rowOf(results: readonly AvailabilityResult[]): SummaryRow {
  const last = results.at(-1);
  if (!last) throw new Error('a group without a result');
  const counted = results.filter(countsForObjectives);
  const passed = counted.filter(({ outcome }) => outcome === 'passed');
  const lastFailed = results.findLast(({ outcome }) => outcome !== 'passed');
  return {
    journey: resultName(last),
    target: last.target.name,
    counted: counted.length,
    passed: passed.length,
    availabilityPercent: counted.length === 0 ? undefined : (passed.length / counted.length) * 100,
    p95Ms: percentile(
      passed.map(({ durationMs }) => durationMs),
      0.95,
    ),
    retried: passed.filter(({ attempts }) => attempts.length > 1).length,
    inconclusive: results.filter(({ outcome }) => outcome === 'inconclusive').length,
    marked: results.filter(({ marks }) => marks && Object.keys(marks).length > 0).length,
    last,
    lastFailure: lastFailed && failureLine(lastFailed),
  };
}

/** Nearest rank: always a duration that was seen. */
export function percentile(values: readonly number[], share: number): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
}
