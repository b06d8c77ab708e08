import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { startOf } from './process-table.mjs';

const pollMs = 200;

/**
 * Runs `act` while holding a lock file, which names its owner by pid and start: a lock whose owner is gone, or whose pid
 * another process has by now, is taken over, so a killed set-up leaves none behind.
 */
export async function withLock(file, say, act) {
  let waiting = false;
  while (!acquire(file)) {
    const owner = ownerOf(file);
    if (owner !== undefined && !isAlive(owner)) takeOver(file, owner);
    else {
      if (!waiting) say(`set-up: waiting for another set-up (process ${owner?.split(' ')[0] ?? 'unknown'})`);
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

/** The same where nobody holds it; else nothing is done. */
export function ifUnlocked(file, act) {
  if (!acquire(file)) return;
  try {
    act();
  } finally {
    rmSync(file, { force: true });
  }
}

/** Linked into place, not written there: a lock file that exists always names its owner. */
function acquire(file) {
  const own = `${file}.${process.pid}`;
  writeFileSync(own, `${process.pid} ${startOf(process.pid) ?? ''}`);
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

/** `<pid> <start>`; undefined where the lock has just been given back. */
function ownerOf(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** What names no process is nobody's lock. */
function isAlive(owner) {
  const [pid, ...start] = owner.split(' ');
  if (!/^[1-9]\d*$/.test(pid)) return false;
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    if (error.code !== 'EPERM') return false;
  }
  const recorded = start.join(' ');
  return recorded === '' || recorded === startOf(Number(pid));
}
