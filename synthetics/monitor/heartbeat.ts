import type { Environment } from '../../fixtures/environments/schema.ts';
import { resultOfOne } from '../one-attempt.ts';
import { type AvailabilityResult, heartbeatName } from '../result.ts';
import type { RoundSummary } from './round.ts';

/**
 * One result a location and round, published like all others: Azure alerts on its absence. It passes when the round was run
 * as planned and could say something; what it says of the store is in the other results.
 */
export function heartbeat(
  environment: Environment,
  round: RoundSummary,
  periodMs: number,
  endedAtMs: number,
): AvailabilityResult {
  const startMs = round.period * periodMs;
  const gaps = round.overruns + round.missed;
  // A check that broke was started, and has said nothing.
  const broken = Math.max(0, round.expected - round.finished - gaps);
  const seen = `${round.missed} missed, ${round.overruns} still running from before, ${broken} without a result`;
  const isWhole = gaps + broken === 0;
  const failure = isWhole ? undefined : ({ step: 'round', rule: 'a result of every check', seen, cause: 'probe' } as const);
  const outcome = failure || round.probeFault ? 'inconclusive' : 'passed';
  const durationMs = Math.max(0, endedAtMs - startMs);
  const counts = `${round.passed} passed, ${round.failed} failed, ${round.inconclusive} inconclusive of ${round.expected}`;
  const target = { kind: 'location', name: environment.location, endpoint: '' } as const;
  const warnings = [counts];
  return resultOfOne(environment, { journey: heartbeatName, target, startMs, durationMs, outcome, failure, warnings });
}
