import { join } from 'node:path';
import { bundled } from './bundle.ts';

const root = join(__dirname, '..');

/**
 * Becomes the Node that runs a script as one file, with this process's own arguments but without the flags that loaded
 * ts-node. Where a process can't become another (Windows), and where a parent listens on this one's channel, it runs in here.
 */
export async function become(script: string, flags: readonly string[] = []): Promise<void> {
  if (process.execve === undefined || process.platform === 'win32' || process.send !== undefined) {
    await import(join(root, script));
    return;
  }
  const file = await bundled(script);
  const { execPath, argv } = process;
  process.execve(execPath, [execPath, '--disable-warning=ExperimentalWarning', ...flags, file, ...argv.slice(2)]);
}
