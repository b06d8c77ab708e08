import http from 'k6/http';
import { tokenRequest } from '../../synthetics/journeys/token-request.ts';
import type { LoadEnvironment } from './environment.ts';

export interface Token {
  readonly value: string;
  /** Milliseconds since the epoch; Infinity where the issuer doesn't say. */
  readonly expiresAtMs: number;
}

/** Renewed this long before it expires, so that no request carries a token that expires on its way. */
const renewBeforeMs = 60_000;

/** A token of the environment's provider. Throws where there is none: a store without a token tells nothing about the store. */
export function fetchToken(auth: LoadEnvironment['auth']): Token {
  if (auth.kind === 'variable') return { value: auth.token, expiresAtMs: Number.POSITIVE_INFINITY };
  const { url, method, headers, body } = tokenRequest(auth, __ENV);
  const [endpoint] = url.split('?');
  // Tagged apart, so that neither latency nor errors of the store include the issuer's.
  const reply = http.request(method, url, body ?? null, { headers, tags: { scenario: 'token', name: `${method} token` } });
  if (reply.status !== 200) throw new Error(`no token from ${endpoint}: ${reply.error || `status ${reply.status}`}`);
  // Azure's managed identity endpoints give seconds as text, App Service's the end (epoch) alone.
  const answer = reply.json() as { access_token: string; expires_in?: number | string; expires_on?: number | string };
  const seconds = Number(answer.expires_in ?? Number.POSITIVE_INFINITY);
  const expiresAtMs = answer.expires_on === undefined ? Date.now() + seconds * 1000 : Number(answer.expires_on) * 1000;
  return { value: answer.access_token, expiresAtMs };
}

/** Holds a virtual user's token: the one from setup until it is about to expire, then its own. */
export function tokenHolder(auth: LoadEnvironment['auth']): (fromSetup: Token) => Token {
  let own: Token | undefined;
  return (fromSetup) => {
    const held = own ?? fromSetup;
    // k6 passes setup's data as JSON, in which Infinity becomes null.
    if (held.expiresAtMs === null || held.expiresAtMs - renewBeforeMs > Date.now()) return held;
    own = fetchToken(auth);
    return own;
  };
}
