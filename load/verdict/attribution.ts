import type { Generator, Refusal, Samples } from './observation.ts';
import { saturated } from './rate.ts';
import { count } from './units.ts';

/** Who can be at fault for a request that failed, nearest to the data first. */
export const layers = [
  'cosmos',
  'dependency',
  'application',
  'app-service',
  'front-door',
  'network',
  'generator',
  'unknown',
] as const;
export type Layer = (typeof layers)[number];

/** How a layer is called in a sentence. */
export const layerNames = {
  cosmos: 'Cosmos DB',
  dependency: 'a dependency',
  application: 'the application',
  'app-service': 'App Service',
  'front-door': 'Front Door',
  network: 'the network',
  generator: 'the generator',
  unknown: 'an unknown layer',
} as const satisfies Record<Layer, string>;

interface Sign {
  readonly layer: Layer;
  readonly shows: (refusal: Refusal) => boolean;
  readonly why: string;
}

/** Statuses with which a front end answers for an app that it can't reach or won't burden. */
const frontEndStatuses = new Set([403, 429, 500, 502, 503, 504]);

/** The first sign that shows decides. Inner layers say so themselves, so their word goes before where the answer came from. */
const signs: readonly Sign[] = [
  {
    layer: 'cosmos',
    shows: (r) => r.layer === 'cosmos' || r.code.startsWith('cosmos_'),
    why: 'the store says that Cosmos DB refused',
  },
  { layer: 'dependency', shows: (r) => /^(payment|key_vault|identity)_/.test(r.code), why: 'the store names the dependency' },
  // Front Door writes this header only into answers of its own (learn.microsoft.com/azure/frontdoor/front-door-http-headers-protocol).
  { layer: 'front-door', shows: (r) => r.external !== '', why: 'Front Door answered in place of an origin' },
  { layer: 'application', shows: (r) => r.byApp, why: 'an instance of the app answered' },
  { layer: 'app-service', shows: (r) => frontEndStatuses.has(r.status), why: 'no instance of the app answered' },
];

export const layerOf = (refusal: Refusal): Layer => signs.find(({ shows }) => shows(refusal))?.layer ?? 'unknown';

/** Refusals that a journey asks for: clean-up removes what may be gone already. */
const intended: readonly Pick<Refusal, 'name' | 'status'>[] = [
  { name: 'DELETE /api/carts/{id}', status: 404 },
  { name: 'DELETE /api/products/{id}/reviews/{reviewId}', status: 404 },
];

const isIntended = ({ name, status }: Refusal) => intended.some((one) => one.name === name && one.status === status);

/** Failed requests that were meant to fail. */
export const intendedIn = (refusals: readonly Refusal[]): number =>
  refusals.reduce((sum, refusal) => sum + (isIntended(refusal) ? refusal.count : 0), 0);

/** k6's error codes for what never left it: an address that is none, a host that its own options block. */
const generatorErrors = new Set(['1020', '1110', '1111']);
/** k6's timeout: on a starved machine nobody knows who was late. */
const timedOut = '1050';

export interface Attribution {
  /** Failed requests of each layer. */
  readonly failed: Readonly<Record<Layer, number>>;
  /** Requests that were refused for being too many: Cosmos DB's 429 within the store, 429 and 503 of the layers above. */
  readonly throttled: Readonly<Record<Layer, number>>;
  readonly intended: number;
}

/** Puts every failed request down to a layer; what no sign explains is `unknown`, so that the sum is the number of failures. */
export function attribute(samples: Pick<Samples, 'failed' | 'refusals' | 'unanswered'>, generator: Generator): Attribution {
  const failed = nothing();
  const throttled = nothing();
  let meant = 0;
  for (const refusal of samples.refusals) {
    if (isIntended(refusal)) {
      meant += refusal.count;
      continue;
    }
    const layer = layerOf(refusal);
    failed[layer] += refusal.count;
    if (isThrottling(refusal, layer)) throttled[layer] += refusal.count;
  }
  for (const [code, times] of Object.entries(samples.unanswered)) failed[unansweredLayer(code, generator)] += times;
  const known = layers.reduce((sum, layer) => sum + failed[layer], 0) + meant;
  failed.unknown += Math.max(0, samples.failed - known);
  return { failed, throttled, intended: meant };
}

type Second = Samples['seconds'][number];

/** The run's seconds, each with the layers at fault for what failed in it. */
export function attributedSeconds(samples: Samples, generator: Generator, whole: Attribution): Second[] {
  const failures = new Map(samples.failureSeconds.map((second) => [second.atMs, second]));
  return samples.seconds.map((second) => {
    const failed = failures.get(second.atMs);
    if (!failed) return second;
    // A failure and what it said may fall on both sides of a second's end: that alone makes no unknown layer.
    const counted = whole.failed.unknown > 0 ? failed : { ...failed, failed: 0 };
    const of = attribute(counted, generator);
    const rows = layers.filter((layer) => of.failed[layer] > 0).map((layer) => [layer, of.failed[layer]] as const);
    const throttled = layers.reduce((sum, layer) => sum + of.throttled[layer], 0);
    const byLayer = rows.length === 0 ? {} : { layers: Object.fromEntries(rows) };
    return { ...second, ...byLayer, ...(throttled === 0 ? {} : { throttled }) };
  });
}

const nothing = (): Record<Layer, number> => Object.fromEntries(layers.map((layer) => [layer, 0])) as Record<Layer, number>;

function isThrottling({ status, code, retried }: Refusal, layer: Layer): boolean {
  // An SDK that runs out of time between two 429s reports a database that didn't answer.
  if (layer === 'cosmos') return retried || code === 'cosmos_throttled' || status === 429;
  return status === 429 || (status === 503 && (layer === 'app-service' || layer === 'front-door'));
}

function unansweredLayer(code: string, generator: Generator): Layer {
  if (generatorErrors.has(code)) return 'generator';
  return code === timedOut && saturated(generator) !== undefined ? 'generator' : 'network';
}

/** `412 by Cosmos DB, 3 by the network`, the most first; empty where nothing failed. */
export function layersLine(counts: Readonly<Record<Layer, number>>): string {
  const rows = layers.filter((layer) => counts[layer] > 0).sort((a, b) => counts[b] - counts[a]);
  return rows.map((layer) => `${count(counts[layer])} by ${layerNames[layer]}`).join(', ');
}
