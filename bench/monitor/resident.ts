/** A monitor in a process of its own, which says what it used and what it counted: `<Served as JSON> <minutes>`. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { realClock } from '../../synthetics/monitor/clock.ts';
import type { Log } from '../../synthetics/monitor/log.ts';
import { Monitor } from '../../synthetics/monitor/monitor.ts';
import { openOutbox } from '../../telemetry/outbox.ts';
import { environmentAt } from '../../tests/monitor/shop-server.ts';
import { checksAt, type Own, type Served } from './setting.ts';

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

async function run({ endpoint, ca, connectionString }: Served, minutes: number): Promise<void> {
  tls.setDefaultCACertificates([...tls.getCACertificates('default'), ...ca]);
  const folder = mkdtempSync(join(tmpdir(), 'bench-monitor-'));
  const monitor = new Monitor({
    // Without retries: a start is then a check's.
    environment: { ...environmentAt({ shop: 1 }, { retries: { count: 0, spacingMs: 0 } }), telemetry: { connectionString } },
    tokens: () => ({ token: () => Promise.resolve('token') }),
    openOutbox: () => openOutbox(join(folder, 'outbox.db'), { now: Date.now }),
    underWayFolder: join(folder, 'under-way'),
    clock: realClock,
    log,
    checks: () => checksAt(endpoint),
  });
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
  const { waiting: undelivered } = monitor.health().outbox as { waiting: number };
  process.send?.({ span, ...(await counted(monitor)), undelivered, cpuPercent, memoryMb } satisfies Own);
  monitor.close();
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
