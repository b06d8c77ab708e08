import { writeBaseline } from '../../load/baselines.ts';
import { type Baseline, compare, heldUp, withRun } from '../../load/verdict/baseline.ts';
import { isAlarm, namesStep, recordedIn, recordRun, resampled, sizes, slowStep } from '../load/recording.ts';
import { atLeast, atMost, exactly, type ProofArea, type ProofRow } from './proof.ts';

const runsOfEach = 12;
const comparisons = 1_000;
/** As --save-baseline does, only runs that passed on a machine with room are taken; where every other one isn't, nothing is measured. */
const mostAttempts = 2 * runsOfEach;

/** Runs of both builds in turn, so that a machine whose speed drifts slows both alike. */
async function record(say: (line: string) => void): Promise<{ good: Baseline; slower: Baseline }> {
  const found: { good?: Baseline; slower?: Baseline } = {};
  // The first run of a process warms it up, and is slower for that.
  await recordRun('good', 2);
  const count = (build: 'good' | 'slower') => found[build]?.runs.length ?? 0;
  for (let attempt = 0; attempt < mostAttempts && count('good') + count('slower') < 2 * runsOfEach; attempt += 1)
    for (const build of ['good', 'slower'] as const) {
      if (count(build) === runsOfEach) continue;
      const verdict = await recordRun(build);
      say([`${build}: ${verdict.verdict}`, ...verdict.reasons, heldUp(verdict) ?? 'machine with room'].join(', '));
      if (verdict.verdict === 'pass' && heldUp(verdict) === undefined) found[build] = withRun(found[build], verdict);
    }
  const { good, slower } = found;
  if (!good || !slower) throw new Error('no run passed');
  for (const [build, baseline] of [
    ['good', good],
    ['slower', slower],
  ] as const)
    writeBaseline(recordedIn(build), baseline);
  return { good, slower };
}

const mean = ({ runs }: Baseline, metric: string) =>
  runs.reduce((sum, { metrics }) => sum + (metrics[metric] ?? Number.NaN), 0) / runs.length;

async function prove(say: (line: string) => void): Promise<ProofRow[]> {
  const { good, slower } = await record(say);
  const metric = `${slowStep} p50`;
  const resampledRows = sizes.flatMap((size) => {
    const percentOf = (list: readonly unknown[]) => (list.length / comparisons) * 100;
    const same = resampled(good, good, size, comparisons);
    const slow = resampled(good, slower, size, comparisons);
    return [
      atMost(
        `${size} earlier runs: unchanged builds called slower, of ${comparisons} comparisons`,
        percentOf(same.filter(isAlarm)),
        1,
        '%',
      ),
      atLeast(
        `${size} earlier runs: slower builds found with the step named, of ${comparisons} comparisons`,
        percentOf(slow.filter(namesStep)),
        95,
        '%',
      ),
    ];
  });
  const live = { good: compare(good, await recordRun('good')), slower: compare(good, await recordRun('slower')) };
  say(`live: ${live.good.reason ?? 'no worse'}; ${live.slower.reason ?? 'no worse'}`);
  return [
    exactly('recorded runs of the good build', good.runs.length, runsOfEach),
    exactly('recorded runs of the slower build', slower.runs.length, runsOfEach),
    atLeast(`${metric}: slower build ÷ good one`, mean(slower, metric) / mean(good, metric), 1.15, '×'),
    atMost(`${metric}: slower build ÷ good one`, mean(slower, metric) / mean(good, metric), 1.25, '×'),
    ...resampledRows,
    exactly('a live run of the good build against the recorded ones', live.good.verdict, 'pass'),
    exactly('a live run of the slower build against the recorded ones', live.slower.verdict, 'fail'),
    exactly(`names ${slowStep}`, namesStep(live.slower), true),
  ];
}

export const baselines: ProofArea = {
  title: 'A step that is a fifth slower is found by name, and an unchanged build is not called slower',
  covers: ['load/verdict/baseline.ts', 'load/verdict/run-metrics.ts', 'load/histogram.ts', 'tests/load/recording.ts'],
  prove,
};
