import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { runStep, SetupError, which } from './process.mjs';

/** Builds a pinned Go program in a folder aside and moves it to `bin` when it is whole. */
export async function goInstall(module, version, { bin, local, say }) {
  if (!which('go')) throw new SetupError(`${module} needs Go: install it (https://go.dev/dl) or put the program on PATH`);
  await inFolderAside(local, async (aside) => {
    await runStep('go', ['install', `${module}@${version}`], {
      say,
      env: { GOBIN: aside, GOFLAGS: '-trimpath', CGO_ENABLED: '0' },
    });
    moveAll(aside, bin);
  });
}

/** A temporary folder on the same disk as its destination, so that a rename is one step; removed at the end. */
export async function inFolderAside(local, act) {
  mkdirSync(local, { recursive: true });
  const aside = mkdtempSync(join(local, 'aside-'));
  try {
    return await act(aside);
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}

export function moveAll(from, to) {
  mkdirSync(to, { recursive: true });
  for (const file of readdirSync(from)) renameSync(join(from, file), join(to, file));
}
