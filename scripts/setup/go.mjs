import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { inFolderAside } from './aside.mjs';
import { runStep, SetupError, which } from './process.mjs';

/** Builds a pinned Go program in a folder aside and moves it to its place when it is whole. */
export async function goInstall(module, pin, { local, say }) {
  if (!which('go')) throw new SetupError(`${module} needs Go: install it (https://go.dev/dl) or put the program on PATH`);
  await inFolderAside(local, async (aside) => {
    const temporary = join(aside, 'tmp');
    mkdirSync(temporary);
    // Flags as arguments, so that a GOFLAGS of the machine stays in force; temporary files where they are found again.
    const env = { GOBIN: aside, GOTMPDIR: temporary, CGO_ENABLED: '0' };
    await runStep('go', ['install', '-trimpath', `${module}@${pin.version}`], { say, env });
    pin.place(join(aside, pin.program));
  });
}
