import type { Environment } from '../fixtures/environments/schema.ts';
import { certificateName } from '../synthetics/result.ts';
import { binOf, minuteMs } from './bins.ts';
import type { Incident } from './incident.ts';
import type { IncidentStore, Sum, Tally } from './incident-store.ts';
import type { Pair, ResultWindow, Seen } from './window.ts';

interface Objective {
  readonly journey: string;
  /** A region, or `global`. */
  readonly place: string;
  readonly availabilityPercent: number;
  /** A passed result that takes longer is slow; undefined: no objective for latency. */
  readonly latencyMs: number | undefined;
  readonly latencyPercent: number;
}

export const budgetKinds = ['availability', 'latency'] as const;
export type BudgetKind = (typeof budgetKinds)[number];

const defaultLatencyPercent = 95;

/** What holds for a journey at a place: what names both counts above what names the journey, that above what names the place. */
export function objectiveOf({ objectives }: Pick<Environment, 'objectives'>, journey: string, place: string): Objective {
  const rows = objectives.journeys
    .filter((row) => (row.journey ?? journey) === journey && (row.region ?? place) === place)
    .map((row) => ({ row, weight: (row.journey === undefined ? 0 : 2) + (row.region === undefined ? 0 : 1) }))
    .sort((a, b) => b.weight - a.weight);
  const first = <T>(read: (row: (typeof rows)[number]['row']) => T | undefined) =>
    rows.map(({ row }) => read(row)).find((value) => value !== undefined);
  return {
    journey,
    place,
    availabilityPercent: first((row) => row.availabilityPercent) ?? objectives.availabilityPercent,
    latencyMs: first((row) => row.latencyMs),
    latencyPercent: first((row) => row.latencyPercent) ?? defaultLatencyPercent,
  };
}

/** Fine buckets for windows up to a day, hours for longer ones; and how long each is kept. */
export const buckets = [
  { minutes: 5, keepMinutes: 25 * 60 },
  { minutes: 60, keepMinutes: 31 * 24 * 60 },
] as const;

const [fine, coarse] = buckets;
const bucketOf = (windowMinutes: number) => (windowMinutes <= 24 * 60 ? fine.minutes : coarse.minutes);

type Counts = { -readonly [K in keyof Tally]: Tally[K] };

/** Bins behind those that can open an incident; whether a failure is told of can change up to there. */
const marginBins = 10;

/** Adds the window's results to the tallies, in which they outlive it. Told: within an incident that people know of. */
export function keepTallies(
  environment: Pick<Environment, 'objectives' | 'alerts'>,
  window: ResultWindow,
  incidents: readonly Incident[],
  store: IncidentStore,
  nowMs: number,
): void {
  const told = toldBy(incidents);
  const earliest = window.takeEarliest();
  const tallies = new Map<string, Counts>();
  const objectives = new Map<string, Objective>();
  let firstMs = nowMs;
  for (const pair of window.pairs()) {
    if (pair.journey === certificateName) continue;
    const recent = nowMs - (environment.alerts.open.of + marginBins) * pair.binMs;
    const fromMs = binOf(Math.min(earliest, recent), fine.minutes * minuteMs);
    firstMs = Math.min(firstMs, fromMs);
    const { journey, place } = pair;
    const key = `${journey} ${place.region}`;
    const objective = objectives.get(key) ?? objectiveOf(environment, journey, place.region);
    objectives.set(key, objective);
    tallyPair(pair, [fromMs, nowMs], objective, told, tallies);
  }
  store.putTallies(fine.minutes, [...tallies.values()]);
  store.rollUp(fine.minutes, coarse.minutes, binOf(firstMs, coarse.minutes * minuteMs));
  for (const { minutes, keepMinutes } of buckets) store.pruneTallies(minutes, nowMs - keepMinutes * minuteMs);
}

function tallyPair(
  pair: Pair,
  [fromMs, nowMs]: readonly [number, number],
  objective: Objective,
  told: Told,
  tallies: Map<string, Counts>,
): void {
  const { journey, place } = objective;
  let tally: Counts | undefined;
  for (let start = binOf(fromMs, pair.binMs); start <= nowMs; start += pair.binMs) {
    for (const seen of pair.bins.get(start) ?? []) {
      if (seen.outcome === 'excused' || seen.atMs < fromMs) continue;
      const startMs = binOf(seen.atMs, fine.minutes * minuteMs);
      if (tally?.startMs !== startMs) {
        const key = `${journey} ${place} ${startMs}`;
        tally = tallies.get(key) ?? { journey, place, startMs, ...zero };
        tallies.set(key, tally);
      }
      count(tally, seen, objective, told, pair.name);
    }
  }
}

const zero = { total: 0, failed: 0, failedTold: 0, slow: 0, slowTold: 0 };

function count(tally: Counts, seen: Seen, objective: Objective, told: Told, member: string): void {
  const isFailed = seen.outcome === 'failed';
  const isSlow = seen.outcome === 'passed' && objective.latencyMs !== undefined && seen.durationMs > objective.latencyMs;
  tally.total += 1;
  if (!isFailed && !isSlow) return;
  tally[isFailed ? 'failed' : 'slow'] += 1;
  if (told(member, seen.atMs)) tally[isFailed ? 'failedTold' : 'slowTold'] += 1;
}

type Told = (member: string, atMs: number) => boolean;

function toldBy(incidents: readonly Incident[]): Told {
  const spans = new Map<string, { from: number; to: number }[]>();
  for (const { kind, members, startedAtMs, resolvedAtMs } of incidents) {
    if (kind !== 'outage' && kind !== 'health') continue;
    const span = { from: startedAtMs, to: resolvedAtMs ?? Number.POSITIVE_INFINITY };
    for (const member of members) spans.set(member, [...(spans.get(member) ?? []), span]);
  }
  return (member, atMs) => spans.get(member)?.some(({ from, to }) => atMs >= from && atMs < to) ?? false;
}

/** Bad results of an objective out of those that it counts. */
interface Spent {
  readonly total: number;
  readonly bad: number;
}

/** Latency counts passed results alone: a failure is the other objective's. */
export function spentOf(sum: Sum, kind: BudgetKind, withoutTold = false): Spent {
  const { total, failed, failedTold, slow, slowTold } = sum;
  const [told, toldSlow] = withoutTold ? [failedTold, slowTold] : [0, 0];
  if (kind === 'availability') return { total: total - told, bad: failed - told };
  return { total: total - failed - toldSlow, bad: slow - toldSlow };
}

/** The share of results that an objective lets fail. */
export const allowedShare = (objective: Objective, kind: BudgetKind) =>
  1 - (kind === 'availability' ? objective.availabilityPercent : objective.latencyPercent) / 100;

/**
 * How fast the budget is spent: 1 uses it up in exactly its period. Undefined without results: unknown.
 * Bad share ÷ allowed share, https://sre.google/workbook/alerting-on-slos/
 */
export function burnRateOf({ total, bad }: Spent, allowed: number): number | undefined {
  if (total === 0) return undefined;
  if (bad === 0) return 0;
  return allowed <= 0 ? Number.POSITIVE_INFINITY : bad / total / allowed;
}

export function sumsOver(store: IncidentStore, windowMinutes: number, untilMs: number): Sum[] {
  const minutes = bucketOf(windowMinutes);
  const until = binOf(untilMs, minutes * minuteMs);
  return store.sums(minutes, until - windowMinutes * minuteMs, until);
}

/** What failures take of the error budgets of journeys together, over the longest window, percent; undefined where nothing may fail. */
export function budgetPercentOf(
  environment: Pick<Environment, 'objectives'>,
  pairs: readonly Pick<Pair, 'journey' | 'place' | 'binMs'>[],
  failures: number,
): number | undefined {
  const windowMs = Math.max(...environment.objectives.budgetHours) * 60 * minuteMs;
  const allowed = pairs
    .filter(({ journey }) => journey !== certificateName)
    .map(({ journey, place, binMs }) => {
      return (windowMs / binMs) * allowedShare(objectiveOf(environment, journey, place.region), 'availability');
    })
    .reduce((sum, each) => sum + each, 0);
  return allowed > 0 ? (100 * failures) / allowed : undefined;
}

export interface Budget extends Spent {
  readonly journey: string;
  readonly place: string;
  readonly kind: BudgetKind;
  readonly objectivePercent: number;
  readonly hours: number;
  /** What was reached, percent; undefined without results: unknown. */
  readonly actualPercent: number | undefined;
  /** Share of the error budget that is left: 1 untouched, 0 used up, below 0 overspent; undefined: unknown. */
  readonly left: number | undefined;
}

/** Error budgets of every journey and place that has results, over each rolling window of the environment. */
export function budgetsOf(environment: Pick<Environment, 'objectives'>, store: IncidentStore, nowMs: number): Budget[] {
  return environment.objectives.budgetHours.flatMap((hours) => {
    const minutes = bucketOf(hours * 60);
    // The current bucket counts too: it is full up to now.
    const sums = sumsOver(store, hours * 60, nowMs + minutes * minuteMs);
    return sums.flatMap((sum) => {
      const objective = objectiveOf(environment, sum.journey, sum.place);
      const kinds = objective.latencyMs === undefined ? budgetKinds.slice(0, 1) : budgetKinds;
      return kinds.map((kind): Budget => {
        const spent = spentOf(sum, kind);
        const allowed = allowedShare(objective, kind);
        const burn = burnRateOf(spent, allowed);
        return {
          journey: sum.journey,
          place: sum.place,
          kind,
          objectivePercent: kind === 'availability' ? objective.availabilityPercent : objective.latencyPercent,
          hours,
          ...spent,
          actualPercent: spent.total === 0 ? undefined : (1 - spent.bad / spent.total) * 100,
          left: burn === undefined ? undefined : burn === Number.POSITIVE_INFINITY ? 0 : 1 - burn,
        };
      });
    });
  });
}
