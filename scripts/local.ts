import { bundleStore } from './store-bundle.ts';

/**
 * `npm run local`: makes one file of the store and becomes the Node that runs it. Where a process can't become another
 * (Windows), and where a parent listens on this one's channel, the store runs in here.
 */
async function main(): Promise<void> {
  if (process.execve === undefined || process.platform === 'win32' || process.send !== undefined) {
    await import('./local-run.ts');
    return;
  }
  const file = await bundleStore();
  // Its own arguments, without the flags that loaded ts-node here.
  process.execve(process.execPath, [process.execPath, '--disable-warning=ExperimentalWarning', file, ...process.argv.slice(2)]);
}

void main();
