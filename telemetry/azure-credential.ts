import type { AccessToken, TokenCredential } from '@azure/core-auth';
import { request } from 'undici';
import { z } from 'zod';

/** A client of an OpenID provider such as the local store's, whose token endpoint takes any scope the client may have. */
interface ClientSecret {
  readonly tokenEndpoint: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

const answerSchema = z.object({ access_token: z.string().min(1), expires_in: z.coerce.number().positive() });
const limitMs = 5_000;
/** Renewed this long before it expires, so that no request carries a token that expires on its way. */
const renewBeforeMs = 60_000;

class CredentialError extends Error {
  override readonly name = 'CredentialError';
}

/** Tokens by client credentials, one held for each scope. For the local store; on Azure, `azureCredential`. */
export function clientCredential(client: ClientSecret, now: () => number = Date.now): TokenCredential {
  const held = new Map<string, AccessToken>();
  return {
    async getToken(scopes) {
      const scope = [scopes].flat().join(' ');
      const known = held.get(scope);
      if (known && known.expiresOnTimestamp - now() > renewBeforeMs) return known;
      const fetched = await fetchToken(client, scope, now());
      held.set(scope, fetched);
      return fetched;
    },
  };
}

async function fetchToken(
  { tokenEndpoint, clientId, clientSecret }: ClientSecret,
  scope: string,
  now: number,
): Promise<AccessToken> {
  const form = { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret, scope };
  const { statusCode, body } = await request(tokenEndpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(form).toString(),
    signal: AbortSignal.timeout(limitMs),
  });
  const text = await body.text();
  // The body isn't repeated: it may hold what must not be logged.
  if (statusCode !== 200) throw new CredentialError(`${new URL(tokenEndpoint).host} answered ${statusCode} for scope ${scope}`);
  const { access_token: token, expires_in: seconds } = answerSchema.parse(JSON.parse(text));
  return { token, expiresOnTimestamp: now + seconds * 1_000 };
}

/** Environment variables, workload or managed identity, or a developer's sign-in: whatever there is. Loaded when asked for. */
export async function azureCredential(): Promise<TokenCredential> {
  const { DefaultAzureCredential } = await import('@azure/identity');
  return new DefaultAzureCredential();
}
