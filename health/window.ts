import type { Environment } from '../fixtures/environments/schema.ts';
import { type AvailabilityResult, certificateName, type Failure, heartbeatName } from '../synthetics/result.ts';
import { Bins, binOf, lookbackBins, minuteMs, Passed } from './bins.ts';

/** What of a result the windows keep: no more than is asked for, since thousands of checks are kept for an hour. */
export interface Seen {
  readonly id: string;
  /** Where an attempt failed: it may be shown as evidence. */
  readonly traceId?: string;
  readonly atMs: number;
  readonly durationMs: number;
  /** excused: inconclusive, or within maintenance, load or an experiment. It says nothing, and it isn't missing. */
  readonly outcome: 'passed' | 'failed' | 'excused';
  /** Of the probe, before marks were looked at. */
  readonly inconclusive: boolean;
  readonly firstAttemptFailed: boolean;
  readonly failure?: Failure;
  /** A certificate that passed, but ends soon. */
  readonly warning?: string;
}

export interface Place {
  readonly kind: 'stamp' | 'global';
  readonly target: string;
  /** `global` for the global endpoint, which belongs to no region. */
  readonly region: string;
}

/** A journey on a target: what is judged by itself. */
export interface Pair {
  readonly name: string;
  readonly journey: string;
  readonly place: Place;
  /** Width of its bins: how often the journey runs. */
  readonly binMs: number;
  readonly bins: Bins;
}

export const pairName = (journey: string, target: string) => `${journey}@${target}`;

/** Results of journeys in one minute, of a target or a location. */
interface Minute {
  /** That say something of the store: passed or failed, and not marked. */
  results: number;
  inconclusive: number;
  failedFirst: number;
  passedOnRetry: number;
  /** The last that passed on retry. */
  retried?: Seen;
}

export interface TargetMinutes {
  readonly place: Place;
  readonly minutes: ReadonlyMap<number, Readonly<Minute>>;
}

/** How far back results are needed, in minutes: give the window those, at the start. */
export function lookbackMinutes(environment: Pick<Environment, 'monitor'>): number {
  return lookbackBins * Math.max(1, ...Object.values(environment.monitor.everyMinutes));
}

/**
 * Results of the last bins, each id once, whatever their order of arrival. Slots are left out: no shopper is served there.
 * Feed it all results or only the new ones; it forgets what is too old to matter.
 */
export class ResultWindow {
  private readonly everyMinutes: Readonly<Record<string, number>>;
  private readonly byName = new Map<string, Pair>();
  private readonly byTarget = new Map<string, { place: Place; minutes: Map<number, Minute> }>();
  private readonly byLocation = new Map<string, Map<number, Minute>>();
  private readonly builds = new Map<string, { atMs: number; names: Set<string> }>();
  private earliestMs = Number.POSITIVE_INFINITY;

  constructor(environment: Pick<Environment, 'monitor'>) {
    this.everyMinutes = environment.monitor.everyMinutes;
  }

  add(results: Iterable<AvailabilityResult>): void {
    for (const result of results) {
      const { kind } = result.target;
      if (kind === 'slot' || kind === 'location' || result.journey === heartbeatName) continue;
      const seen = seenOf(result);
      const pair = this.pairOf(result, kind);
      if (!pair.bins.add(seen) || result.journey === certificateName) continue;
      this.earliestMs = Math.min(this.earliestMs, seen.atMs);
      const target = this.byTarget.get(pair.place.target) ?? { place: pair.place, minutes: new Map<number, Minute>() };
      this.byTarget.set(pair.place.target, target);
      const location = this.byLocation.get(result.location) ?? new Map<number, Minute>();
      this.byLocation.set(result.location, location);
      for (const minutes of [target.minutes, location]) countIn(minutes, seen);
      const build = result.servedBy?.build;
      if (kind === 'stamp' && build !== undefined) this.sawBuild(pair.place.target, build, binOf(seen.atMs, minuteMs));
    }
  }

  /** Forgets bins out of sight, and pairs without any. */
  prune(nowMs: number): void {
    for (const pair of this.byName.values()) {
      if (!pair.bins.forgetBefore(nowMs - (lookbackBins + 1) * pair.binMs)) this.byName.delete(pair.name);
    }
    const minutes = [...[...this.byTarget.values()].map((target) => target.minutes), ...this.byLocation.values()];
    for (const each of minutes) forget(each, nowMs - (lookbackBins + 1) * minuteMs);
  }

  pairs(): readonly Pair[] {
    return [...this.byName.values()];
  }

  pair(name: string): Pair | undefined {
    return this.byName.get(name);
  }

  targets(): readonly TargetMinutes[] {
    return [...this.byTarget.values()];
  }

  /** By location and minute, to see whether a round said anything. */
  locations(): ReadonlyMap<string, ReadonlyMap<number, Readonly<Minute>>> {
    return this.byLocation;
  }

  /** The builds that each stamp answered with in the latest minute that it did. */
  latestBuilds(): ReadonlyMap<string, { readonly atMs: number; readonly names: ReadonlySet<string> }> {
    return this.builds;
  }

  private sawBuild(target: string, build: string, atMs: number): void {
    const known = this.builds.get(target);
    if (known?.atMs === atMs) known.names.add(build);
    else if (!known || known.atMs < atMs) this.builds.set(target, { atMs, names: new Set([build]) });
  }

  /** Start of the earliest result added since this was last asked: what is counted elsewhere has to be counted anew from there. */
  takeEarliest(): number {
    const earliest = this.earliestMs;
    this.earliestMs = Number.POSITIVE_INFINITY;
    return earliest;
  }

  widthOf(journey: string): number {
    return journey === certificateName ? minuteMs : (this.everyMinutes[journey] ?? 1) * minuteMs;
  }

  private pairOf({ journey, target }: AvailabilityResult, kind: Place['kind']): Pair {
    const name = pairName(journey, target.name);
    const known = this.byName.get(name);
    if (known) return known;
    const place = { kind, target: target.name, region: target.region ?? 'global' };
    const binMs = this.widthOf(journey);
    const pair: Pair = { name, journey, place, binMs, bins: new Bins(binMs) };
    this.byName.set(name, pair);
    return pair;
  }
}

function countIn(minutes: Map<number, Minute>, seen: Seen): void {
  const start = binOf(seen.atMs, minuteMs);
  const minute = minutes.get(start) ?? { results: 0, inconclusive: 0, failedFirst: 0, passedOnRetry: 0 };
  minutes.set(start, minute);
  if (seen.inconclusive) minute.inconclusive += 1;
  if (seen.outcome === 'excused') return;
  minute.results += 1;
  if (!seen.firstAttemptFailed) return;
  minute.failedFirst += 1;
  if (seen.outcome !== 'passed') return;
  minute.passedOnRetry += 1;
  minute.retried = seen;
}

function forget(minutes: Map<number, unknown>, before: number): void {
  for (const start of minutes.keys()) if (start < before) minutes.delete(start);
}

function seenOf(result: AvailabilityResult): Seen {
  const { id, traceId, startedAt, durationMs, outcome, attempts, failure, warnings, marks } = result;
  const isMarked = Object.keys(marks ?? {}).length > 0;
  const firstAttemptFailed = attempts[0]?.outcome === 'failed';
  const warning = result.journey === certificateName && outcome === 'passed' ? warnings[0] : undefined;
  const isPlain = outcome === 'passed' && !isMarked && !firstAttemptFailed && warning === undefined;
  if (isPlain) return new Passed(id, Date.parse(startedAt), durationMs);
  return {
    id,
    atMs: Date.parse(startedAt),
    durationMs,
    outcome: isMarked || outcome === 'inconclusive' ? 'excused' : outcome,
    inconclusive: outcome === 'inconclusive',
    firstAttemptFailed,
    ...((failure || firstAttemptFailed) && { traceId }),
    ...(failure && { failure }),
    ...(warning !== undefined && { warning }),
  };
}
