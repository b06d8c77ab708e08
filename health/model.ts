import { type DependencyName, dependencyTable } from '../fixtures/environments/dependencies.ts';
import type { Signal } from './thresholds.ts';

/** From good to bad, and so `worst of` takes the last: what is not known is worse than healthy, and no reason to call it bad. */
export const healthStates = ['healthy', 'unknown', 'degraded', 'unhealthy'] as const;
export type Health = (typeof healthStates)[number];
export const severityOf: Readonly<Record<Health, number>> = { healthy: 0, unknown: 1, degraded: 2, unhealthy: 3 };

/** Points of a state; unknown has none, and isn't divided by. */
export const scoreOf: Readonly<Record<Exclude<Health, 'unknown'>, number>> = { healthy: 100, degraded: 50, unhealthy: 0 };

/** What a child means to its parent. */
export interface Bond {
  /** Share in the parent's score, and in a weighted state; 0: shown, and counts for nothing. Default 1. */
  readonly weight?: number;
  /** The parent takes an unhealthy child for degraded. */
  readonly atMost?: 'degraded';
  /** The child may be unknown without the parent being so. All children unknown: so is the parent. */
  readonly optional?: true;
}

/**
 * How the states of children become their parent's, after bonds. Children of weight 0, and optional ones that are unknown,
 * are left out first; a parent with none left is unknown.
 *
 * worst: the worst of them, by the order of `healthStates`.
 * redundancy: all unhealthy → unhealthy; else any degraded or unhealthy → degraded; else any unknown → unknown; else healthy.
 * weighted: points of the known ones' states, Σ weight · points / Σ weight, against `weightedBounds`: below unhealthyBelow →
 *   unhealthy, below degradedBelow → degraded; else any unknown → unknown, else healthy. None known: unknown.
 *
 * The score that is shown beside a state is finer: of a signal the points of its state (before atMost), of a parent
 * Σ weight · score / Σ weight over those that count and have one; without any, none. No state follows from it.
 */
export type Rule = 'worst' | 'redundancy' | 'weighted';

/** The heaviest child of a system flow takes it below 60 alone, a light one below 90. */
export const weightedBounds = { degradedBelow: 90, unhealthyBelow: 60 } as const;

/** Whom a signal speaks of; replica: a Cosmos account in the stamp's region. */
export type ScopeOf =
  | 'stamp'
  | 'region'
  | 'plan'
  | 'account'
  | 'replica'
  | 'store'
  | `journey ${string}`
  | `probe ${DependencyName}`;

export interface SignalOf extends Bond {
  readonly signal: Signal;
  readonly scope: ScopeOf;
}

export interface Component {
  readonly title: string;
  readonly signals: readonly SignalOf[];
  /** Components of the same stamp that explain it where they are bad at all: it is no root cause then. */
  readonly explainedBy: readonly ComponentName[];
}

export type ComponentName = 'api' | 'plan' | 'cosmos' | 'key-vault' | 'registry' | 'payment';
type GlobalComponentName = 'front-door' | 'telemetry';

const optional = true as const;
const degrades = 'degraded' as const;

/** Of a component that has a failure to itself. */
const probe = (name: DependencyName): SignalOf => ({ signal: 'probeFailed', scope: `probe ${name}`, optional });
/** Of one that every shopper needs: what leaves the API's own verdict degraded takes it no further. */
const probeByImpact = (name: DependencyName): SignalOf => ({
  ...probe(name),
  ...(dependencyTable[name].impact === 'degrades' && { atMost: degrades }),
});

/** Worst of their signals. One set a stamp. */
export const components: Readonly<Record<ComponentName, Component>> = {
  api: {
    title: 'API',
    signals: [
      { signal: 'journeyFailed', scope: 'journey health' },
      { signal: 'passedOnRetry', scope: 'stamp', optional },
      { signal: 'healthCheckFailed', scope: 'stamp', optional },
      probeByImpact('configuration'),
      { signal: 'serverErrors', scope: 'stamp' },
      { signal: 'serverLatencyMs', scope: 'stamp' },
      { signal: 'exceptions', scope: 'stamp', optional },
      { signal: 'responseMs', scope: 'region', optional },
      { signal: 'siteErrors', scope: 'region', optional },
      { signal: 'instanceHealthPercent', scope: 'region', optional },
      { signal: 'certificateDays', scope: 'stamp', optional },
    ],
    explainedBy: ['plan', 'cosmos', 'payment', 'key-vault'],
  },
  plan: {
    title: 'App Service plan',
    signals: [
      { signal: 'cpuPercent', scope: 'plan' },
      { signal: 'queueLength', scope: 'plan' },
      { signal: 'memoryPercent', scope: 'plan', optional },
    ],
    // Without the last two no new instance comes up: it stays full however far it is scaled out.
    explainedBy: ['cosmos', 'key-vault', 'registry'],
  },
  cosmos: {
    title: 'Cosmos DB',
    signals: [
      { signal: 'cosmosThrottled', scope: 'replica' },
      { signal: 'cosmosFailed', scope: 'replica' },
      { signal: 'cosmosRuPercent', scope: 'account', optional, atMost: degrades },
      probeByImpact('cosmos-read'),
      probeByImpact('cosmos-write'),
    ],
    explainedBy: [],
  },
  'key-vault': {
    title: 'Key Vault',
    signals: [{ signal: 'keyVaultFailures', scope: 'region' }, probe('key-vault')],
    explainedBy: [],
  },
  registry: {
    title: 'Container Registry',
    signals: [{ signal: 'probeFailed', scope: 'probe registry' }],
    explainedBy: [],
  },
  payment: {
    title: 'payment API',
    signals: [{ signal: 'paymentFailed', scope: 'stamp' }, probe('payment')],
    explainedBy: [],
  },
};

export const globalComponents: Readonly<Record<GlobalComponentName, Omit<Component, 'explainedBy'>>> = {
  'front-door': {
    title: 'Front Door',
    signals: [
      { signal: 'edgeErrors', scope: 'store' },
      { signal: 'passedOnRetry', scope: 'stamp', optional },
      { signal: 'certificateDays', scope: 'stamp', optional },
    ],
  },
  telemetry: { title: 'telemetry', signals: [{ signal: 'inconclusive', scope: 'store' }] },
};

interface UserFlow {
  readonly title: string;
  /** The journey whose results are its own signals; on every stamp and the global endpoint. */
  readonly journey: string;
  readonly needs: readonly ComponentName[];
  /** What it means to a stamp. */
  readonly bond: Bond;
}

/** Worst of their components and their own results. Key Vault is in none: the values that were read at the start are held. */
export const userFlows = {
  browse: { title: 'browse', journey: 'browse', needs: ['api', 'plan', 'cosmos'], bond: { weight: 3 } },
  search: { title: 'search', journey: 'search', needs: ['api', 'plan', 'cosmos'], bond: { weight: 2 } },
  reviews: { title: 'review', journey: 'reviews', needs: ['api', 'plan', 'cosmos'], bond: { weight: 1, atMost: degrades } },
  'sign-in': { title: 'sign-in', journey: 'sign-in', needs: ['api', 'plan'], bond: { weight: 3 } },
  cart: { title: 'cart', journey: 'cart', needs: ['api', 'plan', 'cosmos'], bond: { weight: 3 } },
  checkout: { title: 'checkout', journey: 'checkout', needs: ['api', 'plan', 'cosmos', 'payment'], bond: { weight: 3 } },
} as const satisfies Record<string, UserFlow>;

/** A user flow's own signals, and what they are to it. */
export const journeySignals: readonly (Bond & { readonly signal: Signal })[] = [
  { signal: 'journeyFailed' },
  { signal: 'budgetSpent', optional, atMost: degrades },
];

export interface SystemFlow {
  readonly title: string;
  /** By criticality. */
  readonly needs: Readonly<Partial<Record<ComponentName, number>>>;
  readonly signals: readonly SignalOf[];
  readonly bond: Bond;
}

/** Weighted by criticality. User flows outrank them: no shopper notices today, so they degrade a stamp at most. */
export const systemFlows = {
  deploy: {
    title: 'deploy',
    needs: { registry: 3, 'key-vault': 2, api: 1, plan: 1 },
    signals: [],
    bond: { weight: 1, atMost: degrades, optional },
  },
  'scale-out': {
    title: 'scale-out',
    needs: { registry: 3, 'key-vault': 3, plan: 1 },
    signals: [{ signal: 'scaleFailures', scope: 'plan', weight: 6, optional }],
    bond: { weight: 1, atMost: degrades, optional },
  },
} as const satisfies Record<string, SystemFlow>;

/** What the layers above are to the store. */
export const storeBonds = {
  regions: { weight: 3 },
  global: { weight: 2 },
  telemetry: { weight: 1, atMost: degrades, optional },
} as const satisfies Record<string, Bond>;
