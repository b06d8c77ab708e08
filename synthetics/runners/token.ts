import http from 'node:http';
import https from 'node:https';
import { text } from 'node:stream/consumers';
import type { Environment } from '../../fixtures/environments/schema.ts';
import type { Variables } from '../../fixtures/environments/variables.ts';
import { RequestFailed } from '../journeys/failures.ts';
import { type TokenRequest, tokenRequest } from '../journeys/token-request.ts';
import { wordOf } from './trouble.ts';

type Auth = Environment['auth'];

export interface TokenSource {
  /** `fresh`: not the held one. Throws RequestFailed('no-token'): not having one says nothing about the store. */
  token(fresh: boolean): Promise<string>;
  /** The store refused this one, whatever its time says: a held one is asked for anew. */
  refused?(token: string): void;
}

/** Renewed this long before it expires, so that no request carries a token that expires on its way. */
const renewBeforeMs = 60_000;
const limitMs = 5_000;

interface Held {
  readonly value: string;
  readonly expiresAtMs: number;
}

/** Where an answer doesn't say. */
const defaultSeconds = 300;

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
    refused(token) {
      if (held?.value === token) held = undefined;
    },
  };
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
  const asked = tokenRequest(auth, variables);
  const { host } = new URL(asked.url);
  const startedMs = now();
  try {
    const { status, body } = await exchange(asked);
    // The body isn't repeated: it may hold what must not be logged.
    if (status !== 200) throw new RequestFailed('no-token', { detail: `status ${status} from ${host}` });
    const answer = heldIn(body, startedMs);
    if (!answer) throw new RequestFailed('no-token', { detail: `an answer without a token from ${host}` });
    return answer;
  } catch (cause) {
    if (cause instanceof RequestFailed) throw cause;
    throw new RequestFailed('no-token', { detail: `${wordOf(cause)} from ${host}`, cause });
  }
}

/**
 * Azure's managed identity endpoints give seconds as text, App Service's the end (epoch) alone; OpenID providers a number.
 * Undefined where there is no token that is valid for a while. By hand: a Playwright worker would load zod for this alone.
 */
function heldIn(text: string, askedMs: number): Held | undefined {
  const answer = jsonOf(text);
  if (typeof answer !== 'object' || answer === null) return undefined;
  const { access_token: value, expires_in: lasts = defaultSeconds, expires_on: end } = answer as Record<string, unknown>;
  const [seconds, fromMs] = end === undefined ? [Number(lasts), askedMs] : [Number(end), 0];
  if (typeof value !== 'string' || value === '' || !(seconds > 0 && Number.isFinite(seconds))) return undefined;
  return { value, expiresAtMs: fromMs + seconds * 1_000 };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
