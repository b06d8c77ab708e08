/** A monitor in a process of its own, which says what it used and what it counted: `<Served as JSON> <minutes>`. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import type { Environment } from '../../fixtures/environments/schema.ts';
import { targetsOf } from '../../fixtures/environments/targets.ts';
import { IncidentStore } from '../../health/incident-store.ts';
import type { RoundOutcome } from '../../health/round.ts';
import { MonitorHealth } from '../../scripts/monitor-health.ts';
import { MonitorStatus } from '../../scripts/monitor-status.ts';
import { realClock } from '../../synthetics/monitor/clock.ts';
import type { Log } from '../../synthetics/monitor/log.ts';
import { Monitor } from '../../synthetics/monitor/monitor.ts';
import type { AvailabilityResult } from '../../synthetics/result.ts';
import { checksOf } from '../../synthetics/runners/prepare.ts';
import { tokenSource } from '../../synthetics/runners/token.ts';
import { openOutbox } from '../../telemetry/outbox.ts';
import { aResult } from '../../tests/support/results.ts';
import { environmentAt, type Own, type Served } from './setting.ts';

const warmUpMs = 20_000;
const minuteMs = 60_000;
const stopWithinMs = 15_000;
const sampleEveryMs = 1_000;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Faults are said, the rest is what the counters tell. */
const log: Log = {
  info: () => undefined,
  warn: (event, fields) => console.error(event, JSON.stringify(fields).slice(0, 300)),
};

/** As after a restart of a monitor that has run for days: so much is then in memory, and no more comes. */
function* anHourOfResults(environment: Environment): Generator<AvailabilityResult> {
  const { checks } = checksOf(environment, targetsOf(environment));
  const nowMs = Date.now();
  for (let minute = 60; minute > 0; minute -= 1) {
    const startedAt = new Date(nowMs - minute * minuteMs).toISOString();
    for (const { journey, target } of checks) {
      if (environment.monitor.everyMinutes[journey.name] !== undefined && minute > 1) continue;
      const { headers: _, ...where } = target;
      yield {
        ...aResult(0),
        id: randomBytes(8).toString('hex'),
        journey: journey.name,
        target: where,
        startedAt,
        durationMs: 80 + Math.random(),
      };
    }
  }
}

function judgesOf(environment: Environment, folder: string): { readonly health: MonitorHealth; readonly status: MonitorStatus } {
  const openStore = () => new IncidentStore(join(folder, 'incidents.db'));
  const given = { resultsSince: () => anHourOfResults(environment), openStore, nowMs: Date.now, log };
  const status = new MonitorStatus({ ...given, environment, underWayFolder: join(folder, 'under-way') });
  const onOutcome = (outcome: RoundOutcome) => status.judge(outcome);
  const health = new MonitorHealth({ ...given, sinceMs: Date.now(), dryRun: false, onOutcome });
  health.begin(environment);
  return { health, status };
}

async function run(served: Served, minutes: number): Promise<void> {
  tls.setDefaultCACertificates([...tls.getCACertificates('default'), ...served.ca]);
  const folder = mkdtempSync(join(tmpdir(), 'bench-monitor-'));
  const environment = environmentAt(served);
  const { health, status } = judgesOf(environment, folder);
  const monitor = new Monitor({
    environment,
    tokens: ({ auth }) => tokenSource(auth, {}),
    openOutbox: () => openOutbox(join(folder, 'outbox.db'), { now: Date.now }),
    underWayFolder: join(folder, 'under-way'),
    clock: realClock,
    log,
    afterRound(round) {
      status.ended(round);
      return health.afterRound(round);
    },
  });
  const server = await status.serve(monitor, 0, undefined);
  monitor.start();
  await pause(warmUpMs);
  const fromMs = Date.now();
  const [before, startedMs] = [process.cpuUsage(), performance.now()];
  const memoryMb: number[] = [];
  for (let minute = 0; minute < minutes; minute += 1) memoryMb.push(await mostMemoryMb(fromMs + (minute + 1) * minuteMs));
  const { user, system } = process.cpuUsage(before);
  const cpuPercent = ((user + system) / 1_000 / (performance.now() - startedMs)) * 100;
  const span = { fromMs, toMs: fromMs + minutes * minuteMs };
  await monitor.stop(stopWithinMs);
  const { waiting: undelivered } = monitor.health().outbox;
  process.send?.({ span, ...(await counted(monitor)), undelivered, cpuPercent, memoryMb } satisfies Own);
  monitor.close();
  health.close();
  await server.close();
  rmSync(folder, { recursive: true });
  process.exit();
}

async function mostMemoryMb(untilMs: number): Promise<number> {
  let most = 0;
  for (;;) {
    most = Math.max(most, process.memoryUsage.rss() / 1e6);
    const leftMs = untilMs - Date.now();
    if (leftMs <= 0) return most;
    await pause(Math.min(leftMs, sampleEveryMs));
  }
}

/** As anybody reads them on /metrics. */
async function counted({ metrics: { registry } }: Monitor): Promise<Pick<Own, 'started' | 'notStarted' | 'finished' | 'passed'>> {
  const metrics = await registry.getMetricsAsJSON();
  const sum = (name: string, of: string, labels: Readonly<Record<string, string>> = {}) => {
    const values = metrics.find((metric) => metric.name === name)?.values as
      | { value: number; metricName?: string; labels: Record<string, string | number> }[]
      | undefined;
    if (!values) throw new Error(`no metric ${name}`);
    return values
      .filter(({ metricName }) => (metricName ?? name) === of)
      .filter((value) => Object.entries(labels).every(([label, wanted]) => value.labels[label] === wanted))
      .reduce((total, { value }) => total + value, 0);
  };
  const [results, delays] = ['synthetics_results_total', 'synthetics_start_delay_seconds'];
  return {
    started: sum(delays, `${delays}_count`),
    notStarted: sum('synthetics_checks_not_started_total', 'synthetics_checks_not_started_total'),
    finished: sum(results, results),
    passed: sum(results, results, { outcome: 'passed' }),
  };
}

void run(JSON.parse(process.argv[2] ?? '') as Served, Number(process.argv[3]));
