import type { Environment } from '../../fixtures/environments/schema.ts';
import type { Outbox } from '../../telemetry/outbox.ts';
import { type AvailabilityResult, failureLine } from '../result.ts';
import { Alerts, alertEvent, type StandingAlert } from './alerts.ts';
import { Annotator } from './annotator.ts';
import type { Ran } from './attempts.ts';
import type { Clock } from './clock.ts';
import { heartbeat } from './heartbeat.ts';
import { Keeper } from './keeper.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import type { RoundSummary } from './round.ts';

interface RecorderOptions {
  /** As it is now: it may be reloaded. */
  readonly environment: () => Environment;
  readonly openOutbox: () => Outbox;
  readonly underWayFolder: string;
  readonly periodMs: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** What becomes of results and rounds: kept, counted, and alerted on where the monitor itself is the news. */
export class Recorder {
  readonly keeper: Keeper;
  private readonly options: RecorderOptions;
  private readonly alerts: Alerts;
  private readonly annotator: Annotator;
  private fresh: AvailabilityResult[] = [];
  private lost: number | undefined;

  constructor(options: RecorderOptions) {
    const { environment, openOutbox, underWayFolder, periodMs, clock, log, metrics } = options;
    this.options = options;
    this.annotator = new Annotator(underWayFolder, clock.now, periodMs, (path, reason) =>
      log.warn('under way not read', { path, reason, so: 'results are not marked by it' }),
    );
    this.alerts = new Alerts(clock.now, (change) => {
      log[change.state === 'opened' ? 'warn' : 'info']('alert', { ...change });
      const { name, location } = environment();
      this.keeper.addEvent(alertEvent(change, name, location, clock.now()));
      metrics.openAlerts(this.alerts.count);
    });
    this.keeper = new Keeper({
      open: openOutbox,
      memoryRows: environment().monitor.memoryResults,
      nowMs: clock.now,
      log,
      onDisk: (fault) => this.alerts.report('disk-fault', fault !== undefined, fault ?? 'the disk takes results again'),
    });
  }

  /** Opens the outbox and counts the rounds that nobody ran since the last one that was kept. */
  open(): void {
    this.keeper.open();
    const { clock, periodMs } = this.options;
    const last = this.keeper.note(this.roundNote) ?? 0;
    const missing = last === 0 ? 0 : Math.floor(clock.now() / periodMs) - last - 1;
    if (missing <= 0) return;
    const since = new Date((last + 1) * periodMs).toISOString();
    this.alerts.once('missing-rounds', `${missing} rounds from ${since}, found at the start`);
  }

  record(ran: Ran): void {
    const { environment, log, metrics } = this.options;
    const { result, evidence } = this.annotator.annotate(environment(), ran);
    this.keeper.add(result, result.outcome === 'passed' ? undefined : evidence);
    this.fresh.push(result);
    metrics.result(result);
    if (result.outcome === 'passed') return;
    const { id, traceId, outcome, marks } = result;
    log.warn('result', {
      id,
      traceId,
      outcome,
      cause: result.failure?.cause,
      failure: failureLine(result),
      ...(marks && { marks }),
    });
  }

  /** A result that is no journey's, such as a certificate's. */
  keep(result: AvailabilityResult): void {
    this.keeper.add(result);
    this.fresh.push(result);
    if (result.outcome === 'failed') this.options.log.warn('result', { id: result.id, failure: failureLine(result) });
  }

  /** Checks of a round that were slept through, or whole rounds. */
  slept(periods: number): void {
    if (periods > 0) this.alerts.once('missing-rounds', `${periods} rounds, slept through or skipped by the clock`);
  }

  endRound(round: RoundSummary): void {
    const { environment, clock, periodMs, metrics, log } = this.options;
    this.keeper.add(heartbeat(environment(), round, periodMs, clock.now()));
    this.noteRound(round.period);
    metrics.round(round);
    this.alerts.report('overrun', round.overruns > 0, `${round.overruns} checks`);
    this.sayLost();
    log.info('round', { began: new Date(round.period * periodMs).toISOString(), ...round });
  }

  /** What was recorded since this was last asked, and how the monitor's own alerts stand. */
  takeFresh(): { results: AvailabilityResult[]; alerts: StandingAlert[] } {
    const results = this.fresh;
    this.fresh = [];
    return { results, alerts: this.alerts.take() };
  }

  /** What a next start counts from. */
  noteRound(period: number): void {
    this.keeper.setNote(this.roundNote, period);
  }

  private get roundNote(): string {
    return `last round of ${this.options.environment().location}`;
  }

  private sayLost(): void {
    const counts = this.keeper.counts();
    this.options.metrics.waiting(counts);
    const more = counts.lost - (this.lost ?? counts.lost);
    this.lost = counts.lost;
    this.alerts.report('results-lost', more > 0, `${more} in the last round, ${counts.lost} in all`);
  }
}
