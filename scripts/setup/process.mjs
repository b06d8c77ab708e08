import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** What stops a set-up, said so that a person can mend it; exit code 3. */
export class SetupError extends Error {}

/** How often a step that takes long says that it is still at work. */
const progressEveryMs = 10_000;
const tailLines = 15;

/** Runs a program and tells the time passed every ten seconds; its output is shown only if it fails. */
export function runStep(program, args, { say, env = {}, cwd } = {}) {
  const started = Date.now();
  const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output = `${output}${chunk}`.slice(-20_000)));
  const progress = setInterval(
    () => say(`set-up: ${program} ${args[0] ?? ''}, ${Math.round((Date.now() - started) / 1000)} s so far`),
    progressEveryMs,
  );
  const stop = (signal) => child.kill(signal);
  process.once('SIGINT', stop).once('SIGTERM', stop);
  return new Promise((resolve, reject) => {
    child.on('error', (cause) => reject(new SetupError(`${program} could not be started: ${cause.message}`, { cause })));
    child.on('close', (code, signal) => {
      if (code === 0) return resolve(output);
      const tail = output.trim().split('\n').slice(-tailLines).join('\n');
      reject(new SetupError(`${program} ${args.join(' ')} ended with ${signal ?? code}\n${tail}`));
    });
  }).finally(() => {
    clearInterval(progress);
    process.off('SIGINT', stop).off('SIGTERM', stop);
  });
}

/** The path of a program in the given folders and on PATH, the first found. */
export function which(program, folders = []) {
  const names = process.platform === 'win32' ? [`${program}.exe`, `${program}.cmd`] : [program];
  const places = [...folders, ...(process.env.PATH ?? '').split(delimiter)].filter((place) => place !== '');
  return places.flatMap((place) => names.map((name) => join(place, name))).find(isExecutable);
}

export function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** What a program prints, or nothing if it can't be run. */
export function outputOf(program, args) {
  return program === undefined ? '' : (spawnSync(program, args, { encoding: 'utf8', timeout: 20_000 }).stdout ?? '');
}
