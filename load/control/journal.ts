import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { ConfigurationError } from '../../fixtures/environments/errors.ts';
import { type Change, changeSchema } from './actions.ts';

const root = join(__dirname, '..', '..');
const schema = z.array(changeSchema);

/** One an environment: two runs that act on the same store would put back each other's changes. */
export const journalFile = (environment: string) => join(root, '.local', 'control', `${environment}.json`);

/** What was changed and is not put back, oldest first. On disk, flushed, before the change itself. */
export class Journal {
  readonly file: string;
  private changes: readonly Change[];

  /** @throws ConfigurationError for a file that holds something else */
  constructor(file: string) {
    this.file = file;
    this.changes = read(file);
  }

  list(): readonly Change[] {
    return this.changes;
  }

  add(change: Change): void {
    this.save([...this.changes, change]);
  }

  /** Answers the change with more known of it. */
  note<C extends Change>(change: C, more: Partial<C>): C {
    const next = { ...change, ...more };
    this.save(this.changes.map((each) => (each === change ? next : each)));
    return next;
  }

  remove(change: Change): void {
    this.save(this.changes.filter((each) => each !== change));
  }

  private save(changes: readonly Change[]): void {
    this.changes = changes;
    if (changes.length === 0) {
      rmSync(this.file, { force: true });
      return;
    }
    mkdirSync(dirname(this.file), { recursive: true });
    // A file of its own, renamed: whoever dies half-way leaves the old one whole.
    const next = `${this.file}.next`;
    flushed(next, 'w', (file) => writeSync(file, `${JSON.stringify(changes, null, 2)}\n`));
    renameSync(next, this.file);
    flushed(dirname(this.file), 'r', () => undefined);
  }
}

function flushed(path: string, flags: string, write: (file: number) => void): void {
  const file = openSync(path, flags);
  try {
    write(file);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function read(file: string): readonly Change[] {
  if (!existsSync(file)) return [];
  try {
    return schema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    const allowed = 'what control actions write; put back by hand what it names, then remove it';
    throw new ConfigurationError(file, [{ path: '', seen: 'no journal of control actions', allowed }], { cause });
  }
}
