import type { ShopReply } from './shopper.ts';

/** The same words as in result.ts, which journeys may not import. */
type Cause = 'dns' | 'connect' | 'tls' | 'timeout' | 'http' | 'throttled' | 'auth' | 'assertion' | 'probe';

export interface Failure {
  readonly step: string;
  readonly rule: string;
  readonly seen: string;
  readonly cause: Cause;
}

/** What can come instead of an answer. Every runner maps its client's errors to these, so that all say the same. */
export const troubles = {
  'not-resolved': { cause: 'dns', rule: 'the host name to resolve', seen: 'no address' },
  refused: { cause: 'connect', rule: 'a connection', seen: 'connection refused' },
  reset: { cause: 'connect', rule: 'an answer', seen: 'connection reset' },
  unreachable: { cause: 'connect', rule: 'a connection', seen: 'no route to the host' },
  untrusted: { cause: 'tls', rule: 'a TLS connection that can be trusted', seen: 'certificate or handshake refused' },
  timeout: { cause: 'timeout', rule: 'an answer in time', seen: 'none' },
  garbled: { cause: 'http', rule: 'an HTTP answer', seen: 'something else' },
  'too-large': { cause: 'assertion', rule: 'an answer of at most 4 MiB', seen: 'a larger one' },
  'no-token': { cause: 'auth', rule: 'a token to sign in with', seen: 'none' },
  unknown: { cause: 'probe', rule: 'a request that can be sent', seen: 'an unknown error' },
} as const satisfies Record<string, { cause: Cause; rule: string; seen: string }>;

export type Trouble = keyof typeof troubles;

/** Bodies above it end the request: an answer is read into memory. */
export const bodyLimitBytes = 4 * 1024 * 1024;

/** Thrown by a transport instead of an answer. */
export class RequestFailed extends Error {
  override readonly name = 'RequestFailed';
  readonly trouble: Trouble;
  /** Milliseconds from sending; absent where nothing was sent. */
  readonly afterMs: number | undefined;
  /** Replaces the trouble's own words where more is known; never holds a secret. */
  readonly detail: string | undefined;

  constructor(trouble: Trouble, about: { afterMs?: number; detail?: string; cause?: unknown } = {}) {
    super(`expected ${troubles[trouble].rule}, got ${about.detail ?? troubles[trouble].seen}`, { cause: about.cause });
    this.trouble = trouble;
    this.afterMs = about.afterMs;
    this.detail = about.detail;
  }
}

/** A rule that didn't hold: ends the step and the journey. */
export class RuleBroken extends Error {
  override readonly name = 'RuleBroken';
  readonly rule: string;
  readonly seen: string;
  readonly causedBy: Cause | undefined;

  /** Without a cause it follows from the last answer's status. */
  constructor(rule: string, seen: unknown, causedBy?: Cause) {
    super(`expected ${rule}, got ${describe(seen)}`);
    this.rule = rule;
    this.seen = describe(seen);
    this.causedBy = causedBy;
  }
}

const longestSeen = 200;

/** A value as a person reads it, in one line and not longer than 200 characters. */
export function describe(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  const line = text.replace(/\s+/g, ' ');
  return line.length > longestSeen ? `${line.slice(0, longestSeen - 1)}…` : line;
}

function causeOf(status: number | undefined): Cause {
  if (status === 429) return 'throttled';
  return status !== undefined && status >= 400 ? 'http' : 'assertion';
}

/** Tells what went wrong in a step from what was thrown there. */
export function failureOf(thrown: unknown, step: string, last: Pick<ShopReply, 'status'> | undefined): Failure {
  if (thrown instanceof RuleBroken) {
    return { step, rule: thrown.rule, seen: thrown.seen, cause: thrown.causedBy ?? causeOf(last?.status) };
  }
  if (thrown instanceof RequestFailed) {
    const { rule, seen, cause } = troubles[thrown.trouble];
    const after = thrown.afterMs === undefined ? '' : ` after ${Math.round(thrown.afterMs)} ms`;
    return { step, rule, seen: `${thrown.detail ?? seen}${after}`, cause };
  }
  const seen = describe(thrown instanceof Error ? thrown.message : thrown);
  return { step, rule: 'an answer that the journey understands', seen, cause: 'assertion' };
}
