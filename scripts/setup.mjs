// Sets up what is missing, then runs a script on the Node that this project pins:
//   node scripts/setup.mjs [--tests] [script.ts [arguments]]
// Plain Node >= 18 without a dependency, because it runs before there are any. The script is started from here, not by
// `&&` in package.json: a shell remembers where it found `node` and would take the old one again after the set-up.
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { foldersAside, removeFoldersAside } from './setup/aside.mjs';
import { ifUnlocked, withLock } from './setup/lock.mjs';
import { Interrupted, SetupError } from './setup/process.mjs';
import { paths, steps } from './setup/steps.mjs';

/**
 * Installs what is missing of the given steps, in their order; under a lock, so that two set-ups don't collide.
 * @param {{ wanted: readonly import('./setup/steps.mjs').Step[], local: string, say?: (line: string) => void }} options
 * @returns {Promise<string[]>} the names of the steps that were missing
 */
export async function setUp({ wanted, local, say = (line) => console.error(line) }) {
  const lock = join(local, 'setup.lock');
  if (wanted.every((step) => step.present())) {
    // A set-up can be killed when all is done but the sweeping.
    if (foldersAside(local).length > 0) ifUnlocked(lock, () => removeFoldersAside(local));
    return [];
  }
  mkdirSync(local, { recursive: true });
  return withLock(lock, say, async () => {
    removeFoldersAside(local);
    const installed = [];
    for (const step of wanted) {
      // Looked at again, and only now: another set-up may have done it meanwhile, or an earlier step brought it along.
      if (step.present()) continue;
      say(`set-up: ${step.name} is missing; ${step.about}`);
      await step.install(say);
      if (!step.present()) throw new SetupError(`${step.name} is still missing after its installation`);
      installed.push(step.name);
    }
    return installed;
  });
}

const starter = process.ppid;
const starterLookMs = 500;

/**
 * `kill` of an npm reaches the shell that npm put in between, which ends without passing it on, and what runs here would
 * stay for ever. Where no npm started it, a shell may end and mean nothing by it.
 */
function onStarterGone(act) {
  if (!process.env.npm_lifecycle_event) return undefined;
  const look = setInterval(() => {
    if (process.ppid === starter) return;
    clearInterval(look);
    act();
  }, starterLookMs);
  return look.unref();
}

/** Runs a script with the tools of the project first on PATH and returns its exit code. */
function run(script, args) {
  const env = { ...process.env, PATH: [paths.bin, paths.nodeBin, process.env.PATH].join(delimiter) };
  const flags = ['--disable-warning=ExperimentalWarning', '-r', paths.register];
  const child = spawn(paths.node(), [...flags, join(paths.root, script), ...args], { stdio: 'inherit', env });
  const look = onStarterGone(() => child.kill('SIGTERM'));
  // Ctrl-C reaches the child by itself, as the terminal's whole group gets it; other senders reach only this process.
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'));
  // The child is told once: a second signal would end it at once.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => clearInterval(look));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
  });
}

async function main([first, ...rest]) {
  const tests = first === '--tests';
  const [script, ...args] = tests ? rest : [first, ...rest];
  const wanted = steps.filter(({ level }) => tests || level === 'start');
  await setUp({ wanted, local: paths.local });
  return script === undefined ? 0 : run(script, args);
}

/** The exit code of a set-up that did not end well; says what to do. */
export function exitOf(error, say = console.error) {
  const interrupted = error instanceof Interrupted;
  if (interrupted) say('set-up interrupted; the next command takes it up again');
  else say(error instanceof SetupError ? `set-up failed: ${error.message}` : error);
  return interrupted ? 130 : 3;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  main(process.argv.slice(2)).then(
    (code) => process.exit(code),
    (error) => process.exit(exitOf(error)),
  );
}
