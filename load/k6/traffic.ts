import type { Target } from '../../fixtures/environments/targets.ts';
import { activity, worldCorners } from './day.ts';
import type { LoadEnvironment } from './environment.ts';
import { chooser, type Mix, meanRequests, sharesOf } from './mix.ts';
import {
  type Arrivals,
  arrivalsOf,
  type Corner,
  type Profile,
  profileOf,
  requestsOfJourneys,
  type Scenario,
} from './profiles.ts';
import { evenPoint } from './random.ts';

export interface TrafficWish {
  readonly scenario: Scenario;
  readonly environment: Pick<LoadEnvironment, 'load' | 'objectives'>;
  readonly targets: readonly Target[];
  /** Default: the scenario's own. */
  readonly profile?: Profile | undefined;
  /** Requests per second over all targets; default: the profile's, else the environment's. */
  readonly ratePerSecond?: number | undefined;
  /** Seconds; default: the profile's, else the environment's. */
  readonly durationSeconds?: number | undefined;
  /** Seconds for which a varied mix stays as it is; default a minute, as Azure's metrics have it. */
  readonly windowSeconds?: number | undefined;
  /** k6 processes that share the load; default 1. */
  readonly segments?: number | undefined;
}

/** All that a run sends, known beforehand: which journey on which target an iteration is follows from its number alone. */
export interface Traffic {
  readonly durationSeconds: number;
  /** Requests per second that the profile takes as 100 %. */
  readonly targetPerSecond: number;
  /** Requests per second, on average over the run. */
  readonly ratePerSecond: number;
  /** Requests per second at the corners of the profile. */
  readonly corners: readonly Corner[];
  /** Iterations started per second over time, straight lines between. */
  readonly starts: readonly Corner[];
  /** Of the highest rate: virtual users are made for the peak. */
  readonly arrivals: Arrivals;
  readonly iterations: number;
  readonly zipfExponent: number;
  readonly mixes: readonly Mix[];
  /** Whether it is of interest which stamp an answer came from. */
  readonly countsServed: boolean;
  journeyOf(iteration: number): string;
  targetOf(iteration: number): number;
}

/** The same in k6 and in what judges it. Throws for a journey that load doesn't know. */
export function trafficOf({ scenario, environment, targets, windowSeconds = 60, ...wish }: TrafficWish): Traffic {
  const profile = wish.profile ?? profileOf(scenario);
  const { load, objectives } = environment;
  const own =
    profile.turns === undefined ? profile.durationSeconds : profile.turns * turnSeconds(profile, load.mix, windowSeconds);
  const durationSeconds = wish.durationSeconds ?? own ?? load.durationSeconds;
  const wantedPerSecond = wish.ratePerSecond ?? profile.ratePerSecond ?? load.ratePerSecond;
  const zipfExponent = profile.zipfExponent ?? load.zipfExponent;
  const shares = cornersOf(profile, targets, durationSeconds);
  const mixes = mixesOf(profile, load.mix);
  const peakPerSecond = wantedPerSecond * Math.max(...shares.map(([, share]) => share));
  const corners = shares.map(([at, share]): Corner => [at, share * wantedPerSecond]);
  const perIteration = mixes.map((mix) => meanRequests(mix, requestsOfJourneys(zipfExponent)));
  const starts = startsOf(corners, perIteration, windowSeconds);
  const time = timeline(starts);
  const arrivals = arrivalsOf({
    ratePerSecond: peakPerSecond,
    durationSeconds,
    requestsPerIteration: areaUnder(corners) / time.iterations,
    latencyP95Ms: objectives.latencyP95Ms,
    segments: wish.segments,
  });
  const choosers = mixes.map(chooser);
  return {
    durationSeconds,
    targetPerSecond: wantedPerSecond,
    ratePerSecond: areaUnder(corners) / durationSeconds,
    corners,
    starts,
    arrivals,
    iterations: Math.round(time.iterations),
    zipfExponent,
    mixes,
    countsServed: profile.through === 'global',
    journeyOf(iteration) {
      // A mix that never changes needs no look at the time.
      const window = choosers.length === 1 ? 0 : Math.floor(time.secondsAt(iteration) / windowSeconds) % choosers.length;
      return (choosers[window] as (point: number) => string)(evenPoint(load.seed, iteration)[0]);
    },
    targetOf(iteration) {
      const point = evenPoint(load.seed, iteration)[1];
      if (!profile.byGeography) return Math.floor(point * targets.length);
      return byActivity(targets, (time.secondsAt(iteration) / durationSeconds) * 24, point);
    },
  };
}

/** How often each journey comes up: exactly, since the sequence is known. */
export function journeysOf(traffic: Traffic): Record<string, number> {
  const names = new Set(traffic.mixes.flatMap((mix) => [...sharesOf(mix).keys()]));
  const counts: Record<string, number> = Object.fromEntries([...names].map((name) => [name, 0]));
  for (let iteration = 0; iteration < traffic.iterations; iteration += 1) {
    const name = traffic.journeyOf(iteration);
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

function cornersOf(profile: Profile, targets: readonly Target[], durationSeconds: number): readonly Corner[] {
  if (!profile.byGeography) return profile.corners(durationSeconds);
  const regions = targets.flatMap(({ region }) => region ?? []);
  return regions.length === 0 ? profile.corners(durationSeconds) : worldCorners(regions, durationSeconds);
}

/**
 * The mixes that take turns. Varied on purpose: the environment's own, then for each journey one in which it is three quarters of
 * all, so that the cost of each can be told from that of the others (as many windows as unknowns, and the mix itself).
 */
function mixesOf({ mix: kind }: Profile, mix: Mix): readonly Mix[] {
  const shares = sharesOf(mix);
  if (kind === undefined) return [mix];
  if (kind === 'even') return [Object.fromEntries([...shares.keys()].map((name) => [name, 1]))];
  const emphasised = (most: string): Mix =>
    Object.fromEntries([...shares].map(([name, share]) => [name, share / 4 + (name === most ? 0.75 : 0)]));
  return shares.size === 1 ? [mix] : [mix, ...[...shares.keys()].map(emphasised)];
}

/** How long it takes until each mix of a profile had its window. */
const turnSeconds = (profile: Profile, mix: Mix, windowSeconds: number) => mixesOf(profile, mix).length * windowSeconds;

/**
 * Iterations a second are requests a second ÷ requests of an iteration. Where the mix takes turns these change from window to
 * window, between 2.7 and 8.7 of the local mix, and the iterations with them: the rate of requests stays what the profile says.
 */
function startsOf(corners: readonly Corner[], perIteration: readonly number[], windowSeconds: number): Corner[] {
  const [only = 1] = perIteration;
  if (perIteration.length === 1) return corners.map(([at, rate]) => [at, rate / only]);
  return corners.slice(1).flatMap(([end, last], index): Corner[] => {
    const [begin, first] = corners[index] as Corner;
    const rateAt = (at: number) => first + ((last - first) * (at - begin)) / (end - begin);
    const windows = Array.from({ length: Math.ceil(end / windowSeconds) }, (_, window) => window * windowSeconds);
    const cuts = [begin, ...windows.filter((at) => at > begin && at < end), end];
    // A stretch of no time is a jump, which the corners around it make.
    return (begin === end ? [] : cuts.slice(1)).flatMap((to, cut): Corner[] => {
      const from = cuts[cut] ?? begin;
      const requests = perIteration[Math.floor(from / windowSeconds) % perIteration.length] ?? only;
      return [
        [from, rateAt(from) / requests],
        [to, rateAt(to) / requests],
      ];
    });
  });
}

/** What comes up under the corners' lines. */
const areaUnder = (corners: readonly Corner[]) =>
  corners.slice(1).reduce((sum, [at, rate], index) => {
    const [from, before] = corners[index] as Corner;
    return sum + ((before + rate) / 2) * (at - from);
  }, 0);

/** A region has its hour; the global endpoint stands for all of them and gets their mean. */
function byActivity(targets: readonly Target[], utcHour: number, point: number): number {
  const own = targets.map(({ region }) => (region === undefined ? undefined : activity(region, utcHour)));
  const mean = meanOf(own.flatMap((value) => value ?? []));
  const weights = own.map((value) => value ?? (Number.isNaN(mean) ? 1 : mean));
  let aim = point * weights.reduce((sum, weight) => sum + weight, 0);
  const found = weights.findIndex((weight) => {
    aim -= weight;
    return aim < 0;
  });
  return found === -1 ? targets.length - 1 : found;
}

const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

interface Stretch {
  readonly atSeconds: number;
  readonly perSecond: number;
  /** Change of the rate per second. */
  readonly slope: number;
  /** Iterations before it. */
  readonly before: number;
}

/** Between two corners the rate r + s·t has brought r·t + s·t²/2 iterations after t seconds; solved for t it is the time. */
function timeline(starts: readonly Corner[]) {
  const stretches: Stretch[] = [];
  let before = 0;
  starts.slice(1).forEach(([toSeconds, end], index) => {
    const [fromSeconds, perSecond] = starts[index] as Corner;
    const seconds = toSeconds - fromSeconds;
    if (seconds > 0) stretches.push({ atSeconds: fromSeconds, perSecond, slope: (end - perSecond) / seconds, before });
    before += ((perSecond + end) / 2) * seconds;
  });
  return {
    iterations: before,
    secondsAt(iteration: number): number {
      const found = stretches.findLast((stretch) => stretch.before <= iteration) ?? stretches[0];
      if (!found) return 0;
      const { atSeconds, perSecond, slope } = found;
      const over = Math.max(0, iteration - found.before);
      // 2n / (r + √(r² + 2sn)): the same root, and good for a slope of 0, too.
      const root = perSecond + Math.sqrt(Math.max(0, perSecond * perSecond + 2 * slope * over));
      return root === 0 ? atSeconds : atSeconds + (2 * over) / root;
    },
  };
}
