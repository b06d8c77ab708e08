import type { Environment } from '../../fixtures/environments/schema.ts';
import { targetsOf } from '../../fixtures/environments/targets.ts';
import { readVariables } from '../../fixtures/environments/variables.ts';
import type { Incident } from '../../health/incident.ts';
import { IncidentStore } from '../../health/incident-store.ts';
import type { Health } from '../../health/model.ts';
import type { HealthPicture } from '../../health/picture.ts';
import { evaluateRound } from '../../health/round.ts';
import { ResultWindow } from '../../health/window.ts';
import { readingsOf } from '../../scripts/health-read.ts';
import { SignalReader } from '../../scripts/health-signals.ts';
import { shopperOf } from '../../synthetics/journeys/plan.ts';
import type { AvailabilityResult } from '../../synthetics/result.ts';
import { runOnNode } from '../../synthetics/runners/node.ts';
import { checksOf } from '../../synthetics/runners/prepare.ts';
import { tokenSource } from '../../synthetics/runners/token.ts';
import { metricTimeOf, readClock, type StoreClock, wallTimeOf } from '../../telemetry/azure-monitor.ts';

const minuteMs = 60_000;

/** One minute of a live store, as the model saw it. */
export interface LiveMinute {
  readonly picture: HealthPicture;
  readonly states: ReadonlyMap<string, Health>;
}

/**
 * Rounds, readings and evaluation against a running local store, a round each minute of its control plane: what takes a
 * quarter of an hour takes its time scale's part of it. Results and rows are moved to that time; nothing else is simulated.
 */
export class LiveHealth {
  readonly minutes: LiveMinute[] = [];
  readonly store = new IncidentStore(':memory:');
  private readonly environment: Environment;
  private readonly clock: StoreClock;
  private readonly reader: SignalReader;
  private readonly window: ResultWindow;
  private readonly run: () => Promise<AvailabilityResult[]>;
  private readonly sinceMs: number;

  private constructor(environment: Environment, clock: StoreClock) {
    this.environment = environment;
    this.clock = clock;
    const tokens = tokenSource(environment.auth, readVariables());
    this.reader = new SignalReader({
      environment,
      readings: readingsOf(environment, tokens),
      courses: () => Promise.resolve([]),
      log: { warn: (what, more) => console.warn(what, more) },
      timeOf: (ms) => metricTimeOf(ms, clock),
      wallOf: (ms) => wallTimeOf(ms, clock),
    });
    this.window = new ResultWindow(environment);
    this.sinceMs = this.now();
    const { checks } = checksOf(
      environment,
      targetsOf(environment).filter(({ kind }) => kind !== 'slot'),
    );
    this.run = () =>
      Promise.all(
        checks
          .filter(({ journey }) => journey.name !== 'across-regions')
          .map((check, i) => runOnNode({ environment, check, tokens, shopperId: shopperOf(environment.shoppers, i) })),
      );
  }

  static async of(environment: Environment): Promise<LiveHealth> {
    const { local } = environment;
    if (!local) throw new RangeError('a live test needs a local store');
    return new LiveHealth(environment, await readClock(local.controlEndpoint));
  }

  private now(): number {
    return metricTimeOf(Date.now(), this.clock);
  }

  /** The next minute: its round at its beginning, judged at its end. */
  async minute(): Promise<LiveMinute> {
    const beginMs = Math.ceil(this.now() / minuteMs) * minuteMs;
    await this.until(beginMs);
    const results = await this.run();
    await this.until(beginMs + minuteMs * 0.8);
    this.reader.addResults(results);
    const wallMs = Date.now();
    await this.reader.refresh(wallMs, minuteMs);
    const picture = this.reader.picture(wallMs);
    const moved = results.map((result) => ({ ...result, startedAt: this.iso(result.startedAt) }));
    const { environment, window, store, sinceMs } = this;
    evaluateRound({ environment, results: moved, nowMs: picture.atMs, store, window, picture, sinceMs });
    const minute = { picture, states: new Map(picture.nodes.map(({ id, state }) => [id, state])) };
    this.minutes.push(minute);
    return minute;
  }

  /** Minutes until it holds; how many it took. @throws where it doesn't within so many */
  async minutesUntil(what: string, holds: (minute: LiveMinute) => boolean, most: number): Promise<number> {
    for (let count = 1; count <= most; count += 1) if (holds(await this.minute())) return count;
    const last = this.minutes.at(-1);
    const bad = [...(last?.states ?? [])].filter(([, state]) => state !== 'healthy').map(([id, state]) => `${id} ${state}`);
    throw new Error(`not within ${most} minutes: ${what}; not healthy: ${bad.join(', ') || 'none'}`);
  }

  incidents(): Incident[] {
    return this.store.recentIncidents(0);
  }

  /** `opened`, `reminded`, `resolved` in their order, of all incidents. */
  told(): string[] {
    return this.store.notices('waiting', 1_000).map(({ state }) => state);
  }

  private iso(wall: string): string {
    return new Date(metricTimeOf(Date.parse(wall), this.clock)).toISOString();
  }

  private async until(ms: number): Promise<void> {
    const left = wallTimeOf(ms, this.clock) - Date.now();
    if (left > 0) await new Promise((resolve) => setTimeout(resolve, left));
  }
}
