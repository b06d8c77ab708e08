import { writeFileSync } from 'node:fs';
import type { Reporter, TestCase, TestResult } from '@playwright/test/reporter';
import { readVariables } from '../fixtures/environments/variables.ts';
import { resultAttachment } from '../synthetics/runners/result-attachment.ts';

/** Leaves the result of the one journey that is replayed to the command that does it; publishes nothing. */
export default class ReplayReporter implements Reporter {
  printsToStdio(): boolean {
    return false;
  }

  onTestEnd(_: TestCase, { attachments }: TestResult): void {
    const body = attachments.find(({ name }) => name === resultAttachment)?.body;
    const { RESULTS_FILE: file } = readVariables();
    if (body && file) writeFileSync(file, body);
  }
}
