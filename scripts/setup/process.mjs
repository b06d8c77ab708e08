import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { descendantsOf } from './process-table.mjs';

/** What stops a set-up, said so that a person can mend it; exit code 3. */
export class SetupError extends Error {}

/** Ctrl-C or SIGTERM: what had been started has ended. */
export class Interrupted extends Error {}

/** How often a step that takes long says that it is still at work. */
const progressEveryMs = 10_000;
const killAfterMs = 3_000;
const tailLines = 15;
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Runs a program and tells the time passed every ten seconds; its output is shown only if it fails. */
export async function runStep(program, args, { say, env = {}, cwd } = {}) {
  const started = Date.now();
  // Before the program runs: a signal in between would end this process alone, and leave the program behind.
  const stopping = stopOnSignal(() => child.pid);
  const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output = `${output}${chunk}`.slice(-20_000)));
  const progress = setInterval(
    () => say(`set-up: ${program} ${args[0] ?? ''}, ${Math.round((Date.now() - started) / 1000)} s so far`),
    progressEveryMs,
  );
  try {
    const ended = await endOf(child, program);
    if (stopping.signal) throw new Interrupted(`interrupted by ${stopping.signal}`);
    if (ended === 0) return output;
    const tail = output.trim().split('\n').slice(-tailLines).join('\n');
    throw new SetupError(`${program} ${args.join(' ')} ended with ${ended}\n${tail}`);
  } finally {
    clearInterval(progress);
    stopping.done();
  }
}

function endOf(child, program) {
  return new Promise((resolve, reject) => {
    child.on('error', (cause) => reject(new SetupError(`${program} could not be started: ${cause.message}`, { cause })));
    child.on('close', (code, signal) => resolve(signal ?? code));
  });
}

/**
 * Passes a signal on to the program and all it has started: npm and go end without waiting for their own. They stay in
 * this process's group, so that whoever kills the group kills them too.
 */
function stopOnSignal(pidOf) {
  const stopping = { signal: undefined, done: () => undefined };
  let hard;
  const stop = (signal) => {
    stopping.signal ??= signal;
    const family = [pidOf(), ...descendantsOf(pidOf())];
    for (const pid of family) kill(pid, signal);
    hard ??= setTimeout(() => {
      for (const pid of [...family, ...descendantsOf(pidOf())]) kill(pid, 'SIGKILL');
    }, killAfterMs);
  };
  for (const signal of signals) process.on(signal, stop);
  stopping.done = () => {
    clearTimeout(hard);
    for (const signal of signals) process.off(signal, stop);
  };
  return stopping;
}

function kill(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // It has ended by itself.
    if (error.code !== 'ESRCH') throw error;
  }
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
