import { z } from 'zod';
import { nameOf, routes } from '../../fixtures/contoso/shop/routes.ts';
import type { Environment } from '../../fixtures/environments/schema.ts';
import { armOf } from '../../scripts/azure.ts';
import { resourceIdsOf } from '../../scripts/resource-ids.ts';
import type { SearchAnswer } from '../support/searches.ts';
import type { TestStore } from '../support/store.ts';
import { exactly, type ProofRow } from './proof.ts';

export interface PastIncident {
  /** By which it is proved alone: `npm run prove -- health-incidents payment`. */
  readonly name: string;
  readonly title: string;
  /** What is injected: bodies of `POST /admin/faults`. */
  readonly faults: (store: TestStore) => Promise<readonly object[]>;
  /** Changes local.json before the store starts. */
  readonly change?: (environment: Environment) => Environment;
  /** Before anything is looked at. */
  readonly prepare?: (store: TestStore) => Promise<void>;
  /** Searches a second at West Europe while the faults last. Default: none. */
  readonly searchesPerSecond?: number;
  /** Minutes that the faults last. Default 12. */
  readonly lasts?: number;
  /** The node that is to turn first, and in how many minutes from the fault at most. */
  readonly first: string;
  readonly within: number;
  /** By nodes: every state from the fault to the end in its order; in brackets what may be left out. All others stay healthy. */
  readonly states: Readonly<Record<string, string>>;
  readonly alert: { readonly cause: string; readonly place: string; readonly urgency: 'page' | 'ticket' };
  /** What else is to be seen of the store, once it is over. */
  readonly also?: (past: Past, title: string) => ProofRow[];
}

/** What an incident leaves behind. */
interface Past {
  readonly store: TestStore;
  /** Wall time. */
  readonly clearedAtMs: number;
  readonly answers: readonly SearchAnswer[];
}

const always = (fault: object) => () => Promise.resolve([fault]);
const flowsAt = (place: string, names = 'browse search reviews sign-in cart checkout') =>
  names
    .split(' ')
    .map((name) => `flow:${name}@${place}`)
    .join(' ');
/** What a node goes through that turns bad, and is well again. */
const turns = 'healthy (degraded) unhealthy (degraded) healthy';
const degrades = 'healthy degraded healthy';
const upwards = 'regions store';

export const incidents: readonly PastIncident[] = [
  {
    name: 'region',
    title: 'West Europe is gone',
    faults: always({ kind: 'region-down', region: 'westeurope' }),
    first: 'westeurope/api',
    within: 5,
    states: {
      'westeurope/api': 'healthy unhealthy (unknown) healthy',
      [`${flowsAt('westeurope')} stamp:westeurope region:westeurope`]: turns,
      [upwards]: degrades,
      // What a region that is gone tells of itself is nothing.
      'westeurope/cosmos westeurope/plan westeurope/payment westeurope/key-vault westeurope/registry':
        'healthy (unknown) (healthy)',
      // Of its parts Key Vault is unknown first and known again first, the registry last: between them all may be known.
      'flow:scale-out@westeurope': 'healthy unknown (healthy) (unknown) healthy',
      'flow:deploy@westeurope': 'healthy degraded (unhealthy) (degraded) (unknown) healthy',
    },
    alert: { cause: 'api', place: 'westeurope', urgency: 'page' },
  },
  {
    name: 'key-vault',
    title: 'Key Vault is misconfigured: no scale-out',
    change: withOneCore,
    // Without a start-up check an instance that got no secrets would serve errors.
    prepare: withStartUpCheck,
    faults: always({ kind: 'key-vault-denied', region: 'westeurope', unheld: true }),
    // 36 ms of a core each: with the journeys three quarters of it, so that autoscale is due.
    searchesPerSecond: 11,
    lasts: 16,
    first: 'westeurope/key-vault',
    within: 8,
    states: {
      'westeurope/key-vault flow:scale-out@westeurope': turns,
      // Until the new instance, which serves nothing, halves the average of CPU.
      [`westeurope/plan ${flowsAt('westeurope')}`]: degrades,
      [`flow:deploy@westeurope stamp:westeurope region:westeurope ${upwards}`]: degrades,
    },
    alert: { cause: 'key-vault', place: 'westeurope', urgency: 'ticket' },
    also: scaledOutInVain,
  },
  {
    name: 'instance',
    title: 'an instance answers badly',
    faults: async (store) => {
      // Of two instances in turn, each journey meets it in the stamp. At the global endpoint chance would decide: one request
      // in four, so it prefers the other region.
      await preferEastUs(store);
      const instance = await anInstance(store);
      return shopRoutes.map((route) => ({ kind: 'route', route, status: 500, instance }));
    },
    first: 'westeurope/api',
    within: 5,
    states: {
      // Every check meets it once: six errors a minute, of ten that would be unhealthy.
      'westeurope/api': degrades,
      [`${flowsAt('westeurope')} stamp:westeurope region:westeurope`]: turns,
      [upwards]: degrades,
      // No shopper gets as far as paying: too few payments to say anything.
      'westeurope/payment': 'healthy unknown healthy',
    },
    alert: { cause: 'api', place: 'westeurope', urgency: 'page' },
  },
  {
    name: 'payment',
    title: 'the payment API fails',
    faults: always({ kind: 'payment-down' }),
    first: 'westeurope/payment',
    within: 5,
    states: {
      'westeurope/payment eastus/payment flow:checkout@westeurope flow:checkout@eastus flow:checkout@global global': turns,
      [`stamp:westeurope stamp:eastus region:westeurope region:eastus ${upwards}`]: turns,
    },
    alert: { cause: 'payment', place: 'store', urgency: 'page' },
  },
  {
    name: 'cosmos',
    title: 'Cosmos DB throttles',
    faults: always({ kind: 'cosmos-throttling', region: 'westeurope' }),
    first: 'westeurope/cosmos',
    within: 5,
    states: {
      [`westeurope/cosmos westeurope/api ${flowsAt('westeurope')} stamp:westeurope region:westeurope`]: turns,
      [`flow:deploy@westeurope ${upwards}`]: degrades,
      // No shopper gets as far as paying: too few payments to say anything.
      'westeurope/payment': 'healthy unknown healthy',
    },
    alert: { cause: 'cosmos', place: 'westeurope', urgency: 'page' },
  },
];

/** One core, and memory enough without a slot: load that a busy machine bears easily is past the threshold. */
function withOneCore(environment: Environment): Environment {
  const plans = environment.plans.map((plan): (typeof environment.plans)[number] =>
    plan.name === 'plan-westeurope' && plan.autoscale
      ? { ...plan, sku: 'S1', autoscale: { ...plan.autoscale, minimum: 1, default: 1 } }
      : plan,
  );
  const stamps = environment.stamps.map((stamp) => (stamp.name === 'westeurope' ? { ...stamp, slots: [] } : stamp));
  return { ...environment, plans, stamps };
}

async function withStartUpCheck(store: TestStore): Promise<void> {
  const { status } = await store.admin('POST', '/admin/stamps/westeurope/settings', { settings: { STARTUP_CHECK: 'true' } });
  if (status !== 200) throw new Error(`the start-up check was answered with ${status}`);
}

/** The scale-out was made, and helped nobody until the fault was over. */
function scaledOutInVain({ store, clearedAtMs, answers }: Past, title: string): ProofRow[] {
  const { plans, stamps } = store.contoso.state();
  const actions = plans.find(({ name }) => name === 'plan-westeurope')?.autoscale?.events ?? [];
  const events = stamps.find(({ name }) => name === 'westeurope')?.slots.find(({ slot }) => slot === 'production')?.events ?? [];
  const added = events.filter(({ instance }) => instance === 'plan-westeurope-1');
  const isUp = (at: number) => at > clearedAtMs;
  const served = (of: readonly SearchAnswer[]) => [...new Set(of.map(({ instance }) => instance))].sort().join(', ');
  return [
    exactly(
      `${title}: autoscale's actions`,
      actions
        .filter(({ kind }) => kind !== 'MetricsMissing')
        .map(({ kind, from, to }) => `${kind} ${from} to ${to}`)
        .join(', '),
      'ScaleAction 1 to 2',
    ),
    exactly(
      `${title}: what kept the new instance from starting`,
      added.findLast(({ state, at }) => state === 'starting' && !isUp(at))?.reason,
      'warm-up: start-up check: COSMOS_KEY, PAYMENT_API_KEY not resolved',
    ),
    exactly(
      `${title}: instances that served while it lasted`,
      served(answers.filter(({ at }) => !isUp(at))),
      'plan-westeurope-0',
    ),
    exactly(`${title}: instances that served in all`, served(answers), 'plan-westeurope-0, plan-westeurope-1'),
    exactly(`${title}: searches that failed`, answers.filter(({ status }) => status !== 200).length, 0),
  ];
}

const stateSchema = z.object({
  plans: z.array(z.object({ name: z.string(), instances: z.array(z.object({ id: z.string() })) })),
});

/** Its own health checks stay well, so that it stays in rotation. */
const shopRoutes = routes.map(nameOf).filter((name) => !name.includes('/api/health') && name.includes('/api/'));

async function preferEastUs({ environment }: TestStore): Promise<void> {
  const arm = await armOf(environment);
  await arm.patch(resourceIdsOf(environment).origin('westeurope'), '2024-09-01', { properties: { priority: 2 } });
}

async function anInstance(store: TestStore): Promise<string> {
  const { json } = await store.admin('GET', '/admin/state');
  const plan = stateSchema.parse(json).plans.find(({ name }) => name === 'plan-westeurope');
  if (!plan?.instances[0]) throw new Error('the plan of West Europe has no instance');
  return plan.instances[0].id;
}
