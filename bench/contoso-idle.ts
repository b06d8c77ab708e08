import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { loadEnvironment } from '../fixtures/environments/load.ts';
import { bundled } from '../scripts/bundle.ts';
import { freePorts } from '../tests/support/free-ports.ts';
import { type BenchRow, rowOf } from './rows.ts';

/** What `npm run local` takes while nobody asks anything of it, in the process and the form in which users run it. */
interface Usage {
  /** User and system, of all threads. */
  readonly cpuMs: number;
  readonly rssMb: number;
}

const root = join(__dirname, '..');
/** Until it has settled: an edge counts as idle after five minutes of control-plane time. */
const settlingMs = 8_000;
/** Long enough that collections of garbage are in each. */
const sliceMs = 6_000;
const slices = 3;
const starts = 3;

interface Idle {
  /** Of one core, percent, a slice each. */
  readonly shares: readonly number[];
  readonly sizesMb: readonly number[];
}

/** One run serves both rows; a row that is measured once more has a run of its own. */
let unread: Promise<Idle> | undefined;

export async function benchContosoIdleCpu(): Promise<BenchRow> {
  unread = withStore(idle);
  return rowOf('local store: CPU while idle, of one core', '%', (await unread).shares, { atMost: 2 });
}

export async function benchContosoIdleMemory(): Promise<BenchRow> {
  const run = unread ?? withStore(idle);
  unread = undefined;
  return rowOf('local store: memory while idle', 'MB', (await run).sizesMb, { atMost: 250 });
}

async function idle(usage: () => Promise<Usage>): Promise<Idle> {
  const shares: number[] = [];
  const sizesMb: number[] = [];
  let [before, at] = [await usage(), performance.now()];
  for (let slice = 0; slice < slices; slice += 1) {
    await wait(sliceMs);
    const [after, now] = [await usage(), performance.now()];
    shares.push(((after.cpuMs - before.cpuMs) / (now - at)) * 100);
    sizesMb.push(after.rssMb);
    [before, at] = [after, now];
  }
  return { shares, sizesMb };
}

/** From the command to the line that says it runs. */
export const benchContosoStart = (): Promise<BenchRow> =>
  withEnvironment(async (file) => {
    const seconds: number[] = [];
    for (let start = 0; start < starts; start += 1) {
      const before = performance.now();
      const child = spawn(process.execPath, ['scripts/setup.mjs', 'scripts/local.ts', '--env', file], {
        cwd: root,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await running(child);
      seconds.push((performance.now() - before) / 1_000);
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    return rowOf('local store: start', 's', seconds, { atMost: 3 });
  });

/** @throws Error when it ends before it runs */
async function running(child: ChildProcess): Promise<void> {
  let said = '';
  for await (const chunk of child.stdout ?? []) {
    said += String(chunk);
    if (said.includes('Ctrl-C stops it')) return;
  }
  throw new Error(`the store did not start: ${said}`);
}

/** Answers with its own usage: the store itself has no such message. */
const answering = `process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send({ kind: 'usage', cpuMs: (user + system) / 1_000, rssMb: process.memoryUsage.rss() / 1_048_576 });
});`;

function withStore<T>(use: (usage: () => Promise<Usage>) => Promise<T>): Promise<T> {
  return withEnvironment(async (file) => {
    const execArgv = [
      '--disable-warning=ExperimentalWarning',
      '--import',
      `data:text/javascript,${encodeURIComponent(answering)}`,
    ];
    const child = fork(await bundled('scripts/local-run.ts'), ['--env', file], { cwd: root, execArgv });
    try {
      const ended = once(child, 'exit').then(([code]) => Promise.reject(new Error(`the store ended with ${code}`)));
      const told = async <A>() => (await Promise.race([once(child, 'message'), ended]))[0] as A;
      const { kind, message } = await told<{ kind: string; message?: string }>();
      if (kind !== 'ready') throw new Error(`the store did not start: ${message}`);
      await wait(settlingMs);
      return await use(async () => {
        child.send('usage');
        return told<Usage>();
      });
    } finally {
      if (child.connected) {
        child.disconnect();
        await once(child, 'exit');
      }
    }
  });
}

/** local.json under another name and on free ports, so that a store that runs already is left alone. */
async function withEnvironment<T>(use: (file: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  try {
    const file = join(folder, 'environment.json');
    const text = JSON.stringify({ ...loadEnvironment('local', {}), name: 'bench-idle' });
    const ports = [...new Set(text.match(/(?<=localhost:)\d+/g))];
    const free = await freePorts(ports.length);
    writeFileSync(
      file,
      text.replace(/(?<=localhost:)\d+/g, (port) => String(free[ports.indexOf(port)])),
    );
    return await use(file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
