import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runStep } from './process.mjs';

/**
 * The npm packages of a folder. `npm ci` removes node_modules first and writes node_modules/.package-lock.json last, so
 * the stamp (the hash of the lock file they were installed by) and that file are both gone when it was killed.
 */
export function dependencies(root) {
  const modules = join(root, 'node_modules');
  const stamp = join(modules, '.setup-stamp');
  const hash = () =>
    createHash('sha256')
      .update(readFileSync(join(root, 'package-lock.json')))
      .digest('hex');
  const writeStamp = () => writeFileSync(stamp, hash());
  const present = () => {
    const installed = join(modules, '.package-lock.json');
    if (!existsSync(installed)) return false;
    if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash()) return true;
    // Somebody ran npm by hand: what it installed counts if it is what the lock file says.
    if (!sameVersions(join(root, 'package-lock.json'), installed)) return false;
    writeStamp();
    return true;
  };
  const install = async (say) => {
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
