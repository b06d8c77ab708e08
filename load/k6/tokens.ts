import http from 'k6/http';
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
  switch (auth.kind) {
    case 'variable':
      return { value: auth.token, expiresAtMs: Number.POSITIVE_INFINITY };
    case 'client-secret':
      return byClientSecret(auth);
    case 'managed-identity':
      throw new Error('k6 has no managed identity: fetch the token outside and use auth.kind "variable"');
  }
}

function byClientSecret(auth: Extract<LoadEnvironment['auth'], { kind: 'client-secret' }>): Token {
  const form = {
    grant_type: 'client_credentials',
    client_id: auth.clientId,
    client_secret: auth.clientSecret,
    scope: auth.scope,
  };
  // Tagged apart, so that neither latency nor errors of the store include the issuer's.
  const reply = http.post(auth.tokenEndpoint, form, { tags: { scenario: 'token', name: 'POST token' } });
  if (reply.status !== 200) throw new Error(`no token from ${auth.tokenEndpoint}: ${reply.error || `status ${reply.status}`}`);
  const body = reply.json() as { access_token: string; expires_in?: number };
  return { value: body.access_token, expiresAtMs: Date.now() + (body.expires_in ?? Number.POSITIVE_INFINITY) * 1000 };
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
