import { type Mix, meanRequests } from './mix.ts';

/** Requests that a journey sends when all goes well, its clean-up included. A test counts them in k6 and fails when one is off. */
export const requestsOfJourney: Readonly<Record<string, number>> = {
  browse: 3,
  search: 2,
  reviews: 4,
  'sign-in': 3,
  cart: 5,
  checkout: 7,
  health: 1,
};

/** What every scenario of an open model is made of. */
export interface LoadWish {
  readonly ratePerSecond: number;
  readonly durationSeconds: number;
  readonly mix: Mix;
  /** Objective: 95 % of the requests are answered within this time. */
  readonly latencyP95Ms: number;
}

export interface Arrivals {
  readonly requestsPerIteration: number;
  readonly iterationsPerSecond: number;
  readonly iterations: number;
  readonly preAllocatedVUs: number;
  readonly maxVUs: number;
}

/** A store this much slower than its objective still gets its full rate, so that slowness shows as latency first. */
const headroom = { preAllocated: 2, maximum: 6 };
/** Below this many a burst of slow answers alone would drop iterations. */
const fewestVirtualUsers = 20;

/**
 * Arrivals per second and virtual users for a rate of requests.
 *
 * iterations/s = requests/s ÷ requests per iteration: 60 ÷ 3.16 = 19 for the local mix.
 * Busy virtual users = iterations/s × iteration time (Little's law), and an iteration's time is its requests × latency,
 * so the requests per iteration cancel out: busy = requests/s × latency = 60 × 0.2 s = 12 at the objective.
 * Twice that stands ready (24); six times that (72) is the most that k6 may start.
 */
export function arrivalsOf(wish: LoadWish, requestsOf = requestsOfJourney): Arrivals {
  const requestsPerIteration = meanRequests(wish.mix, requestsOf);
  const iterationsPerSecond = wish.ratePerSecond / requestsPerIteration;
  const busy = (wish.ratePerSecond * wish.latencyP95Ms) / 1000;
  const preAllocatedVUs = Math.max(fewestVirtualUsers, Math.ceil(busy * headroom.preAllocated));
  return {
    requestsPerIteration,
    iterationsPerSecond,
    iterations: Math.round(iterationsPerSecond * wish.durationSeconds),
    preAllocatedVUs,
    maxVUs: Math.max(preAllocatedVUs, Math.ceil(busy * headroom.maximum)),
  };
}

/** k6 takes whole rates only: iterations per hour are fine enough for 0.03 % at one iteration a second. */
export function constantArrivals(arrivals: Arrivals, durationSeconds: number) {
  return {
    executor: 'constant-arrival-rate',
    rate: Math.max(1, Math.round(arrivals.iterationsPerSecond * 3600)),
    timeUnit: '1h',
    duration: `${durationSeconds}s`,
    preAllocatedVUs: arrivals.preAllocatedVUs,
    maxVUs: arrivals.maxVUs,
    gracefulStop: '10s',
  } as const;
}
