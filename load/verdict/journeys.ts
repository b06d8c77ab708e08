import type { Attribution } from './attribution.ts';
import { type JourneySamples, type RunObservation, sentSeconds } from './observation.ts';
import { count, ms, percent } from './units.ts';
import type { Judgement } from './verdict.ts';

/** Fewer iterations of a journey than this share of what its weight says: something kept it from running. */
const expectedShare = 0.9;

/** Two judgements a journey of the mix: did it work, and did it end in time. */
export function judgeJourneys(run: RunObservation, { failed }: Attribution): Judgement[] {
  const { wanted, samples } = run;
  const all = Object.values(samples.journeys);
  const broken = all.reduce((sum, journey) => sum + journey.failed, 0);
  const allowed = (all.reduce((sum, { iterations }) => sum + iterations, 0) * wanted.errorPercent) / 100;
  // A request that the generator lost breaks one journey at most: those beyond it the store broke.
  const isGenerators = failed.generator > 0 && broken - failed.generator <= allowed;
  const own = (judgement: Judgement): Judgement =>
    isGenerators && judgement.verdict === 'fail'
      ? {
          ...judgement,
          verdict: 'inconclusive',
          reason: `${judgement.reason}, but the generator lost ${count(failed.generator)} requests itself`,
        }
      : judgement;
  return Object.entries(wanted.journeys).flatMap(([name, iterations]) => {
    const seen = samples.journeys[name] ?? nothing;
    // A run that was cut short is judged by what it had time for; that it was, another judgement says.
    const expected = (iterations * sentSeconds(run)) / wanted.durationSeconds;
    return [own(judgeOutcome(name, seen, expected, wanted.errorPercent)), judgeTime(name, seen, wanted.journeyMs)];
  });
}

const nothing: JourneySamples = { iterations: 0, failed: 0, unclear: 0, exceptions: 0, checks: 0, failedChecks: 0 };

function judgeOutcome(name: string, seen: JourneySamples, expected: number, errorPercent: number): Judgement {
  const base = { name, limit: errorPercent, unit: '%', samples: seen.iterations };
  const unclear = (reason: string, value?: number): Judgement => ({
    ...base,
    ...(value === undefined ? {} : { value }),
    verdict: 'inconclusive',
    reason: `${name}: ${reason}`,
  });
  if (seen.iterations === 0) return unclear('no samples');
  const value = (seen.failed / seen.iterations) * 100;
  const allowed = (seen.iterations * errorPercent) / 100;
  const failures = `${count(seen.failed)} of ${count(seen.iterations)} failed${seen.firstFailure ? ` (${seen.firstFailure})` : ''}`;
  // One failure among fewer than 100 is no proof that more than 1 % fail; two are taken as such.
  if (seen.failed > Math.ceil(allowed))
    return {
      ...base,
      value,
      verdict: 'fail',
      reason: `${name}: ${failures}, ${percent(value)} is over ${percent(errorPercent)}`,
    };
  if (seen.failed > allowed) return unclear(`${failures}: too few to tell whether that is over ${percent(errorPercent)}`, value);
  const lost = seen.unclear + seen.exceptions;
  if (lost > allowed) return unclear(`${count(lost)} of ${count(seen.iterations)} told nothing of the store`, value);
  if (seen.iterations < Math.floor(expected * expectedShare))
    return unclear(`${count(seen.iterations)} iterations of ${count(expected)} expected`, value);
  if (seen.checks === 0) return unclear('no expectation was ever checked', value);
  return { ...base, value, verdict: 'pass' };
}

function judgeTime(name: string, seen: JourneySamples, journeyMs: number): Judgement {
  const base = { name: `${name} p95`, limit: journeyMs, unit: 'ms', samples: seen.iterations - seen.failed };
  if (seen.p95Ms === undefined) return { ...base, verdict: 'inconclusive', reason: `${name} p95: no journey ended well` };
  if (seen.p95Ms <= journeyMs) return { ...base, value: seen.p95Ms, verdict: 'pass' };
  return { ...base, value: seen.p95Ms, verdict: 'fail', reason: `${name} p95 ${ms(seen.p95Ms)} is over ${ms(journeyMs)}` };
}
