import { readFileSync } from 'node:fs';

/** A file's text; undefined where it can't be read, such as one that isn't there. */
export function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
