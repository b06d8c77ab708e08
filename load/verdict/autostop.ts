import { intendedIn } from './attribution.ts';
import type { Samples, Wanted } from './observation.ts';

/** Scenarios that ask for objectives alone; the others are there to see what happens beyond them. */
const stoppable: readonly string[] = ['target', 'soak', 'day'];
/** The journeys' requests vary by a few per cent, and so does what a whole run comes to. */
const certainty = 1.1;

export const isStoppable = ({ scenario }: Pick<Wanted, 'scenario'>): boolean => stoppable.includes(scenario);

/** Whether so many requests have failed that the run misses its errors even if all that are left succeed. */
export function isLostForGood(wanted: Wanted, samples: Pick<Samples, 'failed' | 'refusals'>): boolean {
  if (!isStoppable(wanted)) return false;
  const intended = intendedIn(samples.refusals);
  const planned = wanted.ratePerSecond * wanted.durationSeconds;
  return samples.failed - intended > (planned * certainty * wanted.errorPercent) / 100;
}
