import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { UsageError } from '../../fixtures/environments/errors.ts';
import type { Environment } from '../../fixtures/environments/schema.ts';
import { targetsOf } from '../../fixtures/environments/targets.ts';
import { isBusy } from '../../telemetry/outbox-file.ts';

const root = join(__dirname, '..', '..');

/** One lock for all that runs whole rounds against the same endpoints. */
export function lockPath(environment: Environment): string {
  const endpoints = targetsOf(environment).map(({ endpoint }) => endpoint);
  const key = createHash('sha256').update(endpoints.join('\n')).digest('hex').slice(0, 12);
  return join(root, '.local', 'locks', `${environment.name}-${key}`);
}

/** The lock can't be taken, and not since another holds it: no right, no folder. */
export class LockError extends UsageError {
  override readonly name = 'LockError';
}

const alone = 'pragma journal_mode = memory; begin exclusive';
const together = 'begin; select count(*) from sqlite_master';

/**
 * Takes a lock for this process, or answers undefined where another holds it. The system lets go of it however the process
 * ends, since it is SQLite's lock on a file; so a crash leaves nothing behind that would have to be judged stale. Where the
 * disk can't be written to, the machine's folder for temporary files has it: who starts then goes on without a disk.
 * @throws LockError where neither lets it
 */
export function takeLock(path: string, isReadOnly = onReadOnlyDisk): (() => void) | undefined {
  if (!isReadOnly(path)) return take(path);
  return isHeld(path) ? undefined : take(besides(path));
}

/** The same lock, shared with others who ask for it so: nobody has it alone meanwhile. Undefined where somebody does. */
export function shareLock(path: string): (() => void) | undefined {
  const held = hold(onReadOnlyDisk(path) ? besides(path) : path, together);
  return held && (() => void (held.database.isOpen && held.database.close()));
}

const besides = (path: string) => join(tmpdir(), 'contoso-synthetics-locks', basename(path));

function onReadOnlyDisk(path: string): boolean {
  try {
    mkdirSync(dirname(path), { recursive: true });
    accessSync(dirname(path), constants.W_OK);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EROFS';
  }
}

/** Of a file that can't be written to: whether somebody took the lock when it still could. */
function isHeld(path: string): boolean {
  if (!existsSync(path)) return false;
  const database = new DatabaseSync(path, { readOnly: true, timeout: 0 });
  try {
    database.prepare('select * from sqlite_master').all();
    return false;
  } catch (error) {
    return isBusy(error);
  } finally {
    database.close();
  }
}

function take(path: string): (() => void) | undefined {
  const held = hold(path, alone);
  return (
    held &&
    (() => {
      // Somebody may have removed it by hand, and another taken the lock at its place.
      if (inodeOf(path) === held.inode) rmSync(path, { force: true });
      held.database.close();
    })
  );
}

function hold(path: string, how: string): { readonly database: DatabaseSync; readonly inode: number } | undefined {
  for (;;) {
    const database = opened(path);
    const inode = inodeOf(path);
    if (!locked(database, path, how)) {
      database.close();
      return undefined;
    }
    // Whoever held it may have removed the file between opening and locking: then this is the lock of a file that is gone.
    if (inode !== undefined && inodeOf(path) === inode) return { database, inode };
    database.close();
  }
}

const refused = (path: string, cause: unknown) =>
  new LockError(`cannot take the lock ${path}: ${(cause as Error).message}`, { cause });

function opened(path: string): DatabaseSync {
  try {
    mkdirSync(dirname(path), { recursive: true });
    return new DatabaseSync(path, { timeout: 0 });
  } catch (error) {
    throw refused(path, error);
  }
}

/** False where another holds it. */
function locked(database: DatabaseSync, path: string, how: string): boolean {
  try {
    database.exec(how);
    return true;
  } catch (error) {
    if (isBusy(error)) return false;
    database.close();
    throw refused(path, error);
  }
}

function inodeOf(path: string): number | undefined {
  try {
    return statSync(path).ino;
  } catch {
    return undefined;
  }
}
