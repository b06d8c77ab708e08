import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runStep, SetupError, which } from './process.mjs';

/**
 * A Python virtual environment with pinned packages. It can't be moved, so it is built in place and stamped at the end;
 * one without its stamp, or with another, is built anew.
 */
export function venv(folder, packages) {
  const stamp = join(folder, '.setup-stamp');
  const wanted = packages.join('\n');
  const programs = join(folder, process.platform === 'win32' ? 'Scripts' : 'bin');
  const install = async (say) => {
    const python = which('python3') ?? which('python');
    if (!python) throw new SetupError('Python 3.10 or later is needed for the KQL tests: install it, with venv and pip');
    rmSync(folder, { recursive: true, force: true });
    await runStep(python, ['-m', 'venv', folder], { say });
    await runStep(join(programs, 'python'), ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages], {
      say,
    });
    writeFileSync(stamp, wanted);
  };
  return { present: () => existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted, install };
}
