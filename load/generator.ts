import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, existsSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Collector } from './collector.ts';
import { CpuMeter } from './cpu.ts';
import { readLogLine } from './k6-log.ts';
import type { Generator } from './verdict/observation.ts';

const root = join(__dirname, '..');
/** Error lines that are kept; all are counted, and all stand in the log file. */
const keptErrorLines = 10;
/** k6 ends what runs when it is told to stop; after this long it is killed. */
const stopMs = 10_000;
/** Start-up, setup and the graceful stop on top of the duration. */
const extraMs = 90_000;

interface GeneratorOptions {
  readonly script: string;
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly durationSeconds: number;
  readonly logFile: string;
  readonly k6?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called once a second while k6 runs. */
  readonly everySecond: () => void;
  /** Asked once a second: true ends the run, which then is no interruption. */
  readonly enough?: (() => boolean) | undefined;
}

/** The k6 that set-up has made, else the one on PATH. */
export function k6Path(): string {
  const own = join(root, '.local', 'bin', 'k6');
  return existsSync(own) ? own : 'k6';
}

/**
 * Runs k6 to its end and feeds its samples to the collector. They come over stdout as CSV: nothing is left on disk, it works
 * without named pipes, and a k6 whose reader is gone dies of the broken pipe.
 * @throws Error (ENOENT) where there is no k6
 */
export async function runGenerator(options: GeneratorOptions, collector: Collector): Promise<Generator> {
  const child = spawnK6(options);
  const exited = exitOf(child);
  const log = followLog(child, options.logFile);
  const read = followSamples(child, collector);
  const cpu = new CpuMeter(child.pid ?? 0);
  let enough = false;
  const second = setInterval(() => {
    // Compiling the script and starting virtual users is no load.
    if (collector.recent()) cpu.read(Date.now());
    options.everySecond();
    if (enough || options.enough?.() !== true) return;
    enough = true;
    child.kill('SIGINT');
  }, 1000);
  const unstop = stopOn(child, options);
  try {
    const { exitCode, signal } = await exited;
    await Promise.all([read, log.closed]);
    return { exitCode, signal, interrupted: options.signal?.aborted ?? false, enough, ...log.errors(), ...cpu.use() };
  } finally {
    clearInterval(second);
    unstop();
  }
}

/** How k6 runs here: no control port, so that two runs can share a machine; no usage report, which would leave it. */
export const k6Run = ['run', '--quiet', '--no-color', '--address', '', '--no-usage-report'] as const;
/** How it tells its samples: CSV costs it less than JSON, and milliseconds are what seconds are cut from. */
export const samplesOut = { args: ['--out', 'csv=-'], variables: { K6_CSV_TIME_FORMAT: 'unix_milli' } } as const;
/**
 * Rows of samples are garbage as soon as they are written. k6 collects when its heap is three times what lives, not twice: that
 * saves about what writing them costs, for half more memory. Who sets GOGC knows better.
 */
export const garbage = { GOGC: '200' } as const;

function spawnK6({ script, variables, k6 }: GeneratorOptions): ChildProcess {
  const args = [...k6Run, ...samplesOut.args, script];
  const env = { ...garbage, ...variables, ...samplesOut.variables };
  // A process group of its own: Ctrl-C reaches k6 once, through us. Told twice, it would end without its last samples.
  return spawn(k6 ?? k6Path(), args, {
    cwd: root,
    env: env as NodeJS.ProcessEnv,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
}

function exitOf(child: ChildProcess): Promise<Pick<Generator, 'exitCode' | 'signal'>> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (exitCode, signal) => resolve({ exitCode, signal }));
  });
}

function followSamples(child: ChildProcess, collector: Collector): Promise<void> {
  return new Promise((resolve) => {
    const stream = collector.stream();
    child.stdout?.setEncoding('utf8');
    child.stdout?.on('data', (piece: string) => stream.add(piece));
    child.stdout?.once('close', resolve);
  });
}

function followLog(child: ChildProcess, file: string) {
  const errorLines: string[] = [];
  let errorCount = 0;
  // Opened here and now: where k6 can't be started its folder may be gone before a stream would open it.
  const copy = createWriteStream(file, { fd: openSync(file, 'w') });
  const lines = createInterface({ input: child.stderr ?? process.stdin });
  lines.on('line', (line) => {
    copy.write(`${line}\n`);
    const entry = readLogLine(line);
    if (!entry) return;
    if (entry.inIteration) errorCount += 1;
    if (errorLines.length < keptErrorLines) errorLines.push(entry.message);
  });
  const closed = new Promise<void>((resolve) => lines.once('close', () => copy.end(resolve)));
  return { closed, errors: () => ({ errorLines, errorCount }) };
}

/** Stops k6 when asked to, kills one that doesn't stop or outlives its time. Returns how to call it off. */
function stopOn(child: ChildProcess, { signal, durationSeconds }: GeneratorOptions): () => void {
  const kill = () => child.kill('SIGKILL');
  let late = setTimeout(kill, durationSeconds * 1000 + extraMs);
  const stop = () => {
    child.kill('SIGINT');
    clearTimeout(late);
    late = setTimeout(kill, stopMs);
  };
  if (signal?.aborted) stop();
  signal?.addEventListener('abort', stop, { once: true });
  return () => {
    clearTimeout(late);
    signal?.removeEventListener('abort', stop);
  };
}
