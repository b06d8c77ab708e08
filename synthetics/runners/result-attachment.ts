import type { TestResult } from '@playwright/test/reporter';

/** What the reporter looks for among a test's attachments; apart, so that it loads no runner for it. */
export const resultAttachment = 'availability-result';
export const evidenceAttachment = 'failing exchange';

/** What a test attached under a name, as JSON; undefined: nothing. */
export function attached({ attachments }: Pick<TestResult, 'attachments'>, wanted: string): unknown {
  const body = attachments.find(({ name }) => name === wanted)?.body;
  return body && JSON.parse(body.toString('utf8'));
}
