import { describe, expect, it } from 'vitest';
import { closingLines, countsOf } from '../../scripts/counts.ts';

const file = (status: string, tests = 1) => ({ status, assertionResults: Array.from({ length: tests }, () => ({})) });
const report = (numPassedTests: number, numFailedTests: number, testResults: object[], numPendingTests = 0) => ({
  numPassedTests,
  numFailedTests,
  numPendingTests,
  testResults,
});

describe('counts of a test run', () => {
  it.each([
    ['nothing', report(0, 0, []), { passed: 0, failed: 0, skipped: 0 }],
    ['passed tests', report(3, 0, [file('passed', 3)]), { passed: 3, failed: 0, skipped: 0 }],
    ['failed tests once', report(1, 2, [file('failed', 3)]), { passed: 1, failed: 2, skipped: 0 }],
    [
      'a file that broke before its tests',
      report(1, 0, [file('passed'), file('failed', 0)]),
      { passed: 1, failed: 1, skipped: 0 },
    ],
    ['tests that were left out', report(1, 0, [file('passed', 3)], 2), { passed: 1, failed: 0, skipped: 2 }],
  ])('have %s', (_, given, counts) => expect(countsOf(given)).toEqual(counts));

  it.each([[{}], [{ numPassedTests: '3' }], [null]])('refuse %j, which is no report', (given) => {
    expect(() => countsOf(given)).toThrow();
  });

  it('end with the line that CI reads', () => {
    expect(closingLines({ passed: 12, failed: 1, skipped: 0 })).toEqual(['12 passed, 1 failed']);
    expect(closingLines({ passed: 12, failed: 0, skipped: 2 })).toEqual(['2 skipped', '12 passed, 0 failed']);
  });
});
