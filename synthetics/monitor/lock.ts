import { createHash } from 'node:crypto';
import { mkdirSync, statSync, unlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Environment } from '../../fixtures/environments/schema.ts';
import { targetsOf } from '../../fixtures/environments/targets.ts';

const root = join(__dirname, '..', '..');

/** One lock for all that runs whole rounds against the same endpoints. */
export function lockPath(environment: Environment): string {
  const endpoints = targetsOf(environment).map(({ endpoint }) => endpoint);
  const key = createHash('sha256').update(endpoints.join('\n')).digest('hex').slice(0, 12);
  return join(root, '.local', 'locks', `${environment.name}-${key}`);
}

/**
 * Takes a lock for this process, or answers undefined where another holds it. The system lets go of it however the process
 * ends, since it is SQLite's lock on a file; so a crash leaves nothing behind that would have to be judged stale.
 */
export function takeLock(path: string): (() => void) | undefined {
  mkdirSync(dirname(path), { recursive: true });
  for (;;) {
    const database = new DatabaseSync(path, { timeout: 0 });
    const before = inodeOf(path);
    if (!locked(database)) {
      database.close();
      return undefined;
    }
    // Whoever held it may have removed the file between opening and locking: then this is the lock of a file that is gone.
    if (before !== undefined && inodeOf(path) === before)
      return () => {
        unlinkSync(path);
        database.close();
      };
    database.close();
  }
}

function locked(database: DatabaseSync): boolean {
  try {
    database.exec('pragma journal_mode = memory; begin exclusive');
    return true;
  } catch {
    return false;
  }
}

function inodeOf(path: string): number | undefined {
  try {
    return statSync(path).ino;
  } catch {
    return undefined;
  }
}
