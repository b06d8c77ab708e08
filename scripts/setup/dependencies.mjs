import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runStep } from './process.mjs';

/**
 * The npm packages of a folder, stamped with the hash of the lock file they were installed by. The stamp and npm's own
 * list, which npm writes last, go before `npm ci` begins: killed while it removes or installs, neither is there.
 */
export function dependencies(root) {
  const modules = join(root, 'node_modules');
  const stamp = join(modules, '.setup-stamp');
  const installed = join(modules, '.package-lock.json');
  const hash = () =>
    createHash('sha256')
      .update(readFileSync(join(root, 'package-lock.json')))
      .digest('hex');
  const writeStamp = () => writeFileSync(stamp, hash());
  const present = () => {
    if (!existsSync(installed)) return false;
    if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash()) return true;
    // Somebody ran npm by hand: what it installed counts if it is what the lock file says.
    if (!sameVersions(join(root, 'package-lock.json'), installed)) return false;
    writeStamp();
    return true;
  };
  const install = async (say) => {
    for (const file of [stamp, installed]) rmSync(file, { force: true });
    await runStep('npm', ['ci', '--no-audit', '--no-fund'], { say, cwd: root });
    mkdirSync(modules, { recursive: true });
    writeStamp();
  };
  return { present, install };
}

function sameVersions(wantedFile, installedFile) {
  const packagesOf = (file) => JSON.parse(readFileSync(file, 'utf8')).packages ?? {};
  const installed = packagesOf(installedFile);
  return Object.entries(packagesOf(wantedFile)).every(([path, { version, optional, peer }]) => {
    const there = installed[path];
    return path === '' || (there === undefined ? optional === true || peer === true : there.version === version);
  });
}
