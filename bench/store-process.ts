import { fork } from 'node:child_process';
import { once } from 'node:events';
import { startTestStore } from '../tests/support/store.ts';

interface StoreFiles {
  readonly environmentFile: string;
  readonly caFile: string;
}

/** Runs `use` beside a local store in a process of its own, so that its work is not counted as the client's. */
export async function withStore<T>(use: (files: StoreFiles) => Promise<T>): Promise<T> {
  const child = fork(__filename, ['serve'], { execArgv: ['-r', 'ts-node/register'] });
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

async function serve(): Promise<void> {
  const store = await startTestStore();
  process.once('disconnect', () => void store.close());
  process.send?.({ environmentFile: store.environmentFile, caFile: store.caFile });
}

if (process.argv[2] === 'serve') void serve();
