import { copyFileSync, existsSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { UsageError } from '../fixtures/environments/errors.ts';

export interface Opened {
  readonly database: DatabaseSync;
  /** Where a damaged file went, and what was wrong with it. */
  readonly setAside?: string;
  readonly damage?: string;
}

/** The outbox can't be opened, for a reason that a new file wouldn't mend: no right, no room, no folder. */
export class OutboxError extends UsageError {
  override readonly name = 'OutboxError';
}

export const cannotOpen = (path: string, cause: unknown) =>
  new OutboxError(`cannot open the outbox ${path}: ${(cause as Error).message}`, { cause });

class DamagedFile extends Error {}

const schema = `
  create table if not exists item(
    seq integer primary key autoincrement,
    id text not null unique,
    kind text not null,
    at integer not null,
    journey text not null,
    target text not null,
    state text not null,
    reason text,
    attempts integer not null,
    changedAt integer not null
  );
  -- Apart, so that a change of state does not write the body again.
  create table if not exists content(seq integer primary key, body text not null);
  create index if not exists item_state on item(state, seq);
  create index if not exists item_at on item(at);
  create table if not exists evidence(id text not null unique, body text not null);
  create table if not exists number(name text primary key, value integer not null) without rowid;`;

/** The file, its write-ahead log and the log's index. */
const suffixes = ['', '-wal', '-shm'] as const;

/** How long one process waits for another's write. */
const busyTimeoutMs = 15_000;

const sqliteBusy = 5;
/** SQLITE_CORRUPT and SQLITE_NOTADB. */
const damaged = new Set([11, 26]);

/** Opens or makes the file; a damaged one is set aside with its write-ahead log, so that what it holds can still be saved. */
export function openDatabase(path: string, now: () => number): Opened {
  const setAside = `${path}.damaged-${new Date(now()).toISOString().replaceAll(':', '-')}`;
  try {
    return { database: openWhole(path, setAside) };
  } catch (error) {
    if (!(error instanceof DamagedFile)) throw error;
    for (const suffix of suffixes) rmSync(path + suffix, { force: true });
    return { database: openWhole(path, setAside), setAside, damage: error.message };
  }
}

function openWhole(path: string, setAside: string): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { timeout: busyTimeoutMs });
    prepare(database);
    const verdict = database.prepare('pragma quick_check(1)').get()?.quick_check;
    if (verdict !== 'ok') throw new DamagedFile(String(verdict));
    return database;
  } catch (error) {
    const { message } = error as Error;
    const isDamaged = error instanceof DamagedFile || damaged.has(errorCode(error));
    // Copied before the file is closed: closing deletes the log, which may hold the latest results whole.
    if (isDamaged) for (const suffix of suffixes) if (existsSync(path + suffix)) copyFileSync(path + suffix, setAside + suffix);
    database?.close();
    if (isDamaged) throw new DamagedFile(message);
    throw cannotOpen(path, error);
  }
}

/** Switching a new file to WAL doesn't wait for the lock as other statements do: tried again until the same time is up. */
function prepare(database: DatabaseSync): void {
  const giveUpAt = performance.now() + busyTimeoutMs;
  for (;;) {
    try {
      database.exec('pragma journal_mode = wal; pragma synchronous = normal; pragma wal_autocheckpoint = 8000');
      database.exec(`begin immediate; ${schema} commit`);
      return;
    } catch (error) {
      if (database.isTransaction) database.exec('rollback');
      if (!isBusy(error) || performance.now() > giveUpAt) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}

/** Whether another process holds the file, and nothing else is wrong. */
export const isBusy = (error: unknown): boolean => errorCode(error) === sqliteBusy;

/** SQLite's primary result code: the low byte of what `node:sqlite` reports. */
export function errorCode(error: unknown): number {
  const code = error instanceof Error && 'errcode' in error ? error.errcode : undefined;
  return typeof code === 'number' ? code & 0xff : 0;
}
