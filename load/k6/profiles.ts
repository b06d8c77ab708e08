import { shareOfFirst } from './zipf.ts';

/** A corner of the rate over time: seconds since the start, and the share of the wanted rate then. Straight lines between. */
export type Corner = readonly [atSeconds: number, share: number];

/** What a scenario sends, as data; what it is for and how it is judged stands elsewhere. */
export interface Profile {
  readonly corners: (durationSeconds: number) => readonly Corner[];
  /** Default: the environment's. */
  readonly durationSeconds?: number;
  /** Requests per second; default: the environment's. */
  readonly ratePerSecond?: number;
  /** Default: the environment's mix as it is. */
  readonly mix?: 'even' | 'varied';
  /** How often each mix of a varied one has its window, which gives the duration. */
  readonly turns?: number;
  /** Default: the environment's. */
  readonly zipfExponent?: number;
  /** Each region's share of the traffic follows the hour there. */
  readonly byGeography?: true;
  /**
   * Something is done to the store meanwhile, by Azure's control plane: load goes to the stamp that is swapped, or through the
   * global endpoint. On a local store the time is divided by its time scale, but for `fewestActedSeconds`.
   */
  readonly through?: 'swapped' | 'global';
}

/** Shorter, and what is acted on would have too few samples before and after. */
export const fewestActedSeconds = 30;

const steady = (durationSeconds: number): readonly Corner[] => [
  [0, 1],
  [durationSeconds, 1],
];

const halved = (durationSeconds: number): readonly Corner[] => [
  [0, 1],
  [durationSeconds / 2, 1],
  [durationSeconds / 2, 0.5],
  [durationSeconds, 0.5],
];

/** A spike's way up and down; shorter where the whole run has no room for it. */
const spikeRampSeconds = 10;

/**
 * One row a scenario. A rate is a share of the target rate, so that one profile fits every environment.
 * `breakpoint` begins well below the target and ends at three times it: what holds that long has room enough.
 * `soak` runs at 70 %: a leak shows in time, not in height.
 * `swap`, `failover` and `shift` give Azure's control plane its time: a swap takes minutes, Front Door's change up to ten.
 * `cosmos-ru` gives each mix a minute at the target rate and one at half of it: at one rate alone what the store costs by itself,
 * whatever is sent, could not be told from what the requests cost.
 * `hot-product` has an exponent at which everybody wants the first shoe: 2^-30 of the choices are the second.
 */
export const profiles = {
  smoke: { corners: steady, durationSeconds: 20, ratePerSecond: 5, mix: 'even' },
  target: { corners: steady },
  spike: {
    corners: (durationSeconds) => {
      const ramp = Math.min(spikeRampSeconds, durationSeconds / 6);
      const [from, to] = [durationSeconds / 4, (durationSeconds * 3) / 4];
      return [
        [0, 0.1],
        [from, 0.1],
        [from + ramp, 1],
        [to, 1],
        [to + ramp, 0.1],
        [durationSeconds, 0.1],
      ];
    },
    durationSeconds: 120,
  },
  breakpoint: {
    corners: (durationSeconds) => [
      [0, 0.25],
      [durationSeconds, 3],
    ],
    durationSeconds: 300,
  },
  soak: {
    corners: (durationSeconds) => [
      [0, 0.7],
      [durationSeconds, 0.7],
    ],
    durationSeconds: 3600,
  },
  'hot-product': { corners: steady, durationSeconds: 120, zipfExponent: 30 },
  day: { corners: steady, durationSeconds: 24 * 60, byGeography: true },
  swap: { corners: steady, durationSeconds: 900, through: 'swapped' },
  failover: { corners: steady, durationSeconds: 2400, through: 'global' },
  shift: { corners: steady, durationSeconds: 3600, through: 'global' },
  // Its stages follow from the plan's rules: autoscale.ts.
  autoscale: { corners: steady },
  'cosmos-ru': { corners: halved, turns: 2, mix: 'varied' },
} as const satisfies Record<string, Profile>;

export type Scenario = keyof typeof profiles;
export const profileOf = (scenario: Scenario): Profile => profiles[scenario];

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

interface ArrivalsWish {
  readonly ratePerSecond: number;
  readonly durationSeconds: number;
  readonly requestsPerIteration: number;
  /** Objective: 95 % of the requests are answered within this time. */
  readonly latencyP95Ms: number;
  /** k6 processes that share the load; default 1. */
  readonly segments?: number | undefined;
}

export interface Arrivals {
  readonly segments: number;
  readonly requestsPerIteration: number;
  readonly iterationsPerSecond: number;
  readonly iterations: number;
  readonly preAllocatedVUs: number;
  readonly maxVUs: number;
}

/** A store this much slower than its objective still gets its full rate, so that slowness shows as latency first. */
const headroom = { preAllocated: 2, maximum: 6 };
/** Of each k6: below this many a burst of slow answers alone would drop iterations. */
const fewestVirtualUsers = 20;

/**
 * Arrivals per second and virtual users for a rate of requests.
 *
 * iterations/s = requests/s ÷ requests per iteration: 60 ÷ 3.45 = 17.4 for the local mix.
 * Busy virtual users = iterations/s × iteration time (Little's law), and an iteration's time is its requests × latency,
 * so the requests per iteration cancel out: busy = requests/s × latency = 60 × 0.2 s = 12 at the objective.
 * Twice that stands ready (24); six times that (72) is the most that k6 may start.
 */
export function arrivalsOf(wish: ArrivalsWish): Arrivals {
  const { requestsPerIteration, segments = 1 } = wish;
  const iterationsPerSecond = wish.ratePerSecond / requestsPerIteration;
  const busy = (wish.ratePerSecond * wish.latencyP95Ms) / 1000;
  const preAllocatedVUs = Math.max(fewestVirtualUsers * segments, Math.ceil(busy * headroom.preAllocated));
  return {
    segments,
    requestsPerIteration,
    iterationsPerSecond,
    iterations: Math.round(iterationsPerSecond * wish.durationSeconds),
    preAllocatedVUs,
    maxVUs: Math.max(preAllocatedVUs, Math.ceil(busy * headroom.maximum)),
  };
}
