import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findBrowser, installBrowser } from './browser.mjs';
import { dependencies } from './dependencies.mjs';
import { goInstall } from './go.mjs';
import { installK6Release } from './k6-release.mjs';
import { pinned } from './pinned.mjs';
import { outputOf, SetupError, which } from './process.mjs';
import { venv } from './python.mjs';

/**
 * @typedef {object} Step
 * @property {string} name what is set up
 * @property {'start' | 'tests'} level tests: needed by `npm test` alone
 * @property {string} about what happens when it is missing, and how long that takes
 * @property {() => boolean} present quick: it runs before every command
 * @property {(say: (line: string) => void) => Promise<unknown>} install leaves nothing half done: works aside, renames at the end
 */

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const local = join(root, '.local');
const bin = join(local, 'bin');
const nodeBin = join(root, 'node_modules', '.bin');
const windows = process.platform === 'win32' ? '.exe' : '';
const ownNodeMajor = Number(process.versions.node.split('.')[0]);
const neededNodeMajor = 24;
const pinnedNode = () => pinnedNodeIn(join(root, 'node_modules'));

export const paths = {
  root,
  local,
  bin,
  nodeBin,
  /** Loads TypeScript. */
  register: join(root, 'scripts', 'register.cjs'),
  /** The pinned Node where its platform has one, else the one that runs this, which is then new enough. */
  node: () => pinnedNode() ?? process.execPath,
};

/** The binary itself, not its link in `.bin`, which is a script on Windows. */
function pinnedNodeIn(modules) {
  const { platform, arch } = process;
  const file = join(modules, `node-${platform === 'win32' ? 'win' : platform}-${arch}`, 'bin', `node${windows}`);
  return existsSync(file) ? file : undefined;
}

const k6 = pinned('k6', 'v1.8.1', bin);
const k6Minor = 8;

/** k6 on PATH counts from 1.8 on, where there is none of our own: that would come before it on PATH. */
function k6Present() {
  if (k6.installed()) return k6.present();
  const [, major = '0', minor = '0'] = /k6(?:\.exe)? v(\d+)\.(\d+)/.exec(outputOf(which('k6'), ['version'])) ?? [];
  return Number(major) > 1 || (Number(major) === 1 && Number(minor) >= k6Minor);
}

async function installK6(say) {
  if (which('go')) return goInstall('go.k6.io/k6', k6, { local, say });
  return installK6Release(k6, { local, say });
}

/** @returns {Step} */
function goTool(name, module, version) {
  const pin = pinned(name, version, bin);
  return {
    name: `${name} ${version}`,
    level: 'tests',
    about: 'building it with Go takes about 20 seconds',
    present: pin.present,
    install: (say) => goInstall(module, pin, { local, say }),
  };
}

/** @type {readonly Step[]} */
export const steps = [
  { name: 'npm packages', level: 'start', about: 'npm ci takes about a minute', ...dependencies(root) },
  {
    name: `Node ${neededNodeMajor}`,
    level: 'start',
    about: 'npm brings it for Linux (x64, arm64) and Windows (x64)',
    present: () => pinnedNode() !== undefined || ownNodeMajor >= neededNodeMajor,
    install: async () => {
      throw new SetupError(
        `this platform has no pinned Node: install Node ${neededNodeMajor} or later and run the command with it`,
      );
    },
  },
  {
    name: `k6 ${k6.version}`,
    level: 'start',
    about: 'building it with Go takes about 100 seconds on two cores',
    present: k6Present,
    install: installK6,
  },
  {
    name: 'a browser',
    level: 'tests',
    about: 'looking for one to download',
    present: () => findBrowser(root) !== undefined,
    install: (say) => installBrowser(root, say),
  },
  goTool('actionlint', 'github.com/rhysd/actionlint/cmd/actionlint', 'v1.7.12'),
  goTool('kubeconform', 'github.com/yannh/kubeconform/cmd/kubeconform', 'v0.8.0'),
  {
    name: 'Python packages',
    level: 'tests',
    about: 'a virtual environment with duckdb-kql takes about 20 seconds',
    ...venv(join(local, 'python'), [
      'duckdb-kql[duckdb]==1.1.2',
      'duckdb==2.0.0',
      'antlr4-python3-runtime==4.13.2',
      'pytz==2026.6',
    ]),
  },
];
