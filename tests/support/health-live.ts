import type { Environment } from '../../fixtures/environments/schema.ts';
import { targetsOf } from '../../fixtures/environments/targets.ts';
import { readVariables } from '../../fixtures/environments/variables.ts';
import type { Incident } from '../../health/incident.ts';
import { IncidentStore } from '../../health/incident-store.ts';
import type { Health } from '../../health/model.ts';
import type { HealthPicture } from '../../health/picture.ts';
import { evaluateRound } from '../../health/round.ts';
import { sourceTables } from '../../health/rows.ts';
import { ResultWindow } from '../../health/window.ts';
import { readingsOf } from '../../scripts/health-read.ts';
import { resultRows } from '../../scripts/health-rows.ts';
import { SignalReader } from '../../scripts/health-signals.ts';
import { shopperOf } from '../../synthetics/journeys/plan.ts';
import type { AvailabilityResult } from '../../synthetics/result.ts';
import { runOnNode } from '../../synthetics/runners/node.ts';
import { checksOf } from '../../synthetics/runners/prepare.ts';
import { tokenSource } from '../../synthetics/runners/token.ts';
import { metricTimeOf, readClock, type StoreClock, wallTimeOf } from '../../telemetry/azure-monitor.ts';
import { readLocalTable } from '../../telemetry/log-tables.ts';
import type { TableRow } from '../health/table-rows.ts';
import { LiveRounds, minuteMs, nextAt } from './live-rounds.ts';

/** Share of a minute after which it is judged: checks begin in the first half, and the last of them has to end. */
const judgedAt = 0.85;

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
  minutes: LiveMinute[] = [];
  private store = new IncidentStore(':memory:');
  private readonly environment: Environment;
  private readonly clock: StoreClock;
  private readonly reader: SignalReader;
  private readonly window: ResultWindow;
  private readonly rounds: LiveRounds<AvailabilityResult>;
  private judgedMs = 0;
  private readonly results: AvailabilityResult[] = [];
  private sinceMs: number;

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
    this.rounds = new LiveRounds(
      checks
        .filter(({ journey }) => journey.name !== 'across-regions')
        .map((check, i) => () => runOnNode({ environment, check, tokens, shopperId: shopperOf(environment.shoppers, i) })),
      { now: () => this.now(), until: (ms) => this.until(ms) },
    );
  }

  static async of(environment: Environment): Promise<LiveHealth> {
    const { local } = environment;
    if (!local) throw new RangeError('a live test needs a local store');
    return new LiveHealth(environment, await readClock(local.controlEndpoint));
  }

  /** What the store's Azure Monitor has in its tables by now, and the results, in the time of the model. */
  async tables(): Promise<Record<string, TableRow[]>> {
    const { local, stamps } = this.environment;
    if (!local) throw new RangeError('a live test needs a local store');
    const workspaces = ['global', ...new Set(stamps.map(({ region }) => region))];
    const exported = sourceTables.map(async (table) => {
      const rows = workspaces.map(async (Workspace) => {
        const read = await readLocalTable(local, table, Workspace, 0);
        return read.map((row): TableRow => ({ ...row, Workspace, TimeGenerated: this.iso(String(row.TimeGenerated)) }));
      });
      return [table, (await Promise.all(rows)).flat()] as const;
    });
    const results = resultRows(this.results).map(
      (row): TableRow => ({ ...row, Workspace: 'global', TimeGenerated: String(row.TimeGenerated) }),
    );
    const tables = Object.fromEntries(await Promise.all(exported));
    return { ...tables, AppAvailabilityResults: [...(tables.AppAvailabilityResults ?? []), ...results] };
  }

  /** What was until now is no part of what is looked at: a store that has just started is slow. */
  begin(): void {
    this.store.close();
    this.store = new IncidentStore(':memory:');
    this.sinceMs = this.now();
    this.minutes = [];
  }

  private now(): number {
    return metricTimeOf(Date.now(), this.clock);
  }

  /** The next minute, judged near its end by what has come by then. Rounds go on beside: none is late because judging is. */
  async minute(): Promise<LiveMinute> {
    const { environment, window, store, sinceMs } = this;
    const judgeMs = Math.max(this.judgedMs + minuteMs, nextAt(this.now(), judgedAt * minuteMs));
    await this.until(judgeMs);
    this.judgedMs = judgeMs;
    const results = this.rounds.take();
    this.reader.addResults(results);
    const wallMs = Date.now();
    await this.reader.refresh(wallMs, minuteMs);
    const picture = this.reader.picture(wallMs);
    const moved = results.map((result) => ({ ...result, startedAt: this.iso(result.startedAt) }));
    this.results.push(...moved);
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
    return this.store.notices('waiting').map(({ state }) => state);
  }

  private iso(wall: string): string {
    return new Date(metricTimeOf(Date.parse(wall), this.clock)).toISOString();
  }

  /** No check is begun any more; resolves when those under way have ended. */
  close(): Promise<void> {
    this.store.close();
    return this.rounds.stop();
  }

  private async until(ms: number): Promise<void> {
    const left = wallTimeOf(ms, this.clock) - Date.now();
    if (left > 0) await new Promise((resolve) => setTimeout(resolve, left));
  }
}
