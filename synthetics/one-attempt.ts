import { randomBytes } from 'node:crypto';
import type { Environment } from '../fixtures/environments/schema.ts';
import type { AvailabilityResult, Failure, Outcome } from './result.ts';

interface OneAttempt {
  /** Default: new ones, of what nobody else has named. */
  readonly ids?: { readonly id: string; readonly traceId: string };
  readonly journey: string;
  /** What is sent to it, such as headers, stays out of the result. */
  readonly target: AvailabilityResult['target'] & { readonly headers?: unknown };
  readonly startMs: number;
  readonly durationMs: number;
  readonly outcome: Outcome;
  readonly failure?: Failure | undefined;
  readonly steps?: AvailabilityResult['steps'];
  readonly warnings?: string[];
}

const newIds = () => ({ id: randomBytes(8).toString('hex'), traceId: randomBytes(16).toString('hex') });

/** The record of what was tried once, from the location of its environment. */
export function resultOfOne({ name, location }: Environment, attempt: OneAttempt): AvailabilityResult {
  const { ids = newIds(), journey, startMs, durationMs, outcome, failure, steps = [], warnings = [] } = attempt;
  const { headers: _, ...target } = attempt.target;
  const startedAt = new Date(startMs).toISOString();
  return {
    id: ids.id,
    traceId: ids.traceId,
    environment: name,
    journey,
    target,
    location,
    startedAt,
    durationMs,
    outcome,
    attempts: [{ startedAt, durationMs, outcome, ...(failure && { failure }) }],
    ...(failure && { failure }),
    steps,
    warnings,
  };
}
