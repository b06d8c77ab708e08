import { describe, expect, test } from 'vitest';
import { loadEnvironment } from '../../fixtures/environments/load.ts';
import { targetsOf } from '../../fixtures/environments/targets.ts';
import { faultsOf } from '../../scripts/playwright-run.ts';
import type { AvailabilityResult } from '../../synthetics/result.ts';
import { checksOf } from '../../synthetics/runners/prepare.ts';
import { aResult } from '../support/results.ts';

const environment = loadEnvironment('local', {});
const whole = checksOf(environment, targetsOf(environment)).checks.map(({ journey, target }, index) =>
  aResult(index, { journey: journey.name, target }),
);
const withOne = (outcome: AvailabilityResult['outcome']) => whole.map((one, index) => (index === 7 ? { ...one, outcome } : one));
const unexplained = 'Playwright ended with 1, which no result explains';

describe('a round by Playwright', () => {
  test.each([
    { what: 'is whole', results: whole, code: 0, faults: [] },
    { what: 'has a failure, and says so', results: withOne('failed'), code: 1, faults: [] },
    { what: 'has a result that says nothing', results: withOne('inconclusive'), code: 1, faults: [] },
    { what: 'passed and yet failed', results: whole, code: 1, faults: [unexplained] },
    {
      what: 'was killed',
      results: withOne('failed'),
      code: 'SIGKILL',
      faults: ['Playwright ended with SIGKILL, which no result explains'],
    },
    {
      what: 'lost two results',
      results: whole.slice(2),
      code: 0,
      faults: ['2 of 40 results are missing: browse on westeurope, search on westeurope'],
    },
    {
      what: 'lost many and a reporter',
      results: whole.slice(30),
      code: 1,
      faults: [
        unexplained,
        expect.stringMatching(
          /^30 of 40 results are missing: browse on westeurope, .+, sign-in on westeurope, cart on westeurope and 25 more$/,
        ),
      ],
    },
  ])('that $what: $faults', ({ results, code, faults }) => {
    expect(faultsOf(environment, results, code)).toEqual(faults);
  });
});
