import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { AvailabilityResult } from '../result.ts';
import type { RoundSummary } from './round.ts';

/** What `/metrics` shows, by Prometheus' naming; durations in seconds. */
export class Metrics {
  readonly registry = new Registry();
  private readonly results: Counter<'journey' | 'target' | 'outcome' | 'cause'>;
  private readonly firstAttemptFailures: Counter<'journey' | 'target'>;
  private readonly durations: Histogram<'journey'>;
  private readonly delays: Histogram;
  private readonly rounds: Counter<'state'>;
  private readonly gaps: Counter<'why'>;
  private readonly outbox: Gauge<'state'>;
  private readonly delivered: Counter;
  private readonly alerts: Gauge;

  constructor() {
    const registers = [this.registry];
    const counter = <L extends string>(name: string, help: string, labelNames: L[] = []) =>
      new Counter({ name, help, labelNames, registers });
    const gauge = <L extends string>(name: string, help: string, labelNames: L[] = []) =>
      new Gauge({ name, help, labelNames, registers });
    this.results = counter('synthetics_results_total', 'Availability results', ['journey', 'target', 'outcome', 'cause']);
    this.firstAttemptFailures = counter('synthetics_first_attempt_failures_total', 'Checks whose first attempt failed', [
      'journey',
      'target',
    ]);
    this.durations = new Histogram({
      name: 'synthetics_journey_duration_seconds',
      help: 'What shoppers waited for a journey, last attempts',
      labelNames: ['journey'],
      buckets: [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10],
      registers,
    });
    this.delays = new Histogram({
      name: 'synthetics_start_delay_seconds',
      help: 'From the time that a check was due to its start',
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5],
      registers,
    });
    this.rounds = counter('synthetics_rounds_total', 'Rounds that ended; probe-fault: they said nothing of the store', ['state']);
    this.gaps = counter('synthetics_checks_not_started_total', 'Checks that were due and not started', ['why']);
    this.outbox = gauge('synthetics_outbox_items', 'Results and events: waiting, parked (refused for good or unreadable), lost', [
      'state',
    ]);
    this.delivered = counter('synthetics_delivered_total', 'Items confirmed by Application Insights');
    this.alerts = gauge('synthetics_alerts_open', 'Open alerts of the monitor about itself');
  }

  result({ journey, target, outcome, failure, durationMs, attempts }: AvailabilityResult): void {
    this.results.inc({ journey, target: target.name, outcome, cause: failure?.cause ?? '' });
    this.durations.observe({ journey }, durationMs / 1_000);
    if (attempts[0]?.outcome !== 'passed') this.firstAttemptFailures.inc({ journey, target: target.name });
  }

  started(delayMs: number): void {
    this.delays.observe(delayMs / 1_000);
  }

  round({ probeFault, overruns, missed }: RoundSummary): void {
    this.rounds.inc({ state: probeFault ? 'probe-fault' : 'ended' });
    this.gaps.inc({ why: 'overrun' }, overruns);
    this.gaps.inc({ why: 'missed' }, missed);
  }

  waiting(counts: Readonly<Record<'waiting' | 'parked' | 'lost', number>>): void {
    for (const [state, value] of Object.entries(counts)) this.outbox.set({ state }, value);
  }

  accepted(items: number): void {
    this.delivered.inc(items);
  }

  openAlerts(count: number): void {
    this.alerts.set(count);
  }
}
