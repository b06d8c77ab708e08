import type { Environment } from '../../fixtures/environments/schema.ts';
import { type Target, targetsOf } from '../../fixtures/environments/targets.ts';
import type { TelemetryEvent } from '../../telemetry/event.ts';
import type { Outbox } from '../../telemetry/outbox.ts';
import { shopperOf } from '../journeys/plan.ts';
import type { AvailabilityResult } from '../result.ts';
import { type Check, checksOf } from '../runners/prepare.ts';
import type { TokenSource } from '../runners/token.ts';
import type { StandingAlert } from './alerts.ts';
import { type Ran, type RunAttempt, runCheck } from './attempts.ts';
import { CertificateWatch, checkCertificate, type ReadExpiry } from './certificate.ts';
import { type Clock, sleep } from './clock.ts';
import { type AskControls, askControls, type Reach } from './controls.ts';
import { Courier, type CourierOptions } from './courier.ts';
import { callDeadMan } from './dead-man.ts';
import { Limiter } from './limiter.ts';
import { type Log, messageOf } from './log.ts';
import { Metrics } from './metrics.ts';
import { Recorder } from './recorder.ts';
import { Round, type RoundSummary } from './round.ts';
import { duesOf, minuteMs, type Slot, schedule } from './schedule.ts';
import { Ticker } from './ticker.ts';

/** What a round leaves to those who judge it. */
export interface EndedRound {
  readonly environment: Environment;
  readonly summary: RoundSummary;
  /** All that were recorded since the round before ended, certificates too; of this round, and of one that ended late. */
  readonly results: readonly AvailabilityResult[];
  /** The monitor's own alerts, as they stand. */
  readonly alerts: readonly StandingAlert[];
  /** Keeps an event for Application Insights. */
  readonly tell: (event: TelemetryEvent) => void;
}

export interface MonitorOptions {
  readonly environment: Environment;
  readonly tokens: (environment: Environment) => TokenSource;
  readonly openOutbox: () => Outbox;
  readonly underWayFolder: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Milliseconds from one round to the next; default: a minute. */
  readonly periodMs?: number;
  /** Default: every journey on every target. */
  readonly checks?: (environment: Environment) => readonly Check[];
  /** Default: those of this monitor alone. */
  readonly metrics?: Metrics;
  /** Called after each round, also while it still is for the one before; what it throws is said, and ends nothing. */
  readonly afterRound?: (round: EndedRound) => Promise<void>;
  /** What tests put in the place of the network. */
  readonly run?: RunAttempt;
  readonly reach?: Reach;
  readonly readExpiry?: ReadExpiry;
  readonly deliver?: CourierOptions['deliver'];
}

/** All that follows from a configuration, replaced as one when it is reloaded. */
interface InForce {
  readonly environment: Environment;
  readonly tokens: TokenSource;
  readonly ask: AskControls;
  readonly slots: readonly Slot[];
  readonly shoppers: ReadonlyMap<string, string>;
}

/** Handshakes cost CPU: those of a thousand targets at once would hold up the checks. */
const certificatesAtOnce = 4;

const keyOf = ({ journey, target }: Check) => `${journey.name} ${target.name}`;

/** Runs every journey on every target each period, keeps the results, and delivers them beside. */
export class Monitor {
  readonly metrics: Metrics;
  private readonly options: MonitorOptions;
  private readonly periodMs: number;
  private readonly recorder: Recorder;
  private readonly courier: Courier;
  private readonly limiter: Limiter;
  private readonly running = new Set<string>();
  private readonly closing = new Set<Promise<void>>();
  private inForce: InForce;
  private ticker: Ticker | undefined;
  private round: Round | undefined;
  private lastBeginMs = 0;
  private readonly certificates = new CertificateWatch();
  private stopping = false;
  private isJudged = true;

  constructor(options: MonitorOptions) {
    const { environment, clock, log, openOutbox, underWayFolder, metrics = new Metrics(), periodMs = minuteMs } = options;
    this.options = options;
    this.metrics = metrics;
    this.periodMs = periodMs;
    this.inForce = this.from(environment);
    this.limiter = new Limiter(environment.monitor.concurrency);
    const now = () => this.inForce.environment;
    this.recorder = new Recorder({ environment: now, openOutbox, underWayFolder, periodMs, clock, log, metrics });
    this.courier = new Courier({
      keeper: this.recorder.keeper,
      connectionString: () => now().telemetry.connectionString,
      clock,
      log,
      onDelivery: ({ accepted }) => metrics.accepted(accepted),
      ...(options.deliver && { deliver: options.deliver }),
    });
  }

  /** Begins at once, with what is still due in this period. */
  start(): void {
    this.recorder.open();
    this.ticker = new Ticker(this.inForce.slots, this.periodMs, this.options.clock, {
      begin: (period, checks) => this.begin(period, checks),
      due: ({ check, atMs }) => this.due(check, atMs),
      missed: (checks, periods) => {
        if (this.round) this.round.missed += checks;
        this.recorder.slept(periods);
      },
    });
    this.ticker.start();
    this.courier.start();
  }

  /** Another configuration of the same environment; holds from the next check on, its schedule from the next period on. */
  use(environment: Environment): void {
    this.inForce = this.from(environment);
    this.limiter.setLimits(environment.monitor.concurrency);
    this.ticker?.use(this.inForce.slots);
  }

  /** One round now, for schedulers of others: all that this period has, without offsets. Does not deliver. */
  async once(): Promise<RoundSummary> {
    this.recorder.open();
    const period = Math.floor(this.options.clock.now() / this.periodMs);
    const dues = duesOf(this.inForce.slots, period, this.periodMs);
    this.round = this.newRound(period, dues.length);
    for (const { check } of dues) this.due(check, this.options.clock.now());
    await this.checkCertificates(period);
    const summary = await this.round.close();
    await this.endRound(summary);
    return summary;
  }

  /** Delivers what waits; whether all arrived. */
  deliver(withinMs: number): Promise<boolean> {
    return this.courier.deliverAll(withinMs);
  }

  /** Finishes what is under way or abandons it, then delivers; never takes longer than `withinMs` by much. */
  async stop(withinMs: number): Promise<void> {
    const { clock, log } = this.options;
    const endsAtMs = clock.now() + withinMs;
    this.stopping = true;
    this.ticker?.stop();
    this.closeRound();
    // A third is kept for delivery, since what isn't delivered is at least kept.
    await Promise.race([Promise.all(this.closing), sleep(clock, (withinMs * 2) / 3)]);
    if (this.running.size > 0) log.warn('abandoned', { checks: [...this.running] });
    await this.courier.stop(Math.max(0, endsAtMs - clock.now()));
  }

  close(): void {
    this.recorder.keeper.close();
  }

  /** Healthy while rounds begin when they should and are judged, and the disk takes results. */
  health() {
    const { keeper } = this.recorder;
    const isTicking = this.options.clock.now() - this.lastBeginMs < 2 * this.periodMs;
    const { environment } = this.inForce;
    return {
      healthy: isTicking && keeper.onDisk && this.isJudged && !this.stopping,
      environment: environment.name,
      location: environment.location,
      lastRoundBegan: new Date(this.lastBeginMs).toISOString(),
      running: this.running.size,
      judging: this.isJudged ? ('works' as const) : ('fails, and so nobody is told of anything' as const),
      disk: keeper.onDisk ? ('takes results' as const) : ('fails, results wait in memory' as const),
      outbox: keeper.counts(),
    };
  }

  private from(environment: Environment): InForce {
    const { clock, reach, tokens } = this.options;
    const checks = this.options.checks?.(environment) ?? checksOf(environment, targetsOf(environment)).checks;
    return {
      environment,
      tokens: tokens(environment),
      ask: askControls(environment.monitor.controls, clock, reach),
      slots: schedule(checks, environment.monitor.everyMinutes, this.periodMs),
      // Journeys that may run at the same time act for shoppers of their own, until the pool is used up.
      shoppers: new Map(checks.map((check, index) => [keyOf(check), shopperOf(environment.shoppers, index)])),
    };
  }

  private newRound(period: number, checks: number): Round {
    return new Round(
      period,
      checks,
      () => this.inForce.ask(),
      (ran) => {
        this.recorder.record(ran);
        if (ran.result.outcome !== 'passed') this.courier.hurry();
      },
    );
  }

  private begin(period: number, checks: number): void {
    this.closeRound();
    this.lastBeginMs = this.options.clock.now();
    this.round = this.newRound(period, checks);
    void this.checkCertificates(period);
  }

  private closeRound(): void {
    const { round } = this;
    if (!round) return;
    this.round = undefined;
    const closed = round
      .close()
      .then(async (summary) => {
        // What a stop cuts short is no whole round: no heartbeat, but no gap either.
        if (this.stopping) this.recorder.noteRound(summary.period);
        else await this.endRound(summary);
      })
      .catch((error: unknown) => this.options.log.warn('round not ended', { reason: messageOf(error) }));
    this.closing.add(closed);
    void closed.finally(() => this.closing.delete(closed));
  }

  private async endRound(summary: RoundSummary): Promise<void> {
    this.recorder.endRound(summary);
    await Promise.all([this.callDeadMan(), this.afterRound(summary)]);
  }

  private async afterRound(summary: RoundSummary): Promise<void> {
    const tell = (event: TelemetryEvent) => this.recorder.keeper.addEvent(event);
    const round = { environment: this.inForce.environment, summary, ...this.recorder.takeFresh(), tell };
    try {
      await this.options.afterRound?.(round);
      this.isJudged = true;
    } catch (error) {
      this.isJudged = false;
      this.options.log.warn('round not judged', { reason: messageOf(error) });
    }
  }

  private due(check: Check, atMs: number): void {
    const { round } = this;
    const key = keyOf(check);
    if (!round) return;
    if (this.running.has(key)) {
      round.overruns += 1;
      this.options.log.warn('overrun', { journey: check.journey.name, target: check.target.name });
      return;
    }
    this.running.add(key);
    const ended = this.limiter.run(check.target.name, () => {
      const delayMs = Math.max(0, this.options.clock.now() - atMs);
      this.metrics.started(delayMs);
      round.started(delayMs);
      return this.runCheck(check, key);
    });
    void round
      .settle(ended)
      // A check never throws for what the store does: this is a fault of ours, and must not end the monitor.
      .catch((error: unknown) => this.options.log.warn('check broke', { check: key, reason: messageOf(error) }))
      .finally(() => this.running.delete(key));
  }

  private runCheck(check: Check, key: string): Promise<Ran> {
    const { environment, tokens, shoppers } = this.inForce;
    const given = { environment, check, tokens, shopperId: shoppers.get(key) ?? '', clock: this.options.clock };
    return runCheck(given, this.options.run);
  }

  private async checkCertificates(period: number): Promise<void> {
    const { environment } = this.inForce;
    const { clock, readExpiry, log } = this.options;
    const targets = [...new Set(this.inForce.slots.map(({ check }) => check.target))];
    const https = targets.filter(({ endpoint }) => endpoint.startsWith('https:'));
    const look = async (target: Target) => {
      if (this.stopping) return;
      try {
        const result = await checkCertificate(environment, target, clock.now, readExpiry);
        if (this.certificates.isNews(period, result)) this.recorder.keep(result);
      } catch (error) {
        log.warn('certificate not checked', { target: target.name, reason: messageOf(error) });
      }
    };
    const limiter = new Limiter({ overall: certificatesAtOnce, perTarget: 1 });
    await Promise.all(this.certificates.due(period, https).map((target) => limiter.run(target.name, () => look(target))));
  }

  private async callDeadMan(): Promise<void> {
    const { deadManUrl } = this.inForce.environment.monitor;
    const failed = deadManUrl && (await callDeadMan(deadManUrl));
    if (failed) this.options.log.warn('dead-man call failed', { reason: failed });
  }
}
