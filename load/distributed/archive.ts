import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { k6Path } from '../generator.ts';

const run = promisify(execFile);

/**
 * A scenario with all files that it imports or opens. k6 keeps the options that the script made of the variables, so they are
 * given here; the variables themselves, secrets among them, are not kept, and are read anew where it runs.
 */
export async function archiveOf(script: string, variables: Readonly<Record<string, string | undefined>>): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), 'archive-'));
  try {
    const file = join(folder, 'archive.tar');
    const args = [
      'archive',
      '--quiet',
      '--no-color',
      '--include-system-env-vars',
      '--exclude-env-vars',
      '--archive-out',
      file,
      script,
    ];
    await run(k6Path(), args, { env: variables as NodeJS.ProcessEnv });
    return readFileSync(file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** `1.8.1` */
export async function k6Version(): Promise<string> {
  const { stdout } = await run(k6Path(), ['version']);
  const version = /v(\d+\.\d+\.\d+)/.exec(stdout)?.[1];
  if (version === undefined) throw new Error(`k6 does not say its version: ${stdout.trim()}`);
  return version;
}
