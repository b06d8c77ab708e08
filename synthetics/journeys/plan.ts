import type { JourneyContext } from './shopper.ts';
import type { Endpoint, Route } from './transport.ts';

/** What is needed of an environment's target or stamp; structural, since journeys import nothing but each other. */
interface Place {
  readonly name: string;
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly region?: string;
}

interface PlanInput {
  readonly environment: {
    readonly payment: JourneyContext['payment'];
    readonly syntheticHeader: Route['synthetic'];
    readonly stamps: readonly Place[];
    readonly objectives: { readonly replicationMs: number };
    readonly budgets: { readonly requestMs: number; readonly stepMs?: number | undefined; readonly journeyMs: number };
  };
  readonly target: Place;
  readonly shopperId: string;
  readonly runId: string;
  readonly traceId: string;
  readonly resultId: string;
  readonly pick: (count: number) => number;
}

export interface Plan {
  readonly context: JourneyContext;
  readonly route: Route;
}

/** Where and for whom a journey is run, the same in every runner. */
export function planRun({ environment, target, shopperId, runId, traceId, resultId, pick }: PlanInput): Plan {
  const settled = settledFor(environment, target);
  const { target: place, peers, replicationMs, payment } = settled.context;
  const { target: endpoint, peers: peerEndpoints, synthetic, requestMs, stepMs, journeyMs } = settled.route;
  // Field by field: under load, in k6's engine, spreading costs thrice as much.
  return {
    context: { target: place, peers, replicationMs, payment, runId, shopperId, pick },
    route: { target: endpoint, peers: peerEndpoints, synthetic, requestMs, stepMs, journeyMs, traceId, resultId },
  };
}

/** What is the same for all runs on a target. */
interface Settled {
  readonly environment: PlanInput['environment'];
  readonly context: Omit<JourneyContext, 'runId' | 'shopperId' | 'pick'>;
  readonly route: Omit<Route, 'traceId' | 'resultId'>;
}

/** Worked out once a target: under load a virtual user plans a run each time. */
const settledOf = new WeakMap<Place, Settled>();

function settledFor(environment: PlanInput['environment'], target: Place): Settled {
  const known = settledOf.get(target);
  if (known?.environment === environment) return known;
  const peers = peersOf(environment.stamps, target);
  const { budgets } = environment;
  const made: Settled = {
    environment,
    context: {
      target: { name: target.name, ...(target.region !== undefined && { region: target.region }) },
      peers: peers.map((peer) => peer.name),
      replicationMs: environment.objectives.replicationMs,
      payment: environment.payment,
    },
    route: {
      target: endpointOf(target),
      peers: Object.fromEntries(peers.map((peer) => [peer.name, endpointOf(peer)])),
      synthetic: environment.syntheticHeader,
      requestMs: budgets.requestMs,
      stepMs: budgets.stepMs ?? budgets.journeyMs,
      journeyMs: budgets.journeyMs,
    },
  };
  settledOf.set(target, made);
  return made;
}

/** The first stamp of each region but the target's own. */
export function peersOf<P extends Place>(stamps: readonly P[], target: Place): P[] {
  const regions = new Set([target.region]);
  return stamps.filter(({ region }) => !regions.has(region) && regions.add(region));
}

const endpointOf = (place: Place): Endpoint => ({ origin: place.endpoint.replace(/\/+$/, ''), headers: place.headers });

/** `synthetic-001` and on; any index is taken, the pool begins anew after its last. */
export function shopperOf(pool: { readonly prefix: string; readonly count: number }, index: number): string {
  return `${pool.prefix}-${String((index % pool.count) + 1).padStart(3, '0')}`;
}

/** Chooses evenly and, for one id, always the same: a repeated run sends the same requests. */
export function pickBy(id: string): (count: number) => number {
  let state = 2_166_136_261;
  // FNV-1a, then a step of a linear congruential generator a choice.
  for (let i = 0; i < id.length; i += 1) state = Math.imul(state ^ id.charCodeAt(i), 16_777_619) >>> 0;
  return (count) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * count);
  };
}
