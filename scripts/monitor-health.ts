import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Environment } from '../fixtures/environments/schema.ts';
import { targetsOf } from '../fixtures/environments/targets.ts';
import { minuteMs } from '../health/bins.ts';
import type { Expected } from '../health/findings.ts';
import { type Incident, titleOf } from '../health/incident.ts';
import { bringHome, copyInMemory } from '../health/incident-copy.ts';
import { IncidentStore } from '../health/incident-store.ts';
import type { HealthPicture } from '../health/picture.ts';
import { evaluateRound, type RoundOutcome } from '../health/round.ts';
import { mostAtOnce, type Sent, sendAlerts } from '../health/send-alerts.ts';
import { lookbackMinutes, ResultWindow } from '../health/window.ts';
import { type Log, messageOf } from '../synthetics/monitor/log.ts';
import type { EndedRound } from '../synthetics/monitor/monitor.ts';
import type { AvailabilityResult } from '../synthetics/result.ts';
import { type Check, checksOf } from '../synthetics/runners/prepare.ts';
import type { TelemetryEvent } from '../telemetry/event.ts';
import type { SignalReader } from './health-signals.ts';

export interface MonitorHealthOptions {
  /** Results kept since a time, for the windows that a start, or another configuration, begins with. */
  readonly resultsSince: (sinceMs: number) => Iterable<AvailabilityResult>;
  /** Opens the history of incidents; throws where the disk doesn't let it. */
  readonly openStore: () => IncidentStore;
  readonly nowMs: () => number;
  readonly log: Log;
  /** When rounds began: what is missing from before is nobody's silence. */
  readonly sinceMs: number;
  /** Shows what would be sent, on a copy of the history; sends nothing and keeps nothing. */
  readonly dryRun: boolean;
  /** As the monitor's own option: what is run, and so expected; default: every journey on every target. */
  readonly checks?: (environment: Environment) => readonly Check[];
  /** Reads the signals of the health model; none, or undefined: availability results are judged alone. */
  readonly signals?: (environment: Environment) => SignalReader | undefined;
  /** What was judged, for metrics and for others who judge. */
  readonly onOutcome?: (outcome: RoundOutcome) => void;
}

/** What Azure Monitor hasn't answered by then counts in the next round. */
const readWithinMs = 5_000;

const incidentEventName = 'Incident';

/** Judges each round of a monitor by health/ and sends its alerts: the only place where the two meet. */
export class MonitorHealth {
  private readonly options: MonitorHealthOptions;
  private environment: Environment | undefined;
  private window: ResultWindow | undefined;
  private expected: readonly Expected[] = [];
  private file: IncidentStore | undefined;
  /** In the place of the file while the disk fails, and in a dry run. */
  private memory: IncidentStore | undefined;
  private sending: Promise<Sent> | undefined;
  private signals: SignalReader | undefined;

  constructor(options: MonitorHealthOptions) {
    this.options = options;
  }

  /** Once a round; results may come in any order and again. Sends beside, one sending at a time. */
  async afterRound(round: EndedRound): Promise<void> {
    const { environment } = round;
    const window = this.begin(environment);
    const picture = await this.picture(round);
    const outcome = this.judge(round, window, picture);
    this.say(outcome, round);
    this.options.onOutcome?.(outcome);
    // What is still being sent goes on; what this round adds waits for the next.
    this.sending ??= this.send(environment).finally(() => {
      this.sending = undefined;
    });
    await this.sending;
  }

  close(): void {
    this.file?.close();
    this.memory?.close();
  }

  /** Reads the hour before; best called before rounds begin, since it takes seconds for thousands of checks. */
  begin(environment: Environment): ResultWindow {
    if (this.window && environment === this.environment) return this.window;
    const before = this.environment?.monitor.everyMinutes;
    this.expected = expectedOf(this.options.checks?.(environment) ?? checksOf(environment, targetsOf(environment)).checks);
    this.environment = environment;
    this.signals = this.options.signals?.(environment);
    // Windows are cut by how often journeys run, and by nothing else of a configuration.
    const isSame = isDeepStrictEqual(before, environment.monitor.everyMinutes);
    const window = (isSame && this.window) || new ResultWindow(environment);
    if (window === this.window && !this.signals) return window;
    const { nowMs, resultsSince, log } = this.options;
    try {
      // The same ids again count once.
      for (const result of resultsSince(nowMs() - lookbackMinutes(environment) * minuteMs)) {
        window.add([result]);
        this.signals?.addResults([result]);
      }
    } catch (error) {
      log.warn('windows begin empty', { reason: messageOf(error) });
    }
    this.window = window;
    return window;
  }

  /** Rounds don't wait for it: this is beside them, and it waits for no reading longer than that. */
  private async picture({ results }: EndedRound): Promise<HealthPicture | undefined> {
    const { nowMs, log } = this.options;
    try {
      this.signals?.addResults(results);
      await this.signals?.refresh(nowMs(), readWithinMs);
      return this.signals?.picture(nowMs());
    } catch (error) {
      // What journeys say is judged without it: an outage must not wait for a model that can't be worked out.
      log.warn('health not evaluated', { reason: messageOf(error) });
      return undefined;
    }
  }

  private judge({ environment, results, alerts }: EndedRound, window: ResultWindow, picture?: HealthPicture): RoundOutcome {
    const { sinceMs, nowMs, dryRun } = this.options;
    const given = { environment, results, window, nowMs: nowMs(), expected: this.expected, sinceMs, own: alerts, picture };
    if (dryRun) return evaluateRound({ ...given, store: this.copy() });
    try {
      this.file ??= this.options.openStore();
      if (this.memory) bringHome(this.memory, this.file, given.nowMs);
      this.memory = undefined;
      return evaluateRound({ ...given, store: this.file });
    } catch (error) {
      return evaluateRound({ ...given, store: this.inMemory(error) });
    }
  }

  private copy(): IncidentStore {
    if (this.memory) return this.memory;
    const file = this.options.openStore();
    this.memory = copyInMemory(file, this.options.nowMs());
    file.close();
    return this.memory;
  }

  /** A disk that takes nothing must not keep the alert about it from being sent. */
  private inMemory(error: unknown): IncidentStore {
    const { log, nowMs } = this.options;
    if (!this.memory) log.warn('incidents wait in memory', { reason: messageOf(error) });
    this.memory ??= readable(this.file, nowMs()) ?? new IncidentStore(':memory:');
    return this.memory;
  }

  private async send(environment: Environment): Promise<Sent> {
    const { nowMs, dryRun, log } = this.options;
    const store = this.memory ?? this.file;
    if (!store) return { delivered: 0, givenUp: 0, waiting: 0, shown: [] };
    const waiting = store.notices('waiting', mostAtOnce);
    const sent = await sendAlerts({ environment, store, nowMs: nowMs(), dryRun });
    if (dryRun) {
      for (const { body } of sent.shown) log.info('would send', { body });
      for (const { seq } of waiting) store.markNotice(seq, 'delivered', 0, 'shown');
    } else if (sent.shown.length > 0 && environment.alerts.webhook) {
      const { delivered, givenUp, waiting: left } = sent;
      log[left + givenUp > 0 ? 'warn' : 'info']('alerts sent', { delivered, givenUp, waiting: left });
    }
    return sent;
  }

  private say({ opened, resolved, silenced }: RoundOutcome, { environment, tell }: EndedRound): void {
    const { log, nowMs } = this.options;
    for (const [incidents, state] of [[opened, 'opened'] as const, [resolved, 'resolved'] as const]) {
      for (const incident of incidents) {
        const { key, kind, cause, place, urgency } = incident;
        const isSilenced = silenced.includes(key);
        const title = titleOf(incident);
        log[state === 'opened' ? 'warn' : 'info']('incident', { key, state, kind, cause, place, urgency, title, isSilenced });
        if (!this.options.dryRun) tell(eventOf(incident, state, environment.location, nowMs()));
      }
    }
  }
}

/** A journey on each target where shoppers are; nobody is served at a slot. */
function expectedOf(checks: readonly Check[]): Expected[] {
  return checks.flatMap(({ journey, target: { kind, name, region } }) =>
    kind === 'slot' ? [] : [{ journey: journey.name, place: { kind, target: name, region: region ?? 'global' } }],
  );
}

function readable(file: IncidentStore | undefined, nowMs: number): IncidentStore | undefined {
  try {
    return file && copyInMemory(file, nowMs);
  } catch {
    return undefined;
  }
}

/** In Application Insights beside the results; the same state of an incident is one event, however often it is told. */
function eventOf(incident: Incident, state: 'opened' | 'resolved', location: string, atMs: number): TelemetryEvent {
  const { key, environment, kind, cause, place, urgency, startedAtMs, evidence } = incident;
  const id = createHash('sha256').update(`${key} ${state} ${location}`).digest('hex').slice(0, 16);
  return {
    id,
    ...(evidence.traceId !== undefined && { traceId: evidence.traceId }),
    name: incidentEventName,
    at: new Date(atMs).toISOString(),
    properties: { key, state, environment, location, kind, cause, place, urgency, title: titleOf(incident) },
    measurements: { minutes: Math.max(0, Math.round((atMs - startedAtMs) / minuteMs)) },
  };
}
