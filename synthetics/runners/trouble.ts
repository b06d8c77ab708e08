import { describe, RequestFailed, type Trouble } from '../journeys/failures.ts';

/** What Node's and Playwright's errors say, in code or message. The first that matches tells the trouble. */
const signs: readonly (readonly [RegExp, Trouble])[] = [
  [/ENOTFOUND|EAI_AGAIN|EAI_FAIL/, 'not-resolved'],
  [/ECONNREFUSED/, 'refused'],
  [/EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL/, 'unreachable'],
  [/ETIMEDOUT|UND_ERR_(CONNECT|HEADERS|BODY)_TIMEOUT|UND_ERR_ABORTED|AbortError|[Tt]imed out|Timeout/, 'timeout'],
  // A handshake that is broken off reads "socket disconnected before secure TLS connection": the network, not trust.
  [/ECONNRESET|EPIPE|UND_ERR_SOCKET|socket hang up|other side closed|\baborted\b/, 'reset'],
  [/certificate|CERT_|DEPTH_ZERO|UNABLE_TO_|SELF_SIGNED|ERR_TLS|ERR_SSL|EPROTO/, 'untrusted'],
  [/HPE_|HTTPParserError|Parse Error|HEADERS_OVERFLOW|RES_CONTENT_LENGTH|failed to decompress/, 'garbled'],
];

/** Says what a client's error means for the request that it ended. */
export function requestFailed(error: unknown, afterMs: number): RequestFailed {
  if (error instanceof RequestFailed) return error;
  const text = textOf(error);
  const trouble = signs.find(([sign]) => sign.test(text))?.[1] ?? 'unknown';
  // Only for the unknown: the words of the others must not depend on the client.
  const detail = trouble === 'unknown' ? { detail: text.slice(0, 200) } : {};
  return new RequestFailed(trouble, { afterMs, ...detail, cause: error });
}

/** What an error is called, by its code where it has one that means something; its message may hold what must not be said. */
export function wordOf(error: unknown): string {
  if (!(error instanceof Error)) return describe(error);
  // Its code is 23, by a list of the DOM that nobody knows; Node's HTTP client calls the same an abort.
  if (error.name === 'TimeoutError' || error.name === 'AbortError') return 'no answer in time';
  return 'code' in error ? String(error.code) : error.name;
}

/** Codes and messages of an error and of what caused it. */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? `${String(error.code)} ` : '';
  const inner = error instanceof AggregateError ? error.errors.map(textOf).join(' ') : '';
  const cause = error.cause === undefined ? '' : ` ${textOf(error.cause)}`;
  return `${code}${error.name} ${error.message} ${inner}${cause}`.replace(/ +/g, ' ').trim();
}
