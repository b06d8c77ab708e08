/** What the reporter looks for among a test's attachments; apart, so that it loads no runner for it. */
export const resultAttachment = 'availability-result';
export const evidenceAttachment = 'failing exchange';
