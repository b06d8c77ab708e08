// A set-up with fake steps, in a process of its own: `node fake-set-up.mjs <folder> <JSON of the steps>`.
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inFolderAside } from '../../../scripts/setup/aside.mjs';
import { dependencies } from '../../../scripts/setup/dependencies.mjs';
import { goInstall } from '../../../scripts/setup/go.mjs';
import { pinned } from '../../../scripts/setup/pinned.mjs';
import { runStep, SetupError } from '../../../scripts/setup/process.mjs';
import { exitOf, setUp } from '../../../scripts/setup.mjs';

const [folder, json] = process.argv.slice(2);
const local = join(folder, '.local');

/** What a step installs is a program that says its version; `shell` runs before, and may take long or fail. */
function shellStep({ name, version = 'v1', shell = 'true' }) {
  const pin = pinned(name, version, join(local, 'bin'));
  const install = (say) => {
    appendFileSync(join(folder, 'installs'), `${name} ${version}\n`);
    return inFolderAside(local, async (aside) => {
      const program = join(aside, name);
      writeFileSync(program, 'half', { mode: 0o755 });
      await runStep('sh', ['-c', shell], { say, cwd: folder });
      writeFileSync(program, `#!/bin/sh\necho ${version}\n`);
      pin.place(program);
    });
  };
  return { present: pin.present, install };
}

const kinds = {
  shell: shellStep,
  /** Lies: installs nothing. */
  nothing: () => ({ present: () => false, install: async () => undefined }),
  /** Comes with the step `one`, as Node comes with the npm packages. */
  brought: () => ({
    present: pinned('one', 'v1', join(local, 'bin')).present,
    install: async () => Promise.reject(new SetupError('it cannot be installed by itself')),
  }),
  npm: () => dependencies(folder),
  go: ({ name, version }) => {
    const pin = pinned(name, version, join(local, 'bin'));
    return { present: pin.present, install: (say) => goInstall(`example.test/${name}`, pin, { local, say }) };
  },
};

const wanted = JSON.parse(json).map((step) => ({
  name: step.name,
  about: 'takes a moment',
  level: 'start',
  ...kinds[step.kind ?? 'shell'](step),
}));
setUp({ wanted, local }).then(
  () => process.exit(0),
  (error) => process.exit(exitOf(error)),
);
