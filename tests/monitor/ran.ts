import type { Ran } from '../../synthetics/monitor/attempts.ts';
import type { AvailabilityResult, Cause } from '../../synthetics/result.ts';
import { aResult } from '../support/results.ts';

export const failureOf = (cause: Cause) => ({ step: 'pay', rule: 'status 201', seen: `a fault of ${cause}`, cause }) as const;

export function failedResult(number: number, cause: Cause, changes: Partial<AvailabilityResult> = {}): AvailabilityResult {
  const failure = failureOf(cause);
  const { startedAt, durationMs, steps } = aResult(number);
  const isAnswered = cause === 'http' || cause === 'assertion' || cause === 'throttled';
  const { outcome = 'failed' } = changes;
  const attempts: AvailabilityResult['attempts'] = [{ startedAt, durationMs, outcome, failure }];
  return aResult(number, { outcome, failure, attempts, steps: isAnswered ? steps : [], ...changes });
}

export const passed = (number: number): Ran => ({ result: aResult(number), answered: true });
export const failed = (number: number, cause: Cause, answered = false): Ran => ({
  result: failedResult(number, cause),
  answered,
});
