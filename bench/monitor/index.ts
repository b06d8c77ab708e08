import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { bundled } from '../../scripts/bundle.ts';
import { residentFlags } from '../../scripts/resident-flags.ts';
import { typescript } from '../../scripts/typescript.ts';
import { type BenchRow, type Goal, rowOf } from '../rows.ts';
import type { Own, Served, Tally } from './setting.ts';

interface Measured extends Own, Tally {
  /** Checks due that did not lead to exactly one result, and what servers and monitor count differently. */
  readonly missed: number;
}

/** One run serves all rows of a tier. */
const runs = new Map<number, Promise<Measured>>();

const measured = (minutes: number): Promise<Measured> => {
  const run = runs.get(minutes) ?? measure(minutes);
  runs.set(minutes, run);
  return run;
};

/** Loopback has no latency of its own: the server adds it. */
const startServers = (protocol: string): ChildProcess =>
  fork(join(__dirname, 'servers.ts'), [protocol], { execArgv: [...typescript] });

/** As `npm run monitor` starts it. */
const startMonitor = async (served: Served, minutes: number): Promise<ChildProcess> =>
  fork(await bundled('bench/monitor/resident.ts'), [JSON.stringify(served), String(minutes)], {
    execArgv: ['--disable-warning=ExperimentalWarning', ...residentFlags],
  });

/** The next message of a process, unless it ends before. */
async function told<T>(child: ChildProcess, name: string): Promise<T> {
  const ended = once(child, 'exit').then(([code]) => Promise.reject(new Error(`the ${name} ended with ${code}`)));
  const [message] = (await Promise.race([once(child, 'message'), ended])) as [T];
  return message;
}

async function measure(minutes: number, protocol = 'https'): Promise<Measured> {
  const servers = startServers(protocol);
  let monitor: ChildProcess | undefined;
  try {
    const served = await told<Served>(servers, 'servers');
    monitor = await startMonitor(served, minutes);
    const own = await told<Own>(monitor, 'monitor');
    if (monitor.exitCode === null) await once(monitor, 'exit');
    servers.send(own.span);
    const tally = await told<Tally>(servers, 'servers');
    const { due, seen, results, journeys } = tally;
    const { started, finished, passed, notStarted } = own;
    // Each is the same number, counted in another place.
    const differ = [finished, passed, results, journeys].reduce((sum, count) => sum + Math.abs(count - started), 0);
    return { ...own, ...tally, missed: due - seen + notStarted + differ };
  } finally {
    for (const child of [monitor, servers]) if (child?.exitCode === null) child.kill();
  }
}

const row =
  (name: string, unit: string, goal: Goal, value: (seen: Measured) => number, minutes: number, tier: BenchRow['tier']) =>
  async (): Promise<BenchRow> =>
    rowOf(`monitor, 1,000 targets × 5 journeys a minute: ${name}`, unit, [value(await measured(minutes))], goal, tier);

const shortMinutes = 2;
const longMinutes = 30;
/** From the fifth minute to the last: growth that goes on. */
const growthMb = ({ memoryMb }: Measured) =>
  (memoryMb.at(-1) ?? Number.NaN) - (memoryMb[Math.min(4, memoryMb.length - 1)] ?? Number.NaN);

export const benchMonitorMissed = row('checks missed', 'checks', { atMost: 0 }, (s) => s.missed, shortMinutes, 'default');
export const benchMonitorDelay = row(
  '99th percentile of start delay',
  'ms',
  { atMost: 50 },
  (s) => s.delayP99Ms,
  shortMinutes,
  'default',
);
export const benchMonitorCpu = row('CPU', '% of a core', { atMost: 50 }, (s) => s.cpuPercent, shortMinutes, 'default');
export const benchMonitorMemory = row('memory', 'MB', { atMost: 300 }, (s) => Math.max(...s.memoryMb), shortMinutes, 'default');
export const benchMonitorFlat = row('growth of memory over 30 minutes', 'MB', { atMost: 30 }, growthMb, longMinutes, 'long');

if (require.main === module)
  void measure(Number(process.argv[2] ?? shortMinutes), process.argv[3]).then((seen) => console.log(JSON.stringify(seen)));
