import type { Threshold } from '../../../health/threshold-types.ts';
import { changeRules, memory, type Signal, thresholdOf } from '../../../health/thresholds.ts';
import { well } from '../situation.ts';

/** A statistic that is at the bound for many bins. */
export function minutesAt({ statistic, windowMinutes }: Threshold, bound: number): string {
  return statistic === 'sum' ? `0x${windowMinutes} ${bound} 0x2` : `${bound}x${windowMinutes + 9}`;
}

/** A signal whose rows are all bad has no good ones to be known by. */
function isBadAlone(signal: Signal): boolean {
  const { value } = thresholdOf(signal).source;
  return 'when' in value && value.when.length === 0;
}

/** As many rows as a window must have, and not one more. */
export function justEnough(signal: Signal): string {
  const { minSamples, windowMinutes } = thresholdOf(signal);
  const rows = isBadAlone(signal) ? `${minSamples}` : `${well[signal]}/${minSamples}`;
  return windowMinutes === 1 ? `${rows}x9` : `${rows} -x4`;
}

/** Bad rows that outweigh a window, of which the latest bins are just free: with a longer window one of them isn't. */
export function lastSeen(signal: Signal): string {
  const { change, windowMinutes, direction, unhealthyAt, degradedAt, statistic, minSamples } = thresholdOf(signal);
  // Both windows must be bad: long ago for the long one, just now for the short one.
  if (signal === 'budgetSpent') return '100/60 0/1x55 100/1x5';
  if (isBadAlone(signal)) return `${unhealthyAt * windowMinutes} -x${windowMinutes - 1 + memory.staleBins}`;
  const { worsen, improve } = changeRules[change];
  const rows = statistic === 'share' ? `/${Math.ceil(minSamples / windowMinutes)}` : '';
  const good = `${well[signal]}${rows}x${windowMinutes - 1 + improve}`;
  // A minute shows in as many bins as the window is long.
  const times = windowMinutes < worsen ? `x${worsen}` : '';
  if (statistic === 'share') return `100/60${times} ${good}`;
  if (statistic === 'sum') return `${unhealthyAt} ${good}`;
  return `${direction === 'higher' ? unhealthyAt * windowMinutes : degradedAt / 10} ${good}`;
}
