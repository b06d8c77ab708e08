import { randomBytes } from 'node:crypto';
import type { Environment } from '../../fixtures/environments/schema.ts';
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
  const startedAt = new Date(startMs).toISOString();
  const gaps = round.overruns + round.missed;
  // A check that broke was started, and has said nothing.
  const broken = Math.max(0, round.expected - round.finished - gaps);
  const seen = `${round.missed} missed, ${round.overruns} still running from before, ${broken} without a result`;
  const isWhole = gaps + broken === 0;
  const failure = isWhole ? undefined : ({ step: 'round', rule: 'a result of every check', seen, cause: 'probe' } as const);
  const outcome = failure || round.probeFault ? 'inconclusive' : 'passed';
  const durationMs = Math.max(0, endedAtMs - startMs);
  const counts = `${round.passed} passed, ${round.failed} failed, ${round.inconclusive} inconclusive of ${round.expected}`;
  return {
    id: randomBytes(8).toString('hex'),
    traceId: randomBytes(16).toString('hex'),
    environment: environment.name,
    journey: heartbeatName,
    target: { kind: 'location', name: environment.location, endpoint: '' },
    location: environment.location,
    startedAt,
    durationMs,
    outcome,
    attempts: [{ startedAt, durationMs, outcome, ...(failure && { failure }) }],
    ...(failure && { failure }),
    steps: [],
    warnings: [counts],
  };
}
