import { type Mix, meanRequests } from './mix.ts';
import { shareOfFirst } from './zipf.ts';

/** The catalogue that the seed makes, and the page that journeys ask for: a choice beyond the first page costs one more. */
const catalogue = { products: 200, pageSize: 20 };

/** Requests that a journey sends when all goes well, clean-up included; a test counts them in k6 and fails when one is off. */
const requests: Readonly<Record<string, { readonly always: number; readonly chooses: boolean }>> = {
  browse: { always: 2, chooses: true },
  search: { always: 3, chooses: true },
  reviews: { always: 5, chooses: true },
  'sign-in': { always: 3, chooses: false },
  cart: { always: 6, chooses: true },
  checkout: { always: 10, chooses: true },
  health: { always: 1, chooses: false },
};

/**
 * Requests of each journey on average. By Zipf's law with exponent 1 the first 20 of 200 products get
 * (1 + 1/2 + … + 1/20) / (1 + 1/2 + … + 1/200) = 3.60 / 5.88 = 61 % of the choices, so that 39 % ask for another page.
 */
export function requestsOfJourneys(zipfExponent: number): Record<string, number> {
  const beyond = 1 - shareOfFirst(catalogue.pageSize, catalogue.products, zipfExponent);
  return Object.fromEntries(
    Object.entries(requests).map(([name, { always, chooses }]) => [name, always + (chooses ? beyond : 0)]),
  );
}

/** What every scenario of an open model is made of. */
export interface LoadWish {
  readonly ratePerSecond: number;
  readonly durationSeconds: number;
  readonly mix: Mix;
  readonly zipfExponent: number;
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
 * iterations/s = requests/s ÷ requests per iteration: 60 ÷ 3.45 = 17.4 for the local mix.
 * Busy virtual users = iterations/s × iteration time (Little's law), and an iteration's time is its requests × latency,
 * so the requests per iteration cancel out: busy = requests/s × latency = 60 × 0.2 s = 12 at the objective.
 * Twice that stands ready (24); six times that (72) is the most that k6 may start.
 */
export function arrivalsOf(wish: LoadWish): Arrivals {
  const requestsPerIteration = meanRequests(wish.mix, requestsOfJourneys(wish.zipfExponent));
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
