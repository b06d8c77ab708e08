import { fileOf, wantedEnvironment } from '../fixtures/environments/load.ts';
import type { Environment } from '../fixtures/environments/schema.ts';
import { readVariables } from '../fixtures/environments/variables.ts';
import { IncidentStore } from '../health/incident-store.ts';
import { overpromised, overpromisedLine } from '../health/promises.ts';
import type { RoundOutcome } from '../health/round.ts';
import { realClock } from '../synthetics/monitor/clock.ts';
import { lockPath, takeLock } from '../synthetics/monitor/lock.ts';
import { jsonLog, type Log } from '../synthetics/monitor/log.ts';
import { Metrics } from '../synthetics/monitor/metrics.ts';
import { Monitor, type MonitorOptions } from '../synthetics/monitor/monitor.ts';
import { reloadOnChange } from '../synthetics/monitor/reload.ts';
import { underWayFolder } from '../synthetics/monitor/under-way.ts';
import { keepOverrun } from '../synthetics/round-lock.ts';
import { tokenSource } from '../synthetics/runners/token.ts';
import { openOutbox, outboxPath } from '../telemetry/outbox.ts';
import { keepTrusting, trustCertificates } from '../telemetry/trust.ts';
import { deliverable } from './deliverable.ts';
import { type ExitCode, parseFlags, runCommand, worstExit } from './exit-code.ts';
import { hasServerSignals, signalReaderOf } from './health-read.ts';
import { incidentsBeside } from './incidents.ts';
import { ensureStore } from './local-store.ts';
import { printEstimate } from './monitor-estimate.ts';
import { judgedGauges } from './monitor-gauges.ts';
import { MonitorHealth, type MonitorHealthOptions } from './monitor-health.ts';
import { MonitorStatus, statusToken } from './monitor-status.ts';
import { codesOf } from './round-codes.ts';

const flags = {
  once: { type: 'boolean' },
  estimate: { type: 'boolean' },
  'dry-run': { type: 'boolean' },
  outbox: { type: 'string' },
} as const;
type HealthOptions = Pick<MonitorHealthOptions, 'dryRun' | 'onOutcome'>;

const onceDeliveryMs = 20_000;

/**
 * `npm run monitor [-- --env <name or path>]`: every journey on every target, every minute, until Ctrl-C or SIGTERM.
 * `--once`: one round now, for schedulers of others, each minute. `--dry-run`: alerts are shown, and nothing is sent to anybody or kept.
 * `--estimate`: what a month of this costs. `--outbox <file>`: where results wait, and incidents beside it.
 * Exit codes: 0 stopped in order; of a round, the worst of its results; 2 where one is running already.
 */
async function main(signal: AbortSignal): Promise<ExitCode> {
  const { values } = parseFlags(flags);
  const nameOrPath = wantedEnvironment(values.env);
  const dryRun = values['dry-run'] ?? false;
  const read = () => (dryRun ? unwatched(deliverable(nameOrPath)) : deliverable(nameOrPath));
  const environment = read();
  const outboxFile = values.outbox ?? outboxPath(environment.name);
  if (values.estimate) {
    printEstimate(environment, outboxFile);
    return 0;
  }
  const log = jsonLog((line) => process.stdout.write(line), Date.now);
  const release = takeLock(lockPath(environment));
  if (!release) {
    log.warn('overrun', { reason: 'a round against these endpoints is still running: this one is not started' });
    if (values.once && !dryRun) keepOverrun(environment, outboxFile, Date.now());
    return 2;
  }
  trustCertificates();
  const store = environment.local ? await ensureStore(environment, nameOrPath) : undefined;
  const stopTrusting = store && keepTrusting(store.caFile);
  try {
    for (const each of overpromised(environment)) log.warn('objective', { reason: overpromisedLine(each) });
    const files = { outbox: outboxFile, incidents: incidentsBeside(values.outbox, environment) };
    const metrics = new Metrics();
    const status = statusOf(environment, log, files);
    const gauges = judgedGauges(metrics.registry);
    const onOutcome = (outcome: RoundOutcome) => {
      gauges(outcome);
      status.judge(outcome);
    };
    const health = healthOf(environment, log, files, { dryRun, onOutcome });
    const monitor = monitorOf(environment, log, dryRun ? undefined : outboxFile, { health, status, metrics });
    try {
      return await (values.once
        ? once(monitor, environment, log, signal)
        : resident(monitor, status, { file: fileOf(nameOrPath), read, environment }, log, signal));
    } finally {
      monitor.close();
      health.close();
    }
  } finally {
    stopTrusting?.();
    await store?.close();
    release();
  }
}

const openAt = (outbox: string, log: Log) =>
  openOutbox(outbox, { now: Date.now, warn: (message) => log.warn('outbox', { message }) });

interface Files {
  readonly outbox: string;
  readonly incidents: string;
}

const resultsOf = (outbox: string, log: Log) =>
  function* (since: number) {
    const kept = openAt(outbox, log);
    try {
      yield* kept.since(since);
    } finally {
      kept.close();
    }
  };

function healthOf(environment: Environment, log: Log, { outbox, incidents }: Files, options: HealthOptions): MonitorHealth {
  const resultsSince = resultsOf(outbox, log);
  const openStore = () => new IncidentStore(incidents, (unread) => log.warn('incident not read', { ...unread }));
  const signals = (of: Environment) => (hasServerSignals(of) ? signalReaderOf(of, log) : undefined);
  const health = new MonitorHealth({ resultsSince, openStore, nowMs: Date.now, log, sinceMs: Date.now(), signals, ...options });
  health.begin(environment);
  return health;
}

const statusOf = (environment: Environment, log: Log, { outbox, incidents }: Files): MonitorStatus =>
  new MonitorStatus({
    environment,
    resultsSince: resultsOf(outbox, log),
    // What it can't read, those who judge have said.
    openStore: () => new IncidentStore(incidents, () => undefined),
    underWayFolder: underWayFolder(environment.name),
    nowMs: Date.now,
    log,
  });

interface Judges {
  readonly health: MonitorHealth;
  readonly status: MonitorStatus;
  readonly metrics: Metrics;
}

/** @param outbox none: a dry run, whose results go nowhere */
const monitorOf = (environment: Environment, log: Log, outbox: string | undefined, { health, status, metrics }: Judges) =>
  new Monitor({
    metrics,
    environment,
    tokens: ({ auth }) => tokenSource(auth, readVariables()),
    openOutbox: () => openAt(outbox ?? ':memory:', log),
    ...(outbox === undefined && { deliver: letGo(log) }),
    afterRound(round) {
      status.ended(round);
      return health.afterRound(round);
    },
    underWayFolder: underWayFolder(environment.name),
    clock: realClock,
    log,
  });

/** Whoever watches the monitor from outside must not take a dry run for one that works. */
function unwatched({ monitor: { deadManUrl: _, ...monitor }, ...environment }: Environment): Environment {
  return { ...environment, monitor };
}

/** In the place of Application Insights: says how much it would get. */
const letGo =
  (log: Log): NonNullable<MonitorOptions['deliver']> =>
  (outbox) => {
    const items = outbox.waiting(mostLetGo);
    outbox.mark(items.map(({ id }) => ({ id, state: 'delivered' })));
    if (items.length > 0) log.info('would publish', { items: items.length });
    return Promise.resolve({ accepted: 0, undelivered: outbox.undelivered().waiting, parked: 0, late: 0 });
  };
const mostLetGo = 100_000;

/** Asked to stop, it gives what runs its time, and then lets it go: what there is by then is delivered. */
async function once(monitor: Monitor, environment: Environment, log: Log, signal: AbortSignal): Promise<ExitCode> {
  const { stopWithinMs } = environment.monitor;
  const summary = await Promise.race([monitor.once(), pausedAfter(signal, (stopWithinMs * 2) / 3)]);
  if (!summary) {
    log.warn('abandoned', { reason: 'asked to stop before the round had ended' });
    await monitor.deliver(stopWithinMs / 3);
    isCutShort = true;
    return 2;
  }
  const isDelivered = await monitor.deliver(onceDeliveryMs);
  const isKept = monitor.health().disk === 'takes results';
  // Without Application Insights they stay in the outbox, which is where they belong.
  const isDone = isDelivered || (environment.telemetry.connectionString === undefined && isKept);
  if (!isDone) log.warn('undelivered', { kept: isKept ? 'in the outbox' : 'nowhere: they are lost' });
  return worstExit([...codesOf(summary), isDone ? 0 : 2]);
}

let isStoppedInOrder = false;
let isCutShort = false;

async function pausedAfter(signal: AbortSignal, ms: number): Promise<undefined> {
  await aborted(signal);
  await new Promise((resolve) => setTimeout(resolve, ms).unref());
}

/** It may have come already, while this was starting. */
async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}

interface Configured {
  readonly file: string;
  readonly read: () => Environment;
  readonly environment: Environment;
}

async function resident(
  monitor: Monitor,
  status: MonitorStatus,
  { file, read, environment }: Configured,
  log: Log,
  signal: AbortSignal,
): Promise<ExitCode> {
  const { port, stopWithinMs } = environment.monitor;
  const server = await status.serve(monitor, port, statusToken());
  const stopWatching = reloadOnChange(file, read, (changed) => monitor.use(changed), log);
  monitor.start();
  log.info('started', { environment: environment.name, location: environment.location, port: server.port });
  await aborted(signal);
  log.info('stopping', { withinMs: stopWithinMs });
  stopWatching();
  await monitor.stop(stopWithinMs);
  await server.close();
  log.info('stopped');
  isStoppedInOrder = true;
  return 0;
}

// A monitor that was asked to stop, and did, has not been interrupted; what it abandoned must not keep it alive.
void runCommand(({ signal }) => main(signal)).then(() => {
  if (isStoppedInOrder) process.exit(0);
  if (isCutShort) process.exit();
});
