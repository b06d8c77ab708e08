import { setImmediate } from 'node:timers/promises';
import { ConfigurationError } from '../fixtures/environments/errors.ts';
import type { Environment } from '../fixtures/environments/schema.ts';
import { targetsOf } from '../fixtures/environments/targets.ts';
import { readVariables } from '../fixtures/environments/variables.ts';
import { expandModel } from '../health/expand.ts';
import type { Incident } from '../health/incident.ts';
import type { IncidentStore } from '../health/incident-store.ts';
import type { RoundOutcome } from '../health/round.ts';
import { History, historyMs } from '../pages/status/history.ts';
import { type StatusServer, serveStatusPage } from '../pages/status/server.ts';
import type { StatusState } from '../pages/status/state.ts';
import { type Known, statusOf } from '../pages/status/status.ts';
import { type Log, messageOf } from '../synthetics/monitor/log.ts';
import type { EndedRound, Monitor } from '../synthetics/monitor/monitor.ts';
import { readUnderWay } from '../synthetics/monitor/under-way.ts';
import type { AvailabilityResult } from '../synthetics/result.ts';
import { checksOf } from '../synthetics/runners/prepare.ts';

interface MonitorStatusOptions {
  readonly environment: Environment;
  /** Results kept since a time, for the bars of the hours before. */
  readonly resultsSince: (sinceMs: number) => Iterable<AvailabilityResult>;
  /** Opens the history of incidents; throws where the disk doesn't let it. */
  readonly openStore: () => IncidentStore;
  readonly underWayFolder: string;
  readonly nowMs: () => number;
  readonly log: Log;
}

/** What isn't judged for so long is unknown: rounds end each minute. */
const staleAfterMs = 3 * 60_000;
/** Between rounds: outbox, silences, load tests. */
const lookEveryMs = 10_000;
const pastMs = 7 * 24 * 3_600_000;
/** Results read at once while rounds run beside. */
const slice = 50;

const saidByRounds = () => undefined;

type FromStore = Pick<Known, 'silences' | 'acked'> & {
  readonly past: readonly Incident[];
  readonly alertsWaiting: number;
  readonly alertsGivenUp: number;
};
const unread: FromStore = { past: [], silences: [], acked: new Set(), alertsWaiting: 0, alertsGivenUp: 0 };

/** Gathers what the status page shows of a monitor, and serves it. */
export class MonitorStatus {
  private readonly options: MonitorStatusOptions;
  private readonly history = new History();
  private environment: Environment;
  private checks: Known['checks'];
  private model: Known['model'];
  private judged: { readonly outcome: RoundOutcome; readonly atMs: number } | undefined;
  private store: IncidentStore | undefined;
  private storeFault: string | undefined;
  private server: StatusServer | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(options: MonitorStatusOptions) {
    this.options = options;
    this.environment = options.environment;
    this.checks = checksIn(options.environment);
    this.model = expandModel(options.environment);
  }

  /** Before the round is judged, so that both are shown together. */
  ended({ environment, results }: EndedRound): void {
    if (environment !== this.environment) {
      this.checks = checksIn(environment);
      this.model = expandModel(environment);
    }
    this.environment = environment;
    this.history.add(results);
    this.history.prune(this.options.nowMs());
  }

  judge(outcome: RoundOutcome): void {
    this.judged = { outcome, atMs: this.options.nowMs() };
    this.server?.update();
  }

  /** @param token without one, on loopback alone */
  async serve(monitor: Monitor, port: number, token: string | undefined): Promise<StatusServer> {
    const { nowMs } = this.options;
    const { registry } = monitor.metrics;
    const metrics = { contentType: registry.contentType, metrics: () => registry.metrics() };
    const state = () => this.state(monitor);
    const healthz = () => monitor.health();
    const server = await serveStatusPage({ port, token, nowMs, healthz, metrics, state }).catch((error: unknown) => {
      throw portFault(this.environment, port, error);
    });
    this.server = server;
    this.timer = setInterval(() => server.update(), lookEveryMs).unref();
    void this.readHours(nowMs());
    return {
      ...server,
      close: async () => {
        clearInterval(this.timer);
        this.server = undefined;
        await server.close();
        this.store?.close();
      },
    };
  }

  /** What was kept before rounds began. A slice at a time: checks are due meanwhile. */
  private async readHours(untilMs: number): Promise<void> {
    const { resultsSince, log } = this.options;
    let read = 0;
    try {
      for (const result of resultsSince(untilMs - historyMs)) {
        if (Date.parse(result.startedAt) < untilMs) this.history.add([result]);
        read += 1;
        if (read % slice === 0) await setImmediate();
        if (!this.server) return;
      }
    } catch (error) {
      log.warn('the hours before are not shown', { reason: messageOf(error) });
    }
    this.server?.update();
  }

  private state(monitor: Monitor): StatusState {
    const { nowMs, underWayFolder } = this.options;
    const { environment, judged, history } = this;
    const now = nowMs();
    const { past, alertsWaiting, alertsGivenUp, ...kept } = this.fromStore(now);
    const { outbox, disk } = monitor.health();
    return statusOf({
      environment: environment.name,
      location: environment.location,
      nowMs: now,
      judgedAtMs: judged?.atMs,
      staleAfterMs,
      budgetHours: environment.objectives.budgetHours,
      everyMinutes: environment.monitor.everyMinutes,
      checks: this.checks,
      model: this.model,
      picture: judged?.outcome.picture,
      outcome: judged?.outcome,
      history,
      incidents: [...(judged?.outcome.open ?? []), ...past],
      ...kept,
      underWay: readUnderWay(underWayFolder, now, saidByRounds).map((note) => ({ ...note, targets: note.targets ?? [] })),
      delivery: { ...outbox, alertsWaiting, alertsGivenUp, onDisk: disk === 'takes results' },
      historyRead: this.storeFault === undefined,
    });
  }

  /** A disk that fails is said once, and on the page; what is open is known without it. */
  private fromStore(now: number): FromStore {
    try {
      this.store ??= this.options.openStore();
      const { store } = this;
      const read = {
        past: store.recentIncidents(now - pastMs).filter(({ resolvedAtMs }) => resolvedAtMs !== undefined),
        silences: store.silences(now),
        acked: new Set(store.acks().map(({ key }) => key)),
        alertsWaiting: store.countNotices('waiting'),
        alertsGivenUp: store.countNotices('given-up', now - pastMs),
      };
      this.storeFault = undefined;
      return read;
    } catch (error) {
      const reason = messageOf(error);
      if (reason !== this.storeFault) this.options.log.warn('history of incidents not read', { reason });
      this.storeFault = reason;
      return unread;
    }
  }
}

const closedPorts: Readonly<Record<string, string>> = {
  EADDRINUSE: 'which is in use',
  EACCES: 'which this user may not open',
};

function portFault({ name }: Environment, port: number, cause: unknown): unknown {
  const why = closedPorts[cause instanceof Error && 'code' in cause ? String(cause.code) : ''];
  if (why === undefined) return cause;
  const allowed = 'a free port, another for each environment on a machine; 0: any';
  return new ConfigurationError(`Environment ${name}`, [{ path: 'monitor.port', seen: `${port}, ${why}`, allowed }], { cause });
}

const checksIn = (environment: Environment): Known['checks'] =>
  checksOf(environment, targetsOf(environment)).checks.map(({ journey, target }) => ({
    journey: journey.name,
    target: target.name,
  }));

/** `STATUS_TOKEN`, if it is set; a short one could be guessed. */
export function statusToken({ STATUS_TOKEN: token } = readVariables()): string | undefined {
  if (token === undefined || /^[\x21-\x7e]{16,}$/.test(token)) return token;
  const seen = `a value of ${token.length} characters`;
  throw new ConfigurationError('STATUS_TOKEN', [{ path: '', seen, allowed: 'at least 16 letters, digits or signs, no blanks' }]);
}
