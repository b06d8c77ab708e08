import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import type { TableName } from '../../fixtures/contoso/azure/monitor/tables.ts';
import type { World } from '../../fixtures/contoso/azure/ports.ts';
import { startContoso } from '../../fixtures/contoso/contoso.ts';
import type { Contoso, ContosoOptions } from '../../fixtures/contoso/options.ts';
import type { BuildName } from '../../fixtures/contoso/shop/builds.ts';
import { loadEnvironment } from '../../fixtures/environments/load.ts';
import type { Environment } from '../../fixtures/environments/schema.ts';
import { contosoOptionsOf } from '../../scripts/local-store.ts';

export interface TestStoreOptions {
  /** Default 60, as in local.json. */
  readonly timeScale?: number;
  /** Changes local.json before the store starts; whatever ports it names, the store takes free ones. */
  readonly change?: (environment: Environment) => Environment;
  readonly documents?: ContosoOptions['documents'];
  /** What every stamp runs; default good. */
  readonly build?: BuildName;
  /** A clock that the test can move, of the same time scale. Default: the real one. */
  readonly world?: World;
}

export interface TestAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** undefined where the body is empty or not JSON. */
  readonly json: unknown;
}

export interface TestStore {
  readonly contoso: Contoso;
  /** local.json with the store's real ports. */
  readonly environment: Environment;
  /** The same as a file, for commands' `--env`. */
  readonly environmentFile: string;
  /** The store's CA as a file, for SSL_CERT_FILE and NODE_EXTRA_CA_CERTS. */
  readonly caFile: string;
  /** Trusts the store's CA; for `undici.request`. */
  readonly dispatcher: Agent;
  /** Any endpoint of the store, by its whole URL. */
  send(url: string, init?: SendOptions): Promise<TestAnswer>;
  /** The admin API, with its token: `admin('POST', '/admin/faults', { kind: 'payment-down' })`. */
  admin(method: SendOptions['method'], path: string, body?: unknown): Promise<TestAnswer>;
  /** Rows of a Log Analytics table, of one workspace or of all. */
  table(name: TableName, workspace?: string): Promise<Record<string, unknown>[]>;
  /** A token for synthetic shoppers, from the identity provider. */
  token(): Promise<string>;
  close(): Promise<void>;
}

export interface SendOptions {
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'DELETE';
  readonly headers?: Record<string, string>;
  /** Sent as JSON. */
  readonly body?: unknown;
}

/** A whole local store on free ports, with files that commands can be pointed at. Close it when done. */
export async function startTestStore(options: TestStoreOptions = {}): Promise<TestStore> {
  const { timeScale = 60, change = (e) => e, documents = {}, build = 'good' } = options;
  const wanted = change(loadEnvironment('local', {}));
  const contoso = await startContoso({ ...withFreePorts(wanted, build), timeScale, documents }, options.world);
  const environment = actual(wanted, contoso, timeScale);
  const folder = mkdtempSync(join(tmpdir(), 'contoso-'));
  const environmentFile = join(folder, 'environment.json');
  const caFile = join(folder, 'ca.pem');
  writeFileSync(environmentFile, JSON.stringify(environment, null, 2));
  writeFileSync(caFile, contoso.ca);
  const dispatcher = new Agent({ connect: { ca: contoso.ca } });

  const send = async (url: string, { method = 'GET', headers = {}, body }: SendOptions = {}): Promise<TestAnswer> => {
    const json =
      body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } };
    const answer = await request(url, { dispatcher, method, headers, ...json });
    return { status: answer.statusCode, headers: answer.headers, json: parsed(await answer.body.text()) };
  };
  return {
    contoso,
    environment,
    environmentFile,
    caFile,
    dispatcher,
    send,
    admin: (method = 'GET', path, body) =>
      send(`${contoso.controlUrl}${path}`, {
        method,
        body,
        headers: { authorization: `Bearer ${environment.local?.adminToken}` },
      }),
    table: (name, workspace) =>
      tableOf(environment, dispatcher, workspace === undefined ? name : `${name}?workspace=${workspace}`),
    token: () => tokenOf(environment, dispatcher),
    async close() {
      await dispatcher.destroy();
      await contoso.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function withFreePorts(environment: Environment, build: BuildName) {
  const options = contosoOptionsOf(environment);
  return {
    ...options,
    controlPort: 0,
    ...(options.globalPort === undefined ? {} : { globalPort: 0 }),
    stamps: options.stamps.map((stamp) => ({
      ...stamp,
      build,
      port: 0,
      slots: stamp.slots.map((slot) => ({ ...slot, port: 0 })),
    })),
  };
}

/** The environment as the store really stands. */
function actual(environment: Environment, contoso: Contoso, timeScale: number): Environment {
  const { local, auth, global } = environment;
  const urlOf = (target: string) => contoso.urls[target] ?? '';
  return {
    ...environment,
    stamps: environment.stamps.map((stamp) => ({
      ...stamp,
      endpoint: urlOf(stamp.name),
      slots: stamp.slots.map((slot) => ({ ...slot, endpoint: urlOf(`${stamp.name}-${slot.name}`) })),
    })),
    ...(global && contoso.globalUrl ? { global: { ...global, endpoint: contoso.globalUrl } } : {}),
    ...(auth.kind === 'client-secret'
      ? { auth: { ...auth, tokenEndpoint: `${contoso.controlUrl}/identity/oauth2/v2.0/token` } }
      : {}),
    telemetry: { connectionString: contoso.connectionString },
    ...(local ? { local: { ...local, controlEndpoint: contoso.controlUrl, timeScale } } : {}),
  };
}

async function tableOf({ local }: Environment, dispatcher: Agent, query: string): Promise<Record<string, unknown>[]> {
  const headers = { authorization: `Bearer ${local?.adminToken}` };
  const { statusCode, body } = await request(`${local?.controlEndpoint}/admin/tables/${query}`, { dispatcher, headers });
  const text = await body.text();
  if (statusCode !== 200) throw new Error(`${query} answered ${statusCode}: ${text}`);
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

async function tokenOf({ auth }: Environment, dispatcher: Agent): Promise<string> {
  if (auth.kind !== 'client-secret') throw new Error(`auth.kind is ${auth.kind}`);
  const form = {
    grant_type: 'client_credentials',
    client_id: auth.clientId,
    client_secret: auth.clientSecret,
    scope: auth.scope,
  };
  const { body } = await request(auth.tokenEndpoint, {
    dispatcher,
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(form).toString(),
  });
  return ((await body.json()) as { access_token: string }).access_token;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
