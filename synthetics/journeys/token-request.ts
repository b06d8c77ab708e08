/** How a token is asked for, alike in Node and in k6, which has neither Azure's client nor URLSearchParams. */
export interface TokenRequest {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly headers: Record<string, string>;
  readonly body?: string;
}

/** The fields of an environment's `auth` that the two providers need. */
type TokenAuth =
  | {
      readonly kind: 'client-secret';
      readonly tokenEndpoint: string;
      readonly clientId: string;
      readonly clientSecret: string;
      readonly scope: string;
    }
  | { readonly kind: 'managed-identity'; readonly resource: string; readonly clientId?: string | undefined };

type Variables = Readonly<Record<string, string | undefined>>;

const form = (fields: Record<string, string>) =>
  Object.entries(fields)
    .map((pair) => pair.map(encodeURIComponent).join('='))
    .join('&');

export function tokenRequest(auth: TokenAuth, variables: Variables): TokenRequest {
  if (auth.kind === 'managed-identity') return managedIdentity(auth, variables);
  const { tokenEndpoint: url, clientId, clientSecret, scope } = auth;
  return {
    url,
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: form({ grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret, scope }),
  };
}

/** App Service's and Functions' own endpoint where there is one, else that of virtual machines. */
function managedIdentity(
  { resource, clientId }: Extract<TokenAuth, { kind: 'managed-identity' }>,
  { IDENTITY_ENDPOINT: endpoint, IDENTITY_HEADER: secret }: Variables,
): TokenRequest {
  const asked = { resource, ...(clientId !== undefined && { client_id: clientId }) };
  if (endpoint && secret)
    return {
      url: `${endpoint}?${form({ 'api-version': '2019-08-01', ...asked })}`,
      method: 'GET',
      headers: { 'x-identity-header': secret },
    };
  const query = form({ 'api-version': '2018-02-01', ...asked });
  return { url: `http://169.254.169.254/metadata/identity/oauth2/token?${query}`, method: 'GET', headers: { metadata: 'true' } };
}
