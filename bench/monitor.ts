import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import type { RunAttempt } from '../synthetics/monitor/attempts.ts';
import { realClock } from '../synthetics/monitor/clock.ts';
import { Monitor } from '../synthetics/monitor/monitor.ts';
import { minuteMs, schedule } from '../synthetics/monitor/schedule.ts';
import { runOnNode } from '../synthetics/runners/node.ts';
import type { Check } from '../synthetics/runners/prepare.ts';
import { openOutbox } from '../telemetry/outbox.ts';
import { manyChecks } from '../tests/monitor/checks.ts';
import { environmentAt, startShop } from '../tests/monitor/shop-server.ts';
import { startIngestion } from '../tests/support/ingestion.ts';
import { type BenchRow, type Goal, quantile, rowOf } from './rows.ts';

const targets = 1_000;
const latencyMs = 20;

interface Peer {
  readonly shopPort: number;
  readonly ca: string;
  readonly connectionString: string;
}

interface Measured {
  readonly delayP99Ms: number;
  /** Of one core, over the whole minutes. */
  readonly cpuPercent: number;
  /** Resident memory at the end of each minute. */
  readonly memoryMb: readonly number[];
  readonly results: number;
  readonly missed: number;
}

/** One run serves all rows of a tier. */
const runs = new Map<number, Promise<Measured>>();

const measured = (minutes: number): Promise<Measured> => {
  const run = runs.get(minutes) ?? measure(minutes);
  runs.set(minutes, run);
  return run;
};

async function measure(minutes: number): Promise<Measured> {
  const peer = fork(__filename, ['peer'], { execArgv: ['-r', 'ts-node/register'] });
  let monitor: ChildProcess | undefined;
  try {
    const [at] = (await once(peer, 'message')) as [Peer];
    monitor = fork(__filename, ['monitor', JSON.stringify(at), String(minutes)], { execArgv: ['-r', 'ts-node/register'] });
    const ended = once(monitor, 'exit').then(([code]) => Promise.reject(new Error(`the monitor ended with ${code}`)));
    const [seen] = (await Promise.race([once(monitor, 'message'), ended])) as [Measured];
    if (seen.missed > 0) throw new Error(`${seen.missed} checks were not started`);
    return seen;
  } finally {
    for (const child of [monitor, peer]) if (child?.exitCode === null) child.kill();
  }
}

const row =
  (name: string, unit: string, goal: Goal, value: (seen: Measured) => number, minutes: number, tier: BenchRow['tier']) =>
  async (): Promise<BenchRow> =>
    rowOf(`monitor, 1,000 targets × 5 journeys a minute: ${name}`, unit, [value(await measured(minutes))], goal, tier);

const shortMinutes = 2;
const longMinutes = 30;
/** From the first whole minute to the last: growth that goes on. */
const growthMb = ({ memoryMb }: Measured) =>
  (memoryMb.at(-1) ?? Number.NaN) - (memoryMb[Math.min(4, memoryMb.length - 1)] ?? Number.NaN);

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

/** The store and the ingestion endpoint, whose work is not the monitor's. */
async function servePeer(): Promise<void> {
  const [shop, ingestion] = await Promise.all([startShop(latencyMs), startIngestion(undefined, { trusted: false })]);
  process.on('disconnect', () => process.exit());
  const { ca, connectionString } = ingestion;
  process.send?.({ shopPort: shop.port, ca, connectionString } satisfies Peer);
}

async function runMonitor({ shopPort, ca, connectionString }: Peer, minutes: number): Promise<void> {
  tls.setDefaultCACertificates([...tls.getCACertificates('default'), ca]);
  const folder = mkdtempSync(join(tmpdir(), 'bench-monitor-'));
  // Without retries: a start is then a check's.
  const environment = {
    ...environmentAt({ shop: shopPort }, { retries: { count: 0, spacingMs: 0 } }),
    telemetry: { connectionString },
  };
  const checks: Check[] = manyChecks(targets).map(({ journey, target }) => ({
    journey,
    target: { ...target, endpoint: `http://127.0.0.1:${shopPort}` },
  }));
  const offsets = new Map(schedule(checks, {}).map(({ check, offsetMs }) => [check, offsetMs]));
  const delays: number[] = [];
  let results = 0;
  const run: RunAttempt = (given, evidence) => {
    const late = (realClock.now() % minuteMs) - (offsets.get(given.check) ?? 0);
    delays.push(late < 0 ? late + minuteMs : late);
    results += 1;
    return runOnNode({ ...given, evidence });
  };
  let missed = 0;
  const log = {
    info: (event: string, fields?: Readonly<Record<string, unknown>>) => {
      if (event === 'round') missed += Number(fields?.missed) + Number(fields?.overruns);
    },
    warn: (event: string, fields?: object) => console.error(event, JSON.stringify(fields).slice(0, 300)),
  };
  const monitor = new Monitor({
    environment,
    tokens: () => ({ token: () => Promise.resolve('token') }),
    openOutbox: () => openOutbox(join(folder, 'outbox.db'), { now: Date.now }),
    underWayFolder: folder,
    clock: realClock,
    log,
    checks: () => checks,
    run,
  });
  monitor.start();
  // Half a minute warms up.
  await pause(30_000);
  delays.length = 0;
  const [before, startedMs] = [process.cpuUsage(), performance.now()];
  const memoryMb: number[] = [];
  for (let minute = 0; minute < minutes; minute += 1) {
    await pause(minuteMs);
    memoryMb.push(process.memoryUsage().rss / 1e6);
  }
  const { user, system } = process.cpuUsage(before);
  const cpuPercent = ((user + system) / 1_000 / (performance.now() - startedMs)) * 100;
  process.send?.({ delayP99Ms: quantile(delays, 0.99), cpuPercent, memoryMb, results, missed } satisfies Measured);
  await monitor.stop(5_000);
  monitor.close();
  rmSync(folder, { recursive: true });
  process.disconnect();
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

if (require.main === module) {
  const [role, peer = '', minutes = ''] = process.argv.slice(2);
  if (role === 'peer') void servePeer();
  else if (role === 'monitor') void runMonitor(JSON.parse(peer) as Peer, Number(minutes));
  else
    void (async () => {
      for (const bench of [benchMonitorDelay, benchMonitorCpu, benchMonitorMemory]) console.table(await bench());
    })();
}
