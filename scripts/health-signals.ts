import type { Environment } from '../fixtures/environments/schema.ts';
import { binOf, minuteMs } from '../health/bins.ts';
import { evaluate } from '../health/evaluate.ts';
import { expandModel, type ModelNode } from '../health/expand.ts';
import { type Course, type Ending, warningsOf } from '../health/foresight.ts';
import type { HealthPicture, Observation } from '../health/picture.ts';
import { readRows } from '../health/rows.ts';
import { Observations, reachMinutes } from '../health/series.ts';
import { thresholdOf } from '../health/thresholds.ts';
import { type Log, messageOf } from '../synthetics/monitor/log.ts';
import type { AvailabilityResult } from '../synthetics/result.ts';
import { endingsOf } from './health-courses.ts';
import { resultRows } from './health-rows.ts';

/** One place that signals are read from; each fails by itself. */
export interface Reading {
  readonly name: string;
  /** What it says from a time on. */
  readonly read: (sinceMs: number, nowMs: number) => Promise<Observation[]>;
}

interface SignalReaderOptions {
  readonly environment: Environment;
  readonly readings: readonly Reading[];
  /** What may cross a bound. */
  readonly courses: (nowMs: number) => Promise<readonly Course[]>;
  /** What ends at a known time, beside certificates, which come with results. Default: nothing. */
  readonly endings?: (nowMs: number) => Promise<readonly Ending[]>;
  readonly log: Pick<Log, 'warn'>;
  /** The time of the model for a wall time; where minutes pass faster, such as in tests of the local store. Default: the same. */
  readonly timeOf?: (wallMs: number) => number;
  /** The other way round. */
  readonly wallOf?: (timeMs: number) => number;
}

/** Rows come late; so far back each reading looks again. */
const overlapMs = 10 * 60_000;

/** Holds what was measured, and makes pictures of it. Reads beside: a picture never waits longer than it is told to. */
export class SignalReader {
  private readonly options: SignalReaderOptions;
  private readonly model: readonly ModelNode[];
  private readonly observations = new Observations();
  private readonly readTo = new Map<string, number>();
  /** What couldn't be read last time: said once, until it can be again. */
  private readonly failing = new Set<string>();
  private reading: Promise<void> | undefined;
  private courses: readonly Course[] = [];
  private endings: ReadonlyMap<string, Ending> = new Map();
  private readEndings: readonly Ending[] = [];

  constructor(options: SignalReaderOptions) {
    this.options = options;
    this.model = expandModel(options.environment);
  }

  addResults(results: readonly AvailabilityResult[]): void {
    this.add(readRows('AppAvailabilityResults', resultRows(results)));
    const endings = endingsOf(this.options.environment, results);
    this.endings = new Map([...this.endings, ...endings.map((each) => [each.id, each] as const)]);
  }

  /** Reads what is new everywhere, once at a time; resolves when it is read, or the time is up and it goes on beside. */
  async refresh(nowWallMs: number, withinMs: number): Promise<void> {
    this.reading ??= Promise.all([
      ...this.options.readings.map((reading) => this.read(reading, nowWallMs)),
      this.readBeside('courses', [], this.options.courses(nowWallMs)).then((courses) => {
        this.courses = courses;
      }),
      // An end that was known once is known still.
      this.readBeside('endings', this.readEndings, this.options.endings?.(nowWallMs)).then((endings) => {
        this.readEndings = endings;
      }),
    ]).then(() => {
      this.reading = undefined;
    });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, withinMs);
    });
    await Promise.race([this.reading, late]);
    clearTimeout(timer);
  }

  picture(nowWallMs: number): HealthPicture {
    const atMs = this.timeOf(nowWallMs);
    this.observations.prune(this.model, atMs);
    const warnings = warningsOf(this.courses, [...this.endings.values(), ...this.readEndings], nowWallMs);
    return evaluate(this.model, this.observations.series(this.model, atMs), atMs, warnings);
  }

  private timeOf(wallMs: number): number {
    return this.options.timeOf?.(wallMs) ?? wallMs;
  }

  private async readBeside<T>(name: string, otherwise: T, reading: Promise<T> | undefined): Promise<T> {
    try {
      const read = await reading;
      this.failing.delete(name);
      return read ?? otherwise;
    } catch (error) {
      this.sayOnce(name, error);
      return otherwise;
    }
  }

  /** A reading that fails leaves its signals without rows: they become unknown by themselves. */
  private async read({ name, read }: Reading, nowWallMs: number): Promise<void> {
    const { wallOf = (ms: number) => ms } = this.options;
    const nowMs = this.timeOf(nowWallMs);
    const known = this.readTo.get(name);
    // Minutes that a query has put together are read again whole.
    const fromMs = binOf(known === undefined ? nowMs - longestMs : known - overlapMs, minuteMs);
    try {
      const observations = await read(wallOf(fromMs), nowWallMs);
      this.observations.forgetUnnamed(new Set(observations.map(({ signal }) => signal)), fromMs);
      this.add(observations);
      this.readTo.set(name, nowMs);
      this.failing.delete(name);
    } catch (error) {
      this.sayOnce(name, error);
    }
  }

  private sayOnce(from: string, error: unknown): void {
    if (!this.failing.has(from)) this.options.log.warn('signals not read', { from, reason: messageOf(error) });
    this.failing.add(from);
  }

  private add(observations: readonly Observation[]): void {
    const { timeOf } = this.options;
    this.observations.add(timeOf ? observations.map((each) => ({ ...each, atMs: timeOf(each.atMs) })) : observations);
  }
}

/** No window reaches further back; journeys that run seldom come from results. */
const longestMs = reachMinutes({ ...thresholdOf('certificateDays'), everyMinutes: 1 }) * minuteMs;
