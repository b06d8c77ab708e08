import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readBaseline, writeBaseline } from '../../load/baselines.ts';
import { type Baseline, compare, heldUp, withRun } from '../../load/verdict/baseline.ts';
import { median } from '../../load/verdict/breakpoint.ts';
import type { LoadVerdict } from '../../load/verdict/verdict.ts';
import { isAlarm, namesStep, recordedIn, recordRun, resampled, sizes, slowStep } from '../load/recording.ts';
import { atLeast, atMost, exactly, type ProofArea, type ProofRow } from './proof.ts';

const runsOfEach = 12;
const comparisons = 1_000;
/** As --save-baseline does, only runs that passed on a machine with room are taken; it is waited for this often. */
const mostAttempts = 6;

async function calmRun(build: 'good' | 'slower', say: (line: string) => void): Promise<LoadVerdict> {
  for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
    const verdict = await recordRun(build);
    const held = heldUp(verdict);
    say([`${build}: ${verdict.verdict}`, ...verdict.reasons, held ?? 'machine with room'].join(', '));
    if (verdict.verdict === 'pass' && held === undefined) return verdict;
  }
  throw new Error(`no run of the build ${build} passed on a machine with room`);
}

const builds = ['good', 'slower'] as const;
type Recorded = Partial<Record<(typeof builds)[number], Baseline>>;

/** Recordings so far of this very code: a machine that gets busy half-way costs the time, not the runs. */
const root = join(__dirname, '../..');
const kept = (build: string) => join(root, '.local', 'recorded', execGit('rev-parse', 'HEAD'), `${build}.json`);
const execGit = (...args: string[]) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();

/** Runs of both builds in turn, so that a machine whose speed drifts slows both alike. */
async function record(say: (line: string) => void): Promise<Required<Recorded>> {
  const seen: Recorded = Object.fromEntries(
    builds.flatMap((build) => {
      const before = readBaseline(kept(build));
      return before ? [[build, before]] : [];
    }),
  );
  // The first run of a process warms it up, and is slower for that.
  await recordRun('good', 2);
  while (builds.some((build) => (seen[build]?.runs.length ?? 0) < runsOfEach)) {
    const [build] = [...builds].sort((a, b) => (seen[a]?.runs.length ?? 0) - (seen[b]?.runs.length ?? 0));
    if (build === undefined) continue;
    const next = withRun(seen[build], await calmRun(build, say));
    seen[build] = next;
    mkdirSync(dirname(kept(build)), { recursive: true });
    writeBaseline(kept(build), next);
  }
  const { good, slower } = seen as Required<Recorded>;
  writeBaseline(recordedIn('good'), good);
  writeBaseline(recordedIn('slower'), slower);
  return { good, slower };
}

const typical = ({ runs }: Baseline, metric: string) =>
  median(runs.map(({ metrics }) => metrics[metric] ?? Number.NaN)) ?? Number.NaN;

async function prove(say: (line: string) => void): Promise<ProofRow[]> {
  const { good, slower } = await record(say);
  const metric = `${slowStep} p50`;
  const percentOf = (list: readonly unknown[]) => (list.length / comparisons) * 100;
  const alarms = sizes.map((size) => {
    const share = percentOf(resampled(good, good, size, comparisons).filter(isAlarm));
    return atMost(`unchanged builds called slower, of ${comparisons} comparisons with ${size} earlier runs`, share, 1, '%');
  });
  const found = percentOf(resampled(good, slower, runsOfEach, comparisons).filter(namesStep));
  const live = { good: compare(good, await calmRun('good', say)), slower: compare(good, await calmRun('slower', say)) };
  say(`live: ${live.good.reason ?? 'no worse'}; ${live.slower.reason ?? 'no worse'}`);
  return [
    exactly('recorded runs of the good build', good.runs.length, runsOfEach),
    exactly('recorded runs of the slower build', slower.runs.length, runsOfEach),
    atLeast(`${metric}: slower build ÷ good one`, typical(slower, metric) / typical(good, metric), 1.15, '×'),
    atMost(`${metric}: slower build ÷ good one`, typical(slower, metric) / typical(good, metric), 1.25, '×'),
    ...alarms,
    atLeast(
      `slower builds found with the step named, of ${comparisons} comparisons with ${runsOfEach} earlier runs`,
      found,
      95,
      '%',
    ),
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
