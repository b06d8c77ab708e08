import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const pollMs = 200;

/**
 * Runs `act` while holding a lock file, which names its owner's process: a lock whose owner is gone is taken over, so a
 * killed set-up leaves none behind.
 */
export async function withLock(file, say, act) {
  let waiting = false;
  while (!acquire(file)) {
    const owner = ownerOf(file);
    if (owner !== undefined && !isAlive(owner)) takeOver(file, owner);
    else {
      if (!waiting) say(`set-up: waiting for another set-up (process ${owner ?? 'unknown'})`);
      waiting = true;
      await sleep(pollMs);
    }
  }
  try {
    return await act();
  } finally {
    rmSync(file, { force: true });
  }
}

/** Linked into place, not written there: a lock file that exists always names its owner. */
function acquire(file) {
  const own = `${file}.${process.pid}`;
  writeFileSync(own, String(process.pid));
  try {
    linkSync(own, file);
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    return false;
  } finally {
    rmSync(own, { force: true });
  }
}

/** Moved aside before it is removed: of two that find the same dead owner, one takes the lock away. */
function takeOver(file, owner) {
  const aside = `${file}.dead.${process.pid}`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if (error.code === 'ENOENT') return;
    throw error;
  }
  const moved = ownerOf(aside);
  // A new owner's lock was moved by mistake, in the moment between look and move: put it back.
  if (moved !== owner && moved !== undefined) renameSync(aside, file);
  else rmSync(aside, { force: true });
}

function ownerOf(file) {
  try {
    const owner = Number(readFileSync(file, 'utf8'));
    return Number.isInteger(owner) && owner > 0 ? owner : undefined;
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
