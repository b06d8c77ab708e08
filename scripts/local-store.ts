import { fork } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Agent, request } from 'undici';
import type { Contoso, ContosoOptions } from '../fixtures/contoso/options.ts';
import { PortTakenError } from '../fixtures/contoso/port-taken.ts';
import { UsageError } from '../fixtures/environments/errors.ts';
import type { Environment } from '../fixtures/environments/schema.ts';
import { startingAlone, useOnce } from './store-locks.ts';
import { textOf } from './text-of.ts';

const root = join(__dirname, '..');

/** Where a running store puts its CA; what SSL_CERT_FILE and NODE_EXTRA_CA_CERTS name. */
export const caFileOf = (environment: Environment) =>
  join(root, '.local', environment.name === 'local' ? 'ca.pem' : `ca-${environment.name}.pem`);

/** The local store can't be had as the environment asks for it. */
export class LocalStoreError extends UsageError {
  override readonly name = 'LocalStoreError';
}

type LocalEnvironment = Environment & { readonly local: NonNullable<Environment['local']> };

function requireLocal(environment: Environment): LocalEnvironment {
  if (environment.local) return { ...environment, local: environment.local };
  throw new LocalStoreError(
    `environment ${environment.name} has no local: the suite carries no store for it, it tests the one at its endpoints`,
  );
}

const portOf = (endpoint: string) => {
  const url = new URL(endpoint);
  return Number(url.port || (url.protocol === 'https:' ? 443 : 80));
};

const frontDoorIdIn = (headers: Readonly<Record<string, string>>) =>
  Object.entries(headers).find(([name]) => name.toLowerCase() === 'x-azure-fdid')?.[1];

/**
 * Who tests a stamp directly that is locked to its Front Door sends the profile's GUID: an environment that has this
 * header at a stamp has such a stamp, and its local store is locked the same way.
 */
function frontDoorOf(stamps: Environment['stamps']): { readonly frontDoorId?: string } {
  const id = stamps.map(({ headers }) => frontDoorIdIn(headers)).find((each) => each !== undefined);
  return id === undefined ? {} : { frontDoorId: id };
}

/** What the store needs to know of an environment: ports from its endpoints, the rest as it stands there. */
export function contosoOptionsOf(environment: Environment): ContosoOptions {
  const { local, auth, stamps, plans, cosmosAccounts, syntheticHeader, global } = requireLocal(environment);
  if (auth.kind !== 'client-secret')
    throw new LocalStoreError(`environment ${environment.name}: auth.kind is ${auth.kind}; the local store knows client-secret`);
  return {
    environment: environment.name,
    stamps: stamps.map(({ endpoint, slots, headers, ...stamp }) => ({
      ...stamp,
      port: portOf(endpoint),
      slots: slots.map((slot) => ({ name: slot.name, port: portOf(slot.endpoint) })),
      lockedToFrontDoor: frontDoorIdIn(headers) !== undefined,
    })),
    ...frontDoorOf(stamps),
    plans: plans.map((plan) => ({ ...plan, instances: plan.autoscale?.default ?? plan.instances })),
    cosmosAccounts,
    ...(global ? { globalPort: portOf(global.endpoint) } : {}),
    controlPort: portOf(local.controlEndpoint),
    adminToken: local.adminToken,
    client: { id: auth.clientId, secret: auth.clientSecret, scope: auth.scope },
    syntheticHeader,
    timeScale: local.timeScale,
    seed: local.seed,
  };
}

/** Starts the store in this process, with a build of its own where one is named, and leaves its CA where tools find it, as long as it runs. */
export async function startInProcess(environment: Environment, build?: string): Promise<Contoso> {
  // Loaded here alone: most commands find the store running, or start it in another process, and it is two thirds of their start.
  const { startContoso } = await import('../fixtures/contoso/contoso.ts');
  const options = contosoOptionsOf(environment);
  const stamps = options.stamps.map((stamp) => (build === undefined ? stamp : { ...stamp, build }));
  const contoso = await startContoso({ ...options, stamps }).catch((error: unknown) => {
    throw error instanceof PortTakenError || error instanceof RangeError
      ? new LocalStoreError(error.message, { cause: error })
      : error;
  });
  const file = caFileOf(environment);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, contoso.ca);
  const close = async () => {
    await contoso.close();
    rmSync(file, { force: true });
  };
  return { ...contoso, close };
}

export type StoreState =
  | { readonly kind: 'absent' }
  /** The store of this very environment. */
  | { readonly kind: 'running' }
  | { readonly kind: 'other'; readonly seen: string };

/** A store under load, on a busy machine, is late and still the store. */
const detectMs = 5_000;
const codeOf = (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : '');

/** Looks at the control endpoint: this environment's store, something else, or nothing. */
export async function detectStore(environment: Environment): Promise<StoreState> {
  const { local } = requireLocal(environment);
  const ca = textOf(caFileOf(environment));
  const dispatcher = new Agent({
    connect: { ...(ca ? { ca } : {}), timeout: detectMs },
    headersTimeout: detectMs,
    bodyTimeout: detectMs,
  });
  const get = async (path: string, headers: Record<string, string> = {}) => {
    const { statusCode, body } = await request(`${local.controlEndpoint}${path}`, { dispatcher, headers });
    return { status: statusCode, text: await body.text() };
  };
  try {
    const clock = await get('/clock');
    if (clock.status !== 200 || !clock.text.includes('timeScale'))
      return { kind: 'other', seen: `GET /clock answered ${clock.status}` };
    const state = await get('/admin/state', { authorization: `Bearer ${local.adminToken}` });
    const name = state.status === 200 ? environmentOf(state.text) : undefined;
    if (name !== environment.name)
      return { kind: 'other', seen: `a store of environment ${name ?? `unknown (status ${state.status})`}` };
    return { kind: 'running' };
  } catch (error) {
    if (isRefused(error)) return { kind: 'absent' };
    return { kind: 'other', seen: codeOf(error) || String(error) };
  } finally {
    await dispatcher.destroy();
  }
}

/** Both addresses of localhost refuse: an AggregateError, whose parts carry the code. */
const isRefused = (error: unknown): boolean =>
  codeOf(error) === 'ECONNREFUSED' ||
  (error instanceof AggregateError && error.errors.every((e) => codeOf(e) === 'ECONNREFUSED'));

function environmentOf(text: string): string | undefined {
  try {
    const state: unknown = JSON.parse(text);
    return typeof state === 'object' && state !== null && 'environment' in state ? String(state.environment) : undefined;
  } catch {
    return undefined;
  }
}

export interface LocalStore {
  /** PEM file to trust. */
  readonly caFile: string;
  /** False: it was running already, and goes on running after close. */
  readonly started: boolean;
  close(): Promise<void>;
}

/** Messages from `scripts/local-run.ts` to the command that spawned it. */
export type StoreMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly message: string }
  /** Asked to end, it goes on for another command that uses it. */
  | { readonly kind: 'kept' };

/**
 * Makes sure that the environment's store runs: takes the one that does, or starts one as a child process that ends with
 * this one, or with the last of others that came to use it. `nameOrPath` is what the child gets as `--env`.
 * @throws LocalStoreError where the port is taken by something else, or the store does not start
 */
export async function ensureStore(environment: Environment, nameOrPath: string): Promise<LocalStore> {
  const caFile = caFileOf(environment);
  const started = await startAlone(environment);
  try {
    const letGo = await runningStore(environment);
    if (letGo) return { caFile, started: false, close: async () => letGo() };
    return { caFile, started: true, close: await spawnStore(await bundleOf(), nameOrPath) };
  } finally {
    started();
  }
}

const startMs = 30_000;
const stopMs = 3_000;

/** Waits while another command starts this store. */
export async function startAlone(environment: Environment): Promise<() => void> {
  const started = await startingAlone(environment, startMs);
  if (started) return started;
  throw new LocalStoreError(`another command has been starting the store of environment ${environment.name} for 30 s`);
}

/** Keeps the store that runs from ending with the command that started it; undefined where none runs. */
async function runningStore(environment: Environment): Promise<(() => void) | undefined> {
  const endpoint = requireLocal(environment).local.controlEndpoint;
  // Before it is looked for: one that is found then stays.
  const letGo = await useOnce(environment, startMs);
  if (!letGo) throw new LocalStoreError(`the store of environment ${environment.name} has been closing for 30 s`);
  const state = await detectStore(environment);
  if (state.kind === 'running') return letGo;
  letGo();
  if (state.kind === 'absent') return undefined;
  throw new LocalStoreError(`local.controlEndpoint ${endpoint} is taken by something else: ${state.seen}`);
}

async function bundleOf(): Promise<string> {
  // Loaded here alone: a command that finds the store running needs no bundler.
  const { bundled } = await import('./bundle.ts');
  return bundled('scripts/local-run.ts');
}

function spawnStore(file: string, nameOrPath: string): Promise<() => Promise<void>> {
  const child = fork(file, ['--env', nameOrPath], {
    cwd: root,
    execArgv: ['--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const kept = new Promise<void>((resolve) => {
    child.on('message', ({ kind }: StoreMessage) => kind === 'kept' && resolve());
  });
  const close = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    const hard = setTimeout(() => child.kill('SIGKILL'), stopMs);
    await Promise.race([exited, kept]);
    clearTimeout(hard);
  };
  return new Promise((resolve, reject) => {
    // The first reason counts: what the child says, and only then that it ended.
    let reason: string | undefined;
    const fail = (message: string) => {
      clearTimeout(late);
      reason ??= message;
      void close().then(() => reject(new LocalStoreError(reason)));
    };
    const late = setTimeout(() => fail(`the local store did not start within ${startMs / 1_000} s`), startMs);
    child.on('message', (message: StoreMessage) => {
      if (message.kind === 'failed') return fail(message.message);
      if (message.kind === 'kept') return console.error('the local store goes on: another command uses it, and ends it');
      clearTimeout(late);
      // Running, it must not keep its parent from ending; the closed channel then ends it.
      child.unref();
      child.channel?.unref();
      resolve(close);
    });
    void exited.then((code) => fail(`the local store ended with code ${code} before it was ready`));
  });
}
