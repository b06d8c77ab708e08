import { writeFileSync } from 'node:fs';
import type { Reporter, TestCase, TestResult } from '@playwright/test/reporter';
import { readVariables } from '../fixtures/environments/variables.ts';
import { attached, resultAttachment } from '../synthetics/runners/result-attachment.ts';

/** Leaves the result of the one journey that is replayed to the command that does it; publishes nothing. */
export default class ReplayReporter implements Reporter {
  printsToStdio(): boolean {
    return false;
  }

  onTestEnd(_: TestCase, ended: TestResult): void {
    const result = attached(ended, resultAttachment);
    const { RESULTS_FILE: file } = readVariables();
    if (result !== undefined && file) writeFileSync(file, JSON.stringify(result));
  }
}
