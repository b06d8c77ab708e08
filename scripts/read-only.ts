import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { errorCode } from '../telemetry/outbox-file.ts';

/** SQLite's primary codes for a disk that takes nothing: READONLY, IOERR, FULL, CANTOPEN. */
const diskCodes = new Set([8, 10, 13, 14]);

/** Whether the disk was it: full, read-only or gone. */
export function isOfDisk(error: unknown): boolean {
  return error instanceof Error && (diskCodes.has(errorCode(error)) || isOfDisk(error.cause));
}

/** Opens a file as usual or, where the disk takes nothing, as it is: to look at it needs no room. */
export function openedToRead<T>(path: string, open: () => T, asItIs: (database: DatabaseSync) => T): T {
  try {
    return open();
  } catch (error) {
    if (!isOfDisk(error) || !existsSync(path)) throw error;
    const database = unwritten(path);
    if (!database) throw error;
    console.error(`${path} can't be written to, and is shown as it is`);
    return asItIs(database);
  }
}

function unwritten(path: string): DatabaseSync | undefined {
  const url = pathToFileURL(path);
  // Where nobody has it open SQLite wants to make a log, unless it is told that nothing changes; with one, it would overlook it.
  if (!existsSync(`${path}-wal`)) url.search = '?immutable=1';
  const database = new DatabaseSync(url, { readOnly: true });
  try {
    database.prepare('select count(*) from sqlite_schema').get();
    return database;
  } catch {
    database.close();
    return undefined;
  }
}
