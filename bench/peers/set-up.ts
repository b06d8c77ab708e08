import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const root = join(__dirname, '..', '..');
const hurlVersion = '8.0.1';
const hurlFolder = join(root, '.local', 'hurl');
const run = promisify(execFile);

export const hurlPath = (): string => join(hurlFolder, 'bin', 'hurl');

/**
 * Installs what is compared, when it is first compared: nothing else needs it. hurl is built, which takes minutes, a Rust
 * compiler, and the headers of libcurl, libxml2 and OpenSSL, and libclang.
 */
export async function setUpPeers(say: (line: string) => void): Promise<void> {
  if (!existsSync(join(__dirname, 'node_modules', '.package-lock.json'))) {
    say('installing newman, stepci and artillery');
    await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: __dirname });
  }
  if (existsSync(hurlPath())) return;
  say('building hurl');
  await run('cargo', ['install', 'hurl', '--locked', '--version', hurlVersion, '--root', hurlFolder]);
}
