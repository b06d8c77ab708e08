import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const prefix = 'aside-';

/** A temporary folder on the same disk as its destination, so that a rename is one step; removed at the end. */
export async function inFolderAside(local, act) {
  mkdirSync(local, { recursive: true });
  const aside = mkdtempSync(join(local, prefix));
  try {
    return await act(aside);
  } finally {
    removeFolder(aside);
  }
}

/** Folders that a killed set-up left behind. Only for who holds the lock: a living one may be at work in its own. */
export function removeFoldersAside(local) {
  for (const name of foldersAside(local)) removeFolder(join(local, name));
}

export function foldersAside(local) {
  try {
    return readdirSync(local).filter((name) => name.startsWith(prefix));
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
}

const removeFolder = (folder) => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
