import { z } from 'zod';

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  /** Left out, for a reason that was said. */
  readonly skipped: number;
}

/** What we read of Vitest's JSON report. */
const vitestReport = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number().default(0),
  testResults: z.array(z.object({ status: z.string(), assertionResults: z.array(z.unknown()) })),
});

/** A test file that broke before its first test counts as a failure: it has no failed test to be counted by. */
export function countsOf(report: unknown): Counts {
  const { numPassedTests, numFailedTests, numPendingTests, testResults } = vitestReport.parse(report);
  const broken = testResults.filter(({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0);
  return { passed: numPassedTests, failed: numFailedTests + broken.length, skipped: numPendingTests };
}

/** What a run ends with; the last line is what CI reads, and always of one shape. */
export function closingLines({ passed, failed, skipped }: Counts): string[] {
  return [...(skipped > 0 ? [`${skipped} skipped`] : []), `${passed} passed, ${failed} failed`];
}
