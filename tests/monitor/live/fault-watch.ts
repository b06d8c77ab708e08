import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import type { Environment } from '../../../fixtures/environments/schema.ts';
import { targetsOf } from '../../../fixtures/environments/targets.ts';
import { realClock } from '../../../synthetics/monitor/clock.ts';
import { type EndedRound, Monitor } from '../../../synthetics/monitor/monitor.ts';
import { type AvailabilityResult, type Cause, failureLine } from '../../../synthetics/result.ts';
import { checksOf } from '../../../synthetics/runners/prepare.ts';
import { tokenSource } from '../../../synthetics/runners/token.ts';
import { openOutbox } from '../../../telemetry/outbox.ts';
import { startTestStore, type TestStore } from '../../support/store.ts';

export interface WantedFault {
  readonly fault: Readonly<Record<string, unknown>> & { readonly kind: string };
  /** `checkout@eastus`: these fail, and no other. */
  readonly fails: readonly string[];
  readonly cause?: Cause | undefined;
}

export interface SeenFault {
  readonly title: string;
  /** What is not as wanted; empty: right results, right cause, and gone after it. */
  readonly faults: readonly string[];
  /** From the fault's begin, and from its end, to the last result that says so; seconds. */
  readonly seenAfter: number;
  readonly goneAfter: number;
}

const periodMs = 8_000;
/** Time limits that a busy machine keeps, short enough for the faults that exceed them. */
const limits = { requestMs: 6_000, journeyMs: 20_000, replicationMs: 5_000 };
/** Longest until a fault, or its end, is known to instances and Front Door, and a whole period says so. */
export const longestMs = 20_000 + 2 * periodMs + limits.journeyMs;

/** A store and a monitor that runs against it, period by period. */
export class FaultWatch {
  private readonly store: TestStore;
  private readonly monitor: Monitor;
  private readonly folder: string;
  private readonly trusted: string[];
  private readonly results: AvailabilityResult[] = [];
  /** Of every check that has to say something; known beforehand, since no result is no answer. */
  private readonly names: readonly string[];

  static async start(): Promise<FaultWatch> {
    const store = await startTestStore({
      change: (environment: Environment) => ({
        ...environment,
        budgets: { ...environment.budgets, ...limits },
        objectives: { ...environment.objectives, replicationMs: limits.replicationMs },
        // A retry would only take longer: what is injected here stays until it is cleared.
        monitor: { ...environment.monitor, retries: { count: 0, spacingMs: 0 } },
      }),
    });
    return new FaultWatch(store);
  }

  private constructor(store: TestStore) {
    this.store = store;
    const { environment } = store;
    this.names = checksOf(environment, targetsOf(environment)).checks.map(
      ({ journey, target }) => `${journey.name}@${target.name}`,
    );
    this.trusted = tls.getCACertificates('default');
    tls.setDefaultCACertificates([...this.trusted, store.contoso.ca]);
    this.folder = mkdtempSync(join(tmpdir(), 'fault-watch-'));
    this.monitor = new Monitor({
      environment: store.environment,
      tokens: ({ auth }) => tokenSource(auth, {}),
      openOutbox: () => openOutbox(join(this.folder, 'outbox.db'), { now: Date.now }),
      underWayFolder: join(this.folder, 'under-way'),
      clock: realClock,
      log: { info: () => undefined, warn: () => undefined },
      periodMs,
      // What is delivered is shown elsewhere; a fault of ingestion must not be seen here.
      deliver: () => Promise.resolve({ accepted: 0, undelivered: 0, parked: 0, late: 0 }),
      afterRound: ({ results }: EndedRound) => Promise.resolve(void this.results.push(...results)),
    });
    this.monitor.start();
  }

  async close(): Promise<void> {
    await this.monitor.stop(limits.journeyMs);
    this.monitor.close();
    tls.setDefaultCACertificates(this.trusted);
    await this.store.close();
    rmSync(this.folder, { recursive: true });
  }

  /** Every check has passed once. */
  async settle(): Promise<void> {
    const { faults } = await this.until(Date.now(), [], undefined);
    if (faults.length > 0) throw new Error(faults.join('; '));
  }

  async see({ fault, fails, cause }: WantedFault): Promise<SeenFault> {
    const title = Object.values(fault).join(' ');
    const onMs = Date.now();
    const made = await this.store.admin('POST', '/admin/faults', { ...fault, seconds: 600 });
    if (made.status !== 201) return { title, faults: [JSON.stringify(made.json)], seenAfter: 0, goneAfter: 0 };
    const seen = await this.until(onMs, fails, cause);
    const offMs = Date.now();
    await this.store.admin('DELETE', '/admin/faults');
    const gone = await this.until(offMs, [], undefined);
    const faults = [...seen.faults, ...gone.faults.map((line) => `after it: ${line}`)];
    return { title, faults, seenAfter: seen.seconds, goneAfter: gone.seconds };
  }

  /** Waits until every check has a result that is as wanted, and none after it that is not. */
  private async until(fromMs: number, fails: readonly string[], cause: Cause | undefined) {
    for (;;) {
      const faults = this.faultsSince(fromMs, fails, cause);
      const tookMs = Date.now() - fromMs;
      if (faults.length === 0 || tookMs > longestMs) return { faults, seconds: Math.round(tookMs / 100) / 10 };
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }

  /** Since the last result that was not as wanted: what has none yet, and what that one was. */
  private faultsSince(fromMs: number, fails: readonly string[], cause: Cause | undefined): string[] {
    const since = this.results.filter(({ target, startedAt }) => target.kind !== 'location' && Date.parse(startedAt) >= fromMs);
    const wrong = since.filter((result) => isWrong(result, fails.includes(nameOf(result)), cause));
    const last = wrong.reduce<AvailabilityResult | undefined>((a, b) => (a && a.startedAt > b.startedAt ? a : b), undefined);
    const right = new Set(since.filter(({ startedAt }) => !last || startedAt > last.startedAt).map(nameOf));
    // Certificates have a result when they say something new.
    const missing = [...new Set([...this.names, ...fails])].filter((name) => !right.has(name));
    return missing.length === 0 ? [] : [...wrong.slice(-5).map(lineOf), `no result as wanted: ${missing.join(', ')}`];
  }
}

const nameOf = ({ journey, target }: Pick<AvailabilityResult, 'journey' | 'target'>) => `${journey}@${target.name}`;

const isWrong = ({ outcome, failure }: AvailabilityResult, isToFail: boolean, cause: Cause | undefined) =>
  isToFail ? outcome === 'passed' || failure?.cause !== cause : outcome !== 'passed';

const lineOf = (result: AvailabilityResult) =>
  `${nameOf(result)} ${result.outcome}${result.failure ? ` by ${result.failure.cause}: ${failureLine(result)}` : ''}`;
