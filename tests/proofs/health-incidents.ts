import { z } from 'zod';
import { nameOf, routes } from '../../fixtures/contoso/shop/routes.ts';
import { armOf } from '../../scripts/azure.ts';
import { resourceIdsOf } from '../../scripts/resource-ids.ts';
import { trustCertificates } from '../../telemetry/trust.ts';
import { LiveHealth, type LiveMinute } from '../support/health-live.ts';
import { minuteMs } from '../support/live-rounds.ts';
import { startTestStore, type TestStore } from '../support/store.ts';
import { atMost, exactly, type ProofArea, type ProofRow } from './proof.ts';

/**
 * A minute of the control plane in less than four seconds: enough for a round whose checks don't wait for each other. Latencies
 * are real: a machine that is busy with something else makes every stamp slow, and then the proof doesn't hold.
 */
const timeScale = 16;
const [warmUp, lasts, recovery] = [30, 12, 45] as const;

interface Incident {
  /** By which it is proved alone: `npm run prove -- health-incidents payment`. */
  readonly name: string;
  readonly title: string;
  /** What is injected: bodies of `POST /admin/faults`. */
  readonly faults: (store: TestStore) => Promise<readonly object[]>;
  /** The node that is to turn first, and in how many minutes from the fault at most. */
  readonly first: string;
  readonly within: number;
  /** By nodes: every state from the fault to the end in its order; in brackets what may be left out. All others stay healthy. */
  readonly states: Readonly<Record<string, string>>;
  readonly alert: { readonly cause: string; readonly place: string; readonly urgency: 'page' | 'ticket' };
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

export const incidents: readonly Incident[] = [
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
    faults: always({ kind: 'key-vault-denied', region: 'westeurope' }),
    first: 'westeurope/key-vault',
    within: 8,
    states: {
      'westeurope/key-vault flow:scale-out@westeurope': turns,
      [`flow:deploy@westeurope stamp:westeurope region:westeurope ${upwards}`]: degrades,
    },
    alert: { cause: 'key-vault', place: 'westeurope', urgency: 'ticket' },
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

const isBad = (state: string | undefined) => state === 'degraded' || state === 'unhealthy';

/** The states of a node in their order, minute by minute, each once for as long as it stays. */
const orderOf = (states: readonly string[]): string[] => states.filter((state, at) => state !== states[at - 1]);

/** Whether states came in this order; in brackets what may be left out. */
export function isInOrder(states: readonly string[], order: string): boolean {
  const pattern = order.split(' ').map((word) => (word.startsWith('(') ? `(${word.slice(1, -1)} )?` : `${word} `));
  return new RegExp(`^${pattern.join('')}$`).test(
    orderOf(states)
      .map((state) => `${state} `)
      .join(''),
  );
}

/** Nodes whose states came in another order than they should, each with what was seen. */
export function astray(minutes: readonly Pick<LiveMinute, 'states'>[], wanted: Incident['states']): string[] {
  const orders = new Map(Object.entries(wanted).flatMap(([ids, order]) => ids.split(' ').map((id) => [id, order] as const)));
  const ids = [...(minutes[0]?.states.keys() ?? [])];
  return ids.flatMap((id) => {
    const seen = minutes.map(({ states }) => states.get(id) ?? 'none');
    return isInOrder(seen, orders.get(id) ?? 'healthy') ? [] : [`${id}: ${orderOf(seen).join(' ')}`];
  });
}

const isWell = ({ states }: LiveMinute) => [...states.values()].every((each) => each === 'healthy');

async function play(incident: Incident, { store, live }: Stage, say: (line: string) => void): Promise<ProofRow[]> {
  const { title, faults } = incident;
  await live.minutesUntil(`${title}: healthy at first`, isWell, warmUp);
  live.begin();
  for (const fault of await faults(store)) {
    const { status } = await store.admin('POST', '/admin/faults', { ...fault, seconds: 600 });
    if (status !== 201) throw new Error(`${title}: the fault was answered with ${status}`);
  }
  for (let minute = 0; minute < lasts; minute += 1) await live.minute();
  const told = live.told().join(', ');
  await store.admin('DELETE', '/admin/faults');
  const isOver = (minute: LiveMinute) => live.incidents().every((each) => each.resolvedAtMs !== undefined) && isWell(minute);
  await live.minutesUntil(`${title}: over`, isOver, recovery);
  return rowsOf(incident, live, told, say);
}

/** A running store, and who looks at it. */
interface Stage {
  readonly store: TestStore;
  readonly live: LiveHealth;
}

async function stage(): Promise<Stage> {
  const store = await startTestStore({ timeScale });
  trustCertificates(store.caFile);
  return { store, live: await LiveHealth.of(store.environment) };
}

function rowsOf(
  { title, first, within, states, alert }: Incident,
  live: LiveHealth,
  told: string,
  say: (line: string) => void,
): ProofRow[] {
  const { minutes } = live;
  const turnedAt = (id: string) => minutes.findIndex((minute) => isBad(minute.states.get(id)));
  const named = Object.keys(states).flatMap((ids) => ids.split(' '));
  for (const id of named)
    say(
      `${title}: ${id}: ${orderOf(minutes.map((minute) => minute.states.get(id) ?? 'none')).join(', ')}, bad in minute ${turnedAt(id)}`,
    );
  const early = named.filter((id) => turnedAt(id) >= 0 && turnedAt(id) < turnedAt(first));
  const times = minutes.map(({ picture }) => picture.atMs);
  const gaps = times.slice(1).map((atMs, i) => Math.round((atMs - (times[i] ?? atMs)) / minuteMs));
  const causes = live.incidents().map(({ kind, cause, place, urgency }) => `${kind} ${cause} ${place} ${urgency}`);
  return [
    atMost(
      `${title}: minutes until ${first} turns`,
      turnedAt(first) < 0 ? Number.POSITIVE_INFINITY : turnedAt(first) + 1,
      within,
      'minutes',
    ),
    // Two, where a busy machine took one minute's look away.
    atMost(`${title}: minutes from one look to the next`, Math.max(...gaps), 2, 'minutes'),
    exactly(`${title}: nodes that turned before ${first}`, early.join(', ') || 'none', 'none'),
    exactly(
      `${title}: nodes, of ${minutes[0]?.states.size}, whose states over ${minutes.length} minutes came in another order than they should`,
      astray(minutes, states).join('; ') || 'none',
      'none',
    ),
    exactly(`${title}: incidents`, causes.join(', '), `health ${alert.cause} ${alert.place} ${alert.urgency}`),
    exactly(`${title}: told while it lasted`, told, 'opened'),
    exactly(`${title}: told in all`, live.told().join(', '), 'opened, resolved'),
  ];
}

export const healthIncidents: ProofArea = {
  title: 'the store’s past incidents, live: who turns when, the cause, one alert and one resolution',
  covers: ['health', 'scripts/health-read.ts', 'scripts/health-signals.ts', 'fixtures/contoso'],
  parts: incidents.map(({ name }) => name),
  // Each in a store of its own: what one has spent of the error budget is none of the next one's.
  prove: async (say, part) => {
    const rows: ProofRow[] = [];
    for (const incident of incidents.filter(({ name }) => part === undefined || name === part)) {
      const on = await stage();
      try {
        rows.push(...(await play(incident, on, say)));
      } catch (error) {
        rows.push(exactly(incident.title, error instanceof Error ? error.message : String(error), 'seen as expected'));
      } finally {
        await on.live.close();
        await on.store.close();
      }
    }
    return rows;
  },
};
