import { join } from 'node:path';
import type { Contoso } from '../fixtures/contoso/options.ts';
import { loadEnvironment, wantedEnvironment } from '../fixtures/environments/load.ts';
import type { Environment } from '../fixtures/environments/schema.ts';
import { targetsOf } from '../fixtures/environments/targets.ts';
import { type ExitCode, exitOf, parseFlags } from './exit-code.ts';
import { showLive } from './local-live.ts';
import { caFileOf, detectStore, LocalStoreError, type StoreMessage, startAlone, startInProcess } from './local-store.ts';
import { untilUnused } from './store-locks.ts';

/**
 * `npm run local [-- --env <name or path>] [-- --build <name>]`: the local store, until Ctrl-C; on a terminal its state is
 * shown as it changes. Exit codes: 0 stopped, 3 wrong usage or configuration, such as a port that is taken; 1 could not start.
 */
async function main(): Promise<ExitCode> {
  const { values } = parseFlags({ build: { type: 'string' } });
  const environment = loadEnvironment(values.env);
  const isSpawned = process.send !== undefined;
  const stopped = untilStopped(isSpawned);
  const contoso = await started(environment, values.build, isSpawned);
  if (process.send) process.send({ kind: 'ready' } satisfies StoreMessage);
  else process.stdout.write(describe(environment, wantedEnvironment(values.env), contoso));
  const stopShowing = process.stdout.isTTY && !process.send ? showLive(contoso.state, process.stdout) : undefined;
  await stopped;
  stopShowing?.();
  // Who stops it by hand means it; the end of the command that started it says nothing of others that use it.
  const unused = isSpawned ? await untilUnused(environment, tellKept) : undefined;
  await contoso.close();
  unused?.();
  return 0;
}

/** Alone: whoever wants the store meanwhile waits for it. Who spawned this process holds the lock for it. */
async function started(environment: Environment, build: string | undefined, isSpawned: boolean): Promise<Contoso> {
  const done = isSpawned ? undefined : await startAlone(environment);
  try {
    const state = await detectStore(environment);
    if (state.kind === 'running') throw new LocalStoreError(`the store of environment ${environment.name} is running already`);
    return await startInProcess(environment, build);
  } finally {
    done?.();
  }
}

const tellKept = () => {
  if (process.connected) process.send?.({ kind: 'kept' } satisfies StoreMessage);
};

/**
 * Run by hand: Ctrl-C or SIGTERM. Spawned by another command: its SIGTERM, or the end of the IPC channel, which closes
 * however the parent ends. Ctrl-C reaches both, and the parent may still need the store to clean up after itself.
 */
const untilStopped = (isSpawned: boolean) =>
  new Promise<void>((resolve) => {
    process.on('SIGTERM', () => resolve());
    for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => isSpawned || resolve());
    if (isSpawned) process.once('disconnect', () => resolve());
  });

/** Endpoints, and the line that lets tools run by hand find and trust them. */
function describe(environment: Environment, nameOrPath: string, contoso: Contoso): string {
  const rows = [...targetsOf(environment).map(({ name, endpoint }) => [name, endpoint]), ['control', contoso.controlUrl]];
  const width = Math.max(...rows.map(([name]) => name?.length ?? 0));
  const root = join(__dirname, '..');
  const path = [join(root, '.local', 'bin'), join(root, 'node_modules', '.bin')].join(':');
  const ca = caFileOf(environment);
  return [
    `Contoso Shoes, environment ${environment.name}, runs in ${environment.stamps.length} stamp(s); control-plane time ×${environment.local?.timeScale}.`,
    '',
    ...rows.map(([name, endpoint]) => `  ${name?.padEnd(width)}  ${endpoint}`),
    '',
    'For k6, Playwright and curl, in another terminal:',
    `  export PATH="${path}:$PATH" SSL_CERT_FILE="${ca}" NODE_EXTRA_CA_CERTS="${ca}" TARGET_ENV="${nameOrPath}"`,
    '',
    'Ctrl-C stops it.',
    '',
  ].join('\n');
}

/** Told to the parent too, where there is one: it has the terminal. The closed channel lets this process end. */
async function failed(error: unknown): Promise<ExitCode> {
  if (!process.send) return exitOf(error);
  const message = error instanceof Error ? error.message : String(error);
  await new Promise((resolve) => process.send?.({ kind: 'failed', message } satisfies StoreMessage, resolve));
  return exitOf(error, () => undefined);
}

// Not by runCommand: being stopped is how this command ends, and no interruption.
main()
  .catch(failed)
  .then((code) => {
    process.exitCode = code;
    if (process.connected) process.disconnect();
  });
