import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BuildName } from '../../fixtures/contoso/shop/builds.ts';
import { seeded } from '../../fixtures/data/random.ts';
import type { Environment } from '../../fixtures/environments/schema.ts';
import { runLoad } from '../../load/run.ts';
import { type Baseline, compare, fewestRuns } from '../../load/verdict/baseline.ts';
import type { BaselineComparison, LoadVerdict } from '../../load/verdict/verdict.ts';
import { startTestStore } from '../support/store.ts';

/** The step that the build `slower` is slower in. */
export const slowStep = 'reviews › post a review';
/** Runs of the good build and of the slower one: a baseline file each, as `--save-baseline` writes them. */
export const recordedIn = (build: 'good' | 'slower') => join(__dirname, 'recorded', `${build}.json`);

/** One stamp, and a mix in which every step comes up about 45 times within five seconds. */
const alone = ({ global: _, stamps: [stamp], load, ...rest }: Environment): Environment => {
  if (!stamp) throw new Error('local.json has no stamp');
  const mix = { browse: 1, search: 1, reviews: 1 };
  return { ...rest, stamps: [{ ...stamp, slots: [] }], load: { ...load, mix, ratePerSecond: 100, durationSeconds: 5 } };
};

/** A short `target` run against a local store of its own that runs the build. */
export async function recordRun(build: BuildName, durationSeconds?: number): Promise<LoadVerdict> {
  const store = await startTestStore({ change: alone, build });
  const runDirectory = mkdtempSync(join(tmpdir(), 'recorded-'));
  try {
    const { environment, environmentFile: nameOrPath, caFile } = store;
    return await runLoad({ environment, nameOrPath, scenario: 'target', caFile, runDirectory, durationSeconds });
  } finally {
    await store.close();
    rmSync(runDirectory, { recursive: true, force: true });
  }
}

type Run = Baseline['runs'][number];

/** A recorded run as the verdict that a comparison takes. */
const asVerdict = (
  { runs: _, durationSeconds, ratePerSecond, ...asked }: Baseline,
  { startedAt, metrics }: Run,
): LoadVerdict => ({
  ...asked,
  startedAt,
  endedAt: startedAt,
  verdict: 'pass',
  reasons: [],
  rateWantedPerSecond: ratePerSecond,
  rateReachedPerSecond: ratePerSecond,
  requests: 0,
  judgements: [],
  seconds: [],
  corners: [{ atSeconds: durationSeconds, ratePerSecond }],
  metrics: Object.entries(metrics).map(([name, value]) => ({
    name,
    value,
    unit: name.slice(name.lastIndexOf(' ') + 1) === 'RU' ? 'RU' : 'ms',
  })),
});

/** Seeded comparisons by resampling whole runs: a baseline of `size` runs of `from`, drawn with replacement, and a run of `now`. */
export function resampled(from: Baseline, now: Baseline, size: number, times = 1000): BaselineComparison[] {
  return Array.from({ length: times }, (_, seed) => {
    const random = seeded(seed);
    const pick = ({ runs }: Baseline) => runs[Math.floor(random() * runs.length)] as Run;
    const baseline = { ...from, runs: Array.from({ length: size }, () => pick(from)) };
    return compare(baseline, asVerdict(now, pick(now)));
  });
}

export const sizes = [fewestRuns, 8, 12] as const;
export const isAlarm = ({ verdict }: BaselineComparison) => verdict === 'fail';
export const namesStep = ({ verdict, rows }: BaselineComparison) =>
  verdict === 'fail' && rows.some(({ name, change }) => change === 'worse' && name.startsWith(slowStep));
