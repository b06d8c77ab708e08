import { expect, test } from 'vitest';
import { worstExit } from '../../scripts/exit-code.ts';
import { codesOf } from '../../scripts/round-codes.ts';

const whole = {
  period: 1,
  expected: 4,
  finished: 4,
  passed: 4,
  failed: 0,
  inconclusive: 0,
  firstAttemptFailures: 0,
  overruns: 0,
  missed: 0,
  longestDelayMs: 0,
  probeFault: false,
};

test.each([
  ['is whole', {}, 0],
  ['has a failure', { passed: 3, failed: 1 }, 1],
  ['has a result that says nothing', { passed: 3, inconclusive: 1 }, 2],
  ['has a check without a result', { passed: 3, finished: 3 }, 2],
  ['has no check', { passed: 0, finished: 0, expected: 0 }, 2],
  ['has a failure and a check without a result', { passed: 2, failed: 1, finished: 3 }, 1],
])('a round that %s ends with its code', (_, changes, code) => {
  expect(worstExit(codesOf({ ...whole, ...changes }))).toBe(code);
});
