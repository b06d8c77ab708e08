import http from 'node:http';
import https from 'node:https';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import type { Environment } from '../../fixtures/environments/schema.ts';
import type { Variables } from '../../fixtures/environments/variables.ts';
import { describe, RequestFailed } from '../journeys/failures.ts';

type Auth = Environment['auth'];

export interface TokenSource {
  /** `fresh`: not the held one. Throws RequestFailed('no-token'): not having one says nothing about the store. */
  token(fresh: boolean): Promise<string>;
}

/** Renewed this long before it expires, so that no request carries a token that expires on its way. */
const renewBeforeMs = 60_000;
const limitMs = 5_000;

interface Held {
  readonly value: string;
  readonly expiresAtMs: number;
}

// Azure's managed identity endpoints give seconds as text, App Service's the end (epoch) alone; OpenID providers a number.
const answerSchema = z.object({
  access_token: z.string().min(1),
  expires_in: z.coerce.number().positive().default(300),
  expires_on: z.coerce.number().positive().optional(),
});

/** Holds one token for all journeys of a process; several that ask at once wait for the same answer. */
export function tokenSource(auth: Auth, variables: Variables, now: () => number = Date.now): TokenSource {
  let held: Held | undefined;
  let pending: Promise<Held> | undefined;
  if (auth.kind === 'variable') return { token: () => Promise.resolve(auth.token) };
  const renew = () => {
    pending ??= fetchToken(auth, variables, now).finally(() => {
      pending = undefined;
    });
    return pending;
  };
  return {
    async token(fresh) {
      if (fresh) return (await fetchToken(auth, variables, now)).value;
      if (!held || held.expiresAtMs - now() < renewBeforeMs) held = await renew();
      return held.value;
    },
  };
}

interface TokenRequest {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly headers: Record<string, string>;
  readonly body?: string;
}

const form = (fields: Record<string, string>) => new URLSearchParams(fields).toString();

function clientSecret(auth: Extract<Auth, { kind: 'client-secret' }>): TokenRequest {
  const { tokenEndpoint, clientId, clientSecret: secret, scope } = auth;
  return {
    url: tokenEndpoint,
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: form({ grant_type: 'client_credentials', client_id: clientId, client_secret: secret, scope }),
  };
}

/** App Service's and Functions' own endpoint where there is one, else that of virtual machines. */
function managedIdentity(auth: Extract<Auth, { kind: 'managed-identity' }>, variables: Variables): TokenRequest {
  const asked = { resource: auth.resource, ...(auth.clientId !== undefined && { client_id: auth.clientId }) };
  const { IDENTITY_ENDPOINT: endpoint, IDENTITY_HEADER: secret } = variables;
  if (endpoint && secret)
    return {
      url: `${endpoint}?${form({ 'api-version': '2019-08-01', ...asked })}`,
      method: 'GET',
      headers: { 'x-identity-header': secret },
    };
  const query = form({ 'api-version': '2018-02-01', ...asked });
  return { url: `http://169.254.169.254/metadata/identity/oauth2/token?${query}`, method: 'GET', headers: { metadata: 'true' } };
}

/** By Node's own client: to load another one takes fifty times as long as the few tokens of a round. Follows no redirect. */
function exchange({ url, body, ...rest }: TokenRequest): Promise<{ readonly status: number | undefined; readonly body: string }> {
  const { request } = url.startsWith('https:') ? https : http;
  return new Promise((resolve, reject) => {
    const sent = request(url, { ...rest, signal: AbortSignal.timeout(limitMs) }, (reply) => {
      text(reply).then((answer) => resolve({ status: reply.statusCode, body: answer }), reject);
    });
    sent.on('error', reject).end(body);
  });
}

async function fetchToken(auth: Exclude<Auth, { kind: 'variable' }>, variables: Variables, now: () => number): Promise<Held> {
  const asked = auth.kind === 'client-secret' ? clientSecret(auth) : managedIdentity(auth, variables);
  const { host } = new URL(asked.url);
  const startedMs = now();
  try {
    const { status, body } = await exchange(asked);
    // The body isn't repeated: it may hold what must not be logged.
    if (status !== 200) throw new RequestFailed('no-token', { detail: `status ${status} from ${host}` });
    const { access_token, expires_in, expires_on } = answerSchema.parse(JSON.parse(body));
    return { value: access_token, expiresAtMs: expires_on === undefined ? startedMs + expires_in * 1_000 : expires_on * 1_000 };
  } catch (cause) {
    if (cause instanceof RequestFailed) throw cause;
    const why =
      cause instanceof Error && 'code' in cause ? String(cause.code) : cause instanceof Error ? cause.name : describe(cause);
    throw new RequestFailed('no-token', { detail: `${why} from ${host}`, cause });
  }
}
