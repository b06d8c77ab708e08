import { describe, expect, test } from 'vitest';
import { type RunAttempt, runCheck } from '../../synthetics/monitor/attempts.ts';
import type { AvailabilityResult, Outcome } from '../../synthetics/result.ts';
import { aResult } from '../support/results.ts';
import { checks, environmentWith } from './checks.ts';
import { SimulatedClock } from './clock.ts';
import { failedResult } from './ran.ts';

const start = Date.UTC(2026, 10, 23, 12);

interface Attempt {
  readonly outcome: 'passed' | 'failed' | 'inconclusive';
  readonly takesMs?: number;
}

/** Runs a check whose attempts end as told, on a clock that is passed at the same time. */
async function checked(attempts: readonly Attempt[], retries: { count: number; spacingMs: number }) {
  const clock = new SimulatedClock(start);
  const starts: { atMs: number; limitMs: number }[] = [];
  const run: RunAttempt = async ({ environment }, keep) => {
    const { outcome, takesMs = 100 } = attempts[starts.length] ?? { outcome: 'passed' };
    const number = starts.push({ atMs: clock.now() - start, limitMs: environment.budgets.journeyMs });
    await new Promise<void>((resolve) => void clock.after(takesMs, resolve));
    if (outcome === 'passed') return at(aResult(number), start + (starts.at(-1)?.atMs ?? 0));
    keep({ request: { method: 'GET', url: `https://attempt/${number}`, headers: {} } });
    const cause = outcome === 'failed' ? 'http' : 'auth';
    return at(failedResult(number, cause, { outcome }), start + (starts.at(-1)?.atMs ?? 0));
  };
  const [check] = checks();
  if (!check) throw new Error('no check');
  const environment = environmentWith({ retries });
  const ran = runCheck({ environment, check, shopperId: 's', tokens: { token: () => Promise.resolve('') }, clock }, run);
  await clock.pass(60_000);
  return { ...(await ran), starts };
}

const at = (result: AvailabilityResult, ms: number): AvailabilityResult => ({ ...result, startedAt: new Date(ms).toISOString() });
const outcomes = (result: AvailabilityResult): Outcome[] => result.attempts.map(({ outcome }) => outcome);

describe('attempts', () => {
  test.each<{ what: string; attempts: Attempt[]; count: number; outcome: Outcome; made: number }>([
    { what: 'passes at once', attempts: [{ outcome: 'passed' }], count: 2, outcome: 'passed', made: 1 },
    { what: 'passes on retry', attempts: [{ outcome: 'failed' }, { outcome: 'passed' }], count: 1, outcome: 'passed', made: 2 },
    { what: 'fails each time', attempts: [{ outcome: 'failed' }, { outcome: 'failed' }], count: 1, outcome: 'failed', made: 2 },
    { what: 'is not retried when off', attempts: [{ outcome: 'failed' }], count: 0, outcome: 'failed', made: 1 },
    {
      what: 'uses all of three retries',
      attempts: [{ outcome: 'failed' }, { outcome: 'failed' }, { outcome: 'failed' }, { outcome: 'passed' }],
      count: 3,
      outcome: 'passed',
      made: 4,
    },
    {
      what: 'is retried without a token',
      attempts: [{ outcome: 'inconclusive' }, { outcome: 'passed' }],
      count: 1,
      outcome: 'passed',
      made: 2,
    },
  ])('$what', async ({ attempts, count, outcome, made }) => {
    const { result, starts } = await checked(attempts, { count, spacingMs: 1_000 });
    expect(result.outcome).toBe(outcome);
    expect(starts).toHaveLength(made);
    expect(outcomes(result)).toEqual(attempts.slice(0, made).map((attempt) => attempt.outcome));
  });

  test('keeps the first cause, every trace, and the time of the first', async () => {
    const { result, evidence } = await checked([{ outcome: 'failed' }, { outcome: 'passed' }], { count: 1, spacingMs: 1_000 });
    expect(result.attempts[0]?.failure?.cause).toBe('http');
    expect(result.failure).toBeUndefined();
    expect(new Set(result.attempts.map(({ traceId }) => traceId)).size).toBe(2);
    expect(result.traceId).toBe(result.attempts[1]?.traceId);
    expect(result.startedAt).toBe(new Date(start).toISOString());
    expect(result.warnings.at(-1)).toMatch(/^attempt 2 passed; the first: checkout › pay \(westeurope\): expected status 201/);
    expect(evidence?.request.url).toBe('https://attempt/1');
  });

  test('spaces attempts as told, and shares one time limit among them', async () => {
    const { starts } = await checked([{ outcome: 'failed' }, { outcome: 'failed' }], { count: 1, spacingMs: 2_000 });
    expect(starts).toEqual([
      { atMs: 0, limitMs: 10_000 },
      { atMs: 2_100, limitMs: 7_900 },
    ]);
  });

  test.each([
    { takesMs: 6_499, made: 2 },
    { takesMs: 6_501, made: 1 },
    { takesMs: 10_000, made: 1 },
  ])('makes $made attempts when the first takes $takesMs ms', async ({ takesMs, made }) => {
    const { starts } = await checked([{ outcome: 'failed', takesMs }], { count: 1, spacingMs: 1_000 });
    expect(starts).toHaveLength(made);
  });

  test('knows whether anything answered in any attempt', async () => {
    expect((await checked([{ outcome: 'failed' }, { outcome: 'inconclusive' }], { count: 1, spacingMs: 0 })).answered).toBe(true);
    expect((await checked([{ outcome: 'inconclusive' }], { count: 0, spacingMs: 0 })).answered).toBe(false);
  });
});
