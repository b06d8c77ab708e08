import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { typescript } from '../../scripts/typescript.ts';

export const root = join(__dirname, '..', '..');

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** stdout and stderr, in order of arrival. */
  readonly output: string;
}

export interface Command {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly ended: Promise<Ended>;
}

/** Runs a program in a process group of its own, as a shell does, without colours; unset variables are those with the value undefined. */
export function command(file: string, args: readonly string[], variables: NodeJS.ProcessEnv = {}, cwd = root): Command {
  const env = { ...process.env, FORCE_COLOR: undefined, NO_COLOR: '1', NODE_OPTIONS: undefined, ...variables };
  const child = spawn(file, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
    });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, output }));
  });
  return { child, output: () => output, ended };
}

/** A script of ours, by the name that `npm run` knows it under. */
export const script = (name: string, args: readonly string[], variables: NodeJS.ProcessEnv = {}) =>
  command(process.execPath, [...typescript, join(root, 'scripts', `${name}.ts`), ...args], variables);

/** Processes whose command line or variables hold the marker, this one left out: `12 k6 run …`. */
export function processesWith(marker: string): string[] {
  const pids = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid);
  return pids.flatMap((pid) => {
    const line = textOf(`/proc/${pid}/cmdline`);
    return line.includes(marker) || textOf(`/proc/${pid}/environ`).includes(marker)
      ? [`${pid} ${line.replaceAll('\0', ' ')}`]
      : [];
  });
}

/** Empty for a process that ended meanwhile, or is somebody else's. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
