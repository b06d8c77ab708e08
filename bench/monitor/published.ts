import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '../../fixtures/environments/schema.ts';
import { targetsOf } from '../../fixtures/environments/targets.ts';
import { realClock } from '../../synthetics/monitor/clock.ts';
import { Monitor } from '../../synthetics/monitor/monitor.ts';
import { minuteMs } from '../../synthetics/monitor/schedule.ts';
import { checksOf } from '../../synthetics/runners/prepare.ts';
import { closeExporter } from '../../telemetry/application-insights.ts';
import { openOutbox } from '../../telemetry/outbox.ts';
import { startProxy, type Trouble } from '../../tests/monitor/proxy.ts';
import { environmentAt, startShop } from '../../tests/monitor/shop-server.ts';
import { acceptAll, type Envelope, startIngestion } from '../../tests/support/ingestion.ts';
import { type BenchRow, rowOf } from '../rows.ts';

const well: Trouble = { kind: 'latency', ms: 0 };
/** How the stamps go down, all at once: one refuses, one takes every connection and never answers, which takes longest to tell. */
const outages = { refusing: { kind: 'reset' }, silent: { kind: 'half-open' } } as const satisfies Record<string, Trouble>;
const giveUpMs = 4 * minuteMs;

/** What arrived at the ingestion endpoint, by check. */
class Arrivals {
  readonly passed = new Set<string>();
  /** When the first result came that failed. */
  readonly failedMs = new Map<string, number>();

  note(items: readonly Envelope[]): void {
    for (const { data } of items) {
      const { journey, target } = data.baseData.properties;
      const check = `${journey}@${target}`;
      if (data.baseData.success) this.passed.add(check);
      else if (!this.failedMs.has(check)) this.failedMs.set(check, Date.now());
    }
  }
}

const monitorOf = (environment: Environment, folder: string): Monitor =>
  new Monitor({
    environment,
    tokens: () => ({ token: () => Promise.resolve('a-token') }),
    openOutbox: () => openOutbox(join(folder, 'outbox.db'), { now: Date.now }),
    underWayFolder: join(folder, 'under-way'),
    clock: realClock,
    log: { info: () => undefined, warn: () => undefined },
  });

/** From the begin of an outage to the receipt of each check's first result that says so, at the monitor's own pace; the longest. */
export async function benchMonitorPublished(): Promise<BenchRow> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-published-'));
  const arrivals = new Arrivals();
  const ingestion = await startIngestion((items, request) => {
    arrivals.note(items);
    return acceptAll(items, request);
  });
  const shop = await startShop();
  const names = Object.keys(outages) as (keyof typeof outages)[];
  const proxies = await Promise.all(names.map(async (name) => [name, await startProxy(shop.port, well)] as const));
  const environment = {
    ...environmentAt(Object.fromEntries(proxies.map(([name, { port }]) => [name, port]))),
    telemetry: { connectionString: ingestion.connectionString },
  };
  const checks = checksOf(environment, targetsOf(environment)).checks.map(
    (check) => `${check.journey.name}@${check.target.name}`,
  );
  const monitor = monitorOf(environment, folder);
  monitor.start();
  try {
    await until(() => checks.every((check) => arrivals.passed.has(check)), 'not all checks passed before the outage');
    const beganMs = Date.now();
    arrivals.failedMs.clear();
    for (const [name, proxy] of proxies) proxy.change(outages[name]);
    await until(() => checks.every((check) => arrivals.failedMs.has(check)), 'not all checks told of the outage');
    const seconds = checks.map((check) => ((arrivals.failedMs.get(check) ?? Number.NaN) - beganMs) / 1_000);
    const goal = { atMost: (minuteMs + environment.budgets.journeyMs) / 1_000 };
    return rowOf('monitor: from an outage to its published result, the slowest check', 's', [Math.max(...seconds)], goal, 'long');
  } finally {
    for (const [, proxy] of proxies) await proxy.close();
    await monitor.stop(1_000);
    monitor.close();
    await closeExporter();
    await Promise.all([shop.close(), ingestion.close()]);
    rmSync(folder, { recursive: true });
  }
}

async function until(holds: () => boolean, otherwise: string): Promise<void> {
  for (const endsMs = Date.now() + giveUpMs; !holds(); await new Promise((resolve) => setTimeout(resolve, 50)))
    if (Date.now() > endsMs) throw new Error(otherwise);
}
