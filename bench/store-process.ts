import { fork } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import type { Environment } from '../fixtures/environments/schema.ts';
import { typescript } from '../scripts/typescript.ts';
import { outboxPath } from '../telemetry/outbox.ts';
import { startTestStore } from '../tests/support/store.ts';

interface StoreFiles {
  readonly environmentFile: string;
  readonly caFile: string;
}

/** local.json has five targets; ten are a round of a store with four regions and a spare stamp. */
const stores = {
  local: (environment: Environment) => environment,
  'ten-targets': withTenTargets,
} as const satisfies Record<string, (environment: Environment) => Environment>;

type StoreName = keyof typeof stores;

function withTenTargets(environment: Environment): Environment {
  const [first] = environment.stamps;
  if (!first) throw new Error('local.json has no stamp');
  const more = ['northeurope', 'westus', 'japaneast', 'brazilsouth', 'eastasia'].map((name) => ({ ...first, name, slots: [] }));
  return { ...environment, stamps: [...environment.stamps, ...more] };
}

/** Runs `use` beside a local store in a process of its own, so that its work is not counted as the client's. */
export async function withStore<T>(use: (files: StoreFiles) => Promise<T>, store: StoreName = 'local'): Promise<T> {
  const child = fork(__filename, ['serve', store], { execArgv: [...typescript] });
  try {
    const ended = once(child, 'exit').then(([code]) => Promise.reject(new Error(`the store ended with ${code}`)));
    const [files] = (await Promise.race([once(child, 'message'), ended])) as [StoreFiles];
    // A store that dies under the benchmark ends it, with a reason.
    return await Promise.race([use(files), ended]);
  } finally {
    if (child.connected) {
      child.disconnect();
      await once(child, 'exit');
    }
  }
}

async function serve(name: StoreName): Promise<void> {
  const store = await startTestStore({ change: stores[name] });
  process.once('disconnect', () => void store.close());
  // A store like any other, with a name and an outbox of its own: what runs against it starts none and finds no old results.
  const { local: _, ...environment } = { ...store.environment, name: 'bench' };
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${outboxPath(environment.name)}${suffix}`, { force: true });
  writeFileSync(store.environmentFile, JSON.stringify(environment));
  process.send?.({ environmentFile: store.environmentFile, caFile: store.caFile });
}

if (process.argv[2] === 'serve') void serve(process.argv[3] as StoreName);
