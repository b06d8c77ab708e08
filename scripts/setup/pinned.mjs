import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isExecutable } from './process.mjs';

const suffix = process.platform === 'win32' ? '.exe' : '';

/**
 * A program in `bin` with the version it was installed as in a stamp beside it, so that raising a pin installs it anew.
 * Asking the program itself would cost a process each, before every command.
 */
export function pinned(name, version, bin) {
  const file = join(bin, `${name}${suffix}`);
  const stamp = join(bin, `${name}.version`);
  return {
    name,
    version,
    /** The program's file name, with `.exe` where it has one. */
    program: `${name}${suffix}`,
    installed: () => isExecutable(file),
    present: () => isExecutable(file) && readText(stamp) === version,
    /** Moves the whole program in. The stamp goes first and comes last: killed in between, it is installed again. */
    place(from) {
      mkdirSync(bin, { recursive: true });
      rmSync(stamp, { force: true });
      renameSync(from, file);
      writeFileSync(stamp, version);
    },
  };
}

/** Nothing where the file isn't there. */
export function readText(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}
