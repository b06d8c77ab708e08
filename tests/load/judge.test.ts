import { describe, expect, it } from 'vitest';
import { loadEnvironment } from '../../fixtures/environments/load.ts';
import { environmentSchema } from '../../fixtures/environments/schema.ts';
import { thresholds } from '../../health/thresholds.ts';
import { judge } from '../../load/verdict/judge.ts';
import { exitCodeOf, loadVerdictSchema, type Verdict } from '../../load/verdict/verdict.ts';
import { type Changes, goodJourney, nothing, observed } from './sample-load.ts';

const start = Date.UTC(2026, 0, 5);
const browse = (change: object) => ({ journeys: { browse: { ...goodJourney, ...change }, checkout: goodJourney } });

interface Row extends Changes {
  readonly title: string;
  readonly verdict: Verdict;
  /** The first reason. */
  readonly reason?: string | RegExp;
}

const rows: readonly Row[] = [
  { title: 'passes a whole run within its objectives', verdict: 'pass' },
  {
    title: 'fails a run that production has felt too much, before what it missed',
    wanted: { guarded: true },
    samples: { requests: 720, failed: 90, lastAtMs: start + 12_000 },
    generator: { exitCode: 99 },
    verdict: 'fail',
    reason: 'ended after 12 s of 60 s: production feels this load, and an objective was missed',
  },
  // latency
  { title: 'passes with p95 on its limit', samples: { latencyP95Ms: 200 }, verdict: 'pass' },
  {
    title: 'fails with p95 over its limit',
    samples: { latencyP95Ms: 312 },
    verdict: 'fail',
    reason: 'latency p95 312 ms is over 200 ms (3,600 samples)',
  },
  {
    title: "doesn't blame the store for a saturated generator's latency",
    samples: { latencyP95Ms: 312 },
    generator: { coresUsed: 1.7 },
    verdict: 'inconclusive',
    reason: /^latency p95 312 ms is over 200 ms .* but the generator was saturated \(k6 used 1\.7 of 2 cores\)$/,
  },
  // errors
  { title: 'passes with errors on their limit', samples: { failed: 36 }, verdict: 'pass' },
  {
    title: 'fails with one error too many',
    samples: { failed: 37 },
    verdict: 'fail',
    reason: 'errors 1 % are over 1 % (37 of 3,600 requests)',
  },
  {
    title: 'fails when every connection is refused',
    samples: {
      failed: 3600,
      unanswered: { '1212': 3600 },
      latencyP95Ms: undefined,
      ...browse({ failed: 100, p95Ms: undefined }),
    },
    verdict: 'fail',
    reason: 'errors 100 % are over 1 % (3,600 of 3,600 requests, 3,600 without an answer, mostly: connection refused)',
  },
  { title: 'passes no error where none is allowed', wanted: { errorPercent: 0 }, verdict: 'pass' },
  { title: 'fails one error where none is allowed', wanted: { errorPercent: 0 }, samples: { failed: 1 }, verdict: 'fail' },
  {
    title: 'blames no store for what a starved generator lost',
    samples: { failed: 60, unanswered: { '1050': 60 } },
    generator: { machineBusy: 0.99 },
    verdict: 'inconclusive',
    reason: /^errors 1\.7 % are over 1 % \(60 of 3,600 requests, 60 without an answer, mostly: timed out: 60 by the generator\)/,
  },
  {
    title: 'nor for the journeys that failed by it',
    samples: { ...browse({ failed: 9, firstFailure: 'an answer in time' }), failed: 9, unanswered: { '1050': 9 } },
    generator: { machineBusy: 0.99 },
    verdict: 'inconclusive',
    reason: /^browse: 9 of \d+ failed \(an answer in time\), .*, but the generator lost 9 requests itself/,
  },
  {
    title: 'nor where the store lost one of ten',
    samples: {
      ...browse({ failed: 9, firstFailure: 'an answer in time' }),
      failed: 10,
      unanswered: { '1050': 9, '1220': 1 },
    },
    generator: { machineBusy: 0.99 },
    verdict: 'inconclusive',
    reason: /^browse: 9 of \d+ failed \(an answer in time\), .*, but the generator lost 9 requests itself/,
  },
  {
    title: 'but for the journeys that broke beside the one that it lost',
    samples: { ...browse({ failed: 9, firstFailure: 'status 200' }), failed: 1, unanswered: { '1050': 1 } },
    generator: { machineBusy: 0.99 },
    verdict: 'fail',
    reason: /^browse: 9 of \d+ failed \(status 200\), 9 % is over 1 %$/,
  },
  {
    title: 'but for what the store lost meanwhile',
    samples: { failed: 100, unanswered: { '1050': 60 } },
    generator: { machineBusy: 0.99 },
    verdict: 'fail',
    reason: /^errors 2\.8 % are over 1 %/,
  },
  // rate
  { title: 'passes at 95 % of the rate', samples: { requests: 3420 }, verdict: 'pass' },
  {
    title: 'is inconclusive when a saturated generator misses the rate',
    samples: { requests: 3300, droppedIterations: 87 },
    generator: { coresUsed: 1.6 },
    verdict: 'inconclusive',
    reason: 'rate 55/s instead of 60/s: the generator was saturated (k6 used 1.6 of 2 cores), 87 iterations dropped',
  },
  {
    title: 'is never green on a saturated generator, though the rate was reached',
    generator: { coresUsed: 1.6 },
    verdict: 'inconclusive',
    reason: /^rate 60\/s was reached, but the generator was saturated \(k6 used 1\.6 of 2 cores\)/,
  },
  { title: 'passes a generator with a fifth of its cores idle', generator: { coresUsed: 1.59 }, verdict: 'pass' },
  {
    title: 'is never green with a dropped iteration',
    samples: { droppedIterations: 1 },
    verdict: 'inconclusive',
    reason: 'rate 60/s was reached, but 1 iterations were dropped for want of virtual users',
  },
  {
    title: 'is inconclusive when something else starves the generator',
    samples: { requests: 3300 },
    generator: { machineBusy: 0.99 },
    verdict: 'inconclusive',
    reason: /starved \(its machine was 99 % busy\)/,
  },
  {
    title: 'is inconclusive when the generator just stops sending',
    samples: { requests: 3300 },
    verdict: 'inconclusive',
    reason: 'rate 55/s instead of 60/s: the generator did not send it, though the store answered in time',
  },
  {
    title: 'fails the rate when slow answers hold users up',
    samples: { requests: 3300, latencyP95Ms: 900, droppedIterations: 200 },
    verdict: 'fail',
    reason: /^latency p95 900 ms/,
  },
  {
    title: 'never passes half the rate',
    samples: { requests: 1800 },
    verdict: 'inconclusive',
    reason: /latency p95: 1,800 samples of 3,600/,
  },
  // samples
  {
    title: 'is inconclusive when samples end half-way, though k6 says all is well',
    samples: { requests: 1800, lastAtMs: start + 30_000, ...browse({ iterations: 50 }) },
    verdict: 'inconclusive',
    reason: 'k6 ended well, but its samples are of 30 s of 60 s',
  },
  {
    title: 'is never green without samples',
    samples: nothing,
    verdict: 'inconclusive',
    reason: 'k6 sent no request, so nothing was measured',
  },
  {
    title: 'needs more than a handful of answers',
    wanted: { durationSeconds: 0.3 },
    samples: { requests: 19, lastAtMs: start + 300 },
    verdict: 'inconclusive',
    reason: 'latency p95: 19 samples are too few',
  },
  {
    title: 'misses a journey that never ran',
    samples: { journeys: { browse: goodJourney } },
    verdict: 'inconclusive',
    reason: 'checkout: no samples',
  },
  { title: 'passes 90 % of the expected iterations', samples: browse({ iterations: 90 }), verdict: 'pass' },
  {
    title: 'is inconclusive with fewer iterations than expected',
    samples: browse({ iterations: 89 }),
    verdict: 'inconclusive',
    reason: 'browse: 89 iterations of 100 expected',
  },
  {
    title: 'wants at least one check a journey',
    samples: browse({ checks: 0 }),
    verdict: 'inconclusive',
    reason: 'browse: no expectation was ever checked',
  },
  // journeys
  { title: 'passes one failed journey in a hundred', samples: browse({ failed: 1 }), verdict: 'pass' },
  {
    title: 'fails two failed journeys in a hundred',
    samples: browse({ failed: 2, firstFailure: 'status 201' }),
    verdict: 'fail',
    reason: 'browse: 2 of 100 failed (status 201), 2 % is over 1 %',
  },
  {
    title: 'takes one failure among few as no proof',
    wanted: { journeys: { browse: 10, checkout: 100 } },
    samples: browse({ iterations: 10, failed: 1 }),
    verdict: 'inconclusive',
    reason: 'browse: 1 of 10 failed: too few to tell whether that is over 1 %',
  },
  {
    title: 'fails a journey over its time',
    samples: browse({ p95Ms: 10_001 }),
    verdict: 'fail',
    reason: 'browse p95 10,001 ms is over 10,000 ms',
  },
  {
    title: 'is inconclusive for want of tokens',
    samples: browse({ unclear: 5 }),
    verdict: 'inconclusive',
    reason: 'browse: 5 of 100 told nothing of the store',
  },
  // how k6 ended
  {
    title: 'is inconclusive on exceptions that k6 exits 0 for',
    generator: { errorCount: 3, errorLines: ['Uncaught (in promise) Error: boom'] },
    verdict: 'inconclusive',
    reason: '3 exceptions in the load script, such as: Uncaught (in promise) Error: boom',
  },
  {
    title: 'is inconclusive when every iteration throws',
    samples: nothing,
    generator: { errorCount: 900, errorLines: ['TypeError: no'] },
    verdict: 'inconclusive',
    reason: /nothing was measured/,
  },
  {
    title: 'fails on a threshold that only k6 missed',
    generator: { exitCode: 99 },
    verdict: 'fail',
    reason: "k6 found a threshold of the script missed (exit code 99); see k6's summary",
  },
  {
    title: 'names its own reason before k6 99',
    generator: { exitCode: 99 },
    samples: { latencyP95Ms: 201 },
    verdict: 'fail',
    reason: /^latency p95 201 ms/,
  },
  {
    title: "doubts k6's own thresholds when the generator was starved",
    samples: { latencyP95Ms: 880 },
    generator: { exitCode: 99, machineBusy: 1 },
    verdict: 'inconclusive',
    reason: /but the generator was starved/,
  },
  {
    title: 'is inconclusive after an exception in setup',
    samples: nothing,
    generator: { exitCode: 107, errorLines: ['no token'] },
    verdict: 'inconclusive',
    reason: 'the script threw an exception: no token (after 0 s of 60 s)',
  },
  {
    title: 'is inconclusive after an abort',
    samples: nothing,
    generator: { exitCode: 108, errorLines: ['test aborted: no answer'] },
    verdict: 'inconclusive',
    reason: 'the script aborted the run: test aborted: no answer (after 0 s of 60 s)',
  },
  {
    title: 'is inconclusive on an unknown exit code',
    generator: { exitCode: 42 },
    verdict: 'inconclusive',
    reason: /^k6 ended with code 42/,
  },
  {
    title: 'is inconclusive when k6 is killed half-way',
    samples: { requests: 1800, lastAtMs: start + 30_000, ...browse({ iterations: 50 }) },
    generator: { exitCode: null, signal: 'SIGKILL' },
    verdict: 'inconclusive',
    reason: 'k6 was killed by SIGKILL (after 30 s of 60 s)',
  },
  {
    title: 'is inconclusive when k6 leaves no count of its own',
    generator: { iterations: undefined },
    verdict: 'inconclusive',
    reason: /^k6 left no count of its journeys/,
  },
  {
    title: 'is inconclusive when a person stops it',
    samples: { requests: 1800, lastAtMs: start + 30_000, ...browse({ iterations: 50 }) },
    generator: { exitCode: 105, interrupted: true },
    verdict: 'inconclusive',
    reason: 'interrupted before its end (after 30 s of 60 s)',
  },
  {
    title: 'puts failures before doubts',
    samples: { failed: 400 },
    generator: { exitCode: null, signal: 'SIGTERM' },
    verdict: 'fail',
    reason: /^errors 11.1 % are over 1 %/,
  },
];

describe('judging a load run', () => {
  it.each(rows)('$title', ({ verdict, reason, ...changes }) => {
    const judged = judge(observed(changes));
    expect(judged.reasons[0] ?? 'none').toEqual(
      reason === undefined ? (verdict === 'pass' ? 'none' : expect.any(String)) : matching(reason),
    );
    expect(judged.verdict).toBe(verdict);
    expect(loadVerdictSchema.parse(judged)).toEqual(judged);
    expect(exitCodeOf(judged.verdict)).toBe({ pass: 0, fail: 1, inconclusive: 2 }[verdict]);
  });

  it.each(rows)('gives each judgement its reason: $title', (row) => {
    const { judgements, reasons } = judge(observed(row));
    for (const judgement of judgements) {
      if (judgement.verdict === 'pass') expect(judgement).toHaveProperty('value');
      else expect(reasons).toContain(judgement.reason);
    }
  });

  it('says margin and source of each, whichever way its limit goes', () => {
    const { judgements } = judge(observed({ samples: { latencyP95Ms: 141 }, server: { series: [] } }));
    const of = (name: string) => judgements.find((judgement) => judgement.name === name);
    expect(of('latency p95')).toMatchObject({
      value: 141,
      limit: 200,
      margin: 59,
      source: 'k6; limit of the health thresholds, responseMs',
    });
    expect(of('rate reached')).toMatchObject({ value: 60, limit: 60, atLeast: true, margin: 0, source: 'k6' });
    expect(of('server metrics')).toMatchObject({ source: 'Azure Monitor', verdict: 'inconclusive' });
    expect(of('server metrics')).not.toHaveProperty('margin');
    expect(judge(observed({ samples: { latencyP95Ms: 231 } })).judgements).toContainEqual(
      expect.objectContaining({ name: 'latency p95', margin: -31, verdict: 'fail' }),
    );
  });

  it.each([
    [{}, thresholds.responseMs.degradedAt, 'k6; limit of the health thresholds, responseMs'],
    [{ latencyP95Ms: 350 }, 350, 'k6; limit of the environment, objectives.latencyP95Ms'],
  ])('takes its limit of latency from the health model unless the environment %j has one', (own, limit, source) => {
    const { latencyP95Ms: _, ...objectives } = loadEnvironment('local').objectives;
    const schema = environmentSchema.shape.objectives;
    const { latencyP95Ms } = schema.parse({ ...objectives, ...own });
    const { judgements } = judge(observed({ wanted: { latencyP95Ms }, samples: { latencyP95Ms: limit + 1 } }));
    expect(judgements).toContainEqual(
      expect.objectContaining({ name: 'latency p95', verdict: 'fail', limit, margin: -1, source }),
    );
  });

  it('judges a cut run by what it had time for', () => {
    const half = observed({
      samples: { requests: 1800, lastAtMs: start + 30_000 },
      generator: { signal: 'SIGKILL', exitCode: null },
    });
    const { judgements, rateReachedPerSecond } = judge(half);
    expect(rateReachedPerSecond).toBe(60);
    expect(judgements.filter((judgement) => judgement.verdict !== 'pass').map((judgement) => judgement.name)).toEqual(['run']);
  });
});

const matching = (reason: string | RegExp) => (typeof reason === 'string' ? reason : expect.stringMatching(reason));
