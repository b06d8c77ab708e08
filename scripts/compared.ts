import { addedTo, baselineFile, readBaseline, writeBaseline } from '../load/baselines.ts';
import { compare, heldUp, withComparison, withRun } from '../load/verdict/baseline.ts';
import type { LoadVerdict } from '../load/verdict/verdict.ts';

/** The run against its baseline, or in it. */
export function compared(verdict: LoadVerdict, isSaved: boolean): LoadVerdict {
  const file = baselineFile(verdict.environment, verdict.scenario);
  const baseline = readBaseline(file);
  if (!isSaved) return baseline ? withComparison(verdict, compare(baseline, verdict)) : verdict;
  const why = verdict.verdict === 'pass' ? heldUp(verdict) : 'the run did not pass';
  if (why === undefined) writeBaseline(file, withRun(baseline, verdict));
  console.log(why === undefined ? `baseline: ${addedTo(file, baseline, verdict)}` : `baseline: not saved, since ${why}`);
  return verdict;
}
