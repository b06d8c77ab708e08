import { z } from 'zod';
import { trustCertificates } from '../../telemetry/trust.ts';
import { LiveHealth, type LiveMinute } from '../support/health-live.ts';
import { startTestStore, type TestStore } from '../support/store.ts';
import { atMost, exactly, type ProofArea, type ProofRow } from './proof.ts';

/** A minute of the control plane in less than four seconds: enough for a round whose checks don't wait for each other. */
const timeScale = 16;
const [warmUp, lasts, recovery] = [30, 12, 45] as const;

interface Incident {
  readonly title: string;
  /** What is injected: the body of `POST /admin/faults`. */
  readonly fault: (store: TestStore) => Promise<object>;
  /** The node that is to turn first, and in how many minutes from the fault at most. */
  readonly first: string;
  readonly within: number;
  /** By nodes: every state from the fault to the end in its order; in brackets what may be left out. All others stay healthy. */
  readonly states: Readonly<Record<string, string>>;
  readonly alert: { readonly cause: string; readonly place: string; readonly urgency: 'page' | 'ticket' };
}

const always = (fault: object) => () => Promise.resolve(fault);
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
    title: 'West Europe is gone',
    fault: always({ kind: 'region-down', region: 'westeurope' }),
    first: 'westeurope/api',
    within: 5,
    states: {
      'westeurope/api': 'healthy unhealthy (unknown) healthy',
      [`${flowsAt('westeurope')} stamp:westeurope region:westeurope`]: turns,
      [upwards]: degrades,
      // What a region that is gone tells of itself is nothing.
      'westeurope/cosmos westeurope/plan westeurope/payment westeurope/key-vault westeurope/registry flow:scale-out@westeurope':
        'healthy (unknown) (healthy)',
      'flow:deploy@westeurope': 'healthy degraded (unhealthy) (degraded) (unknown) healthy',
    },
    alert: { cause: 'api', place: 'westeurope', urgency: 'page' },
  },
  {
    title: 'Key Vault is misconfigured: no scale-out',
    fault: always({ kind: 'key-vault-denied', region: 'westeurope' }),
    first: 'westeurope/key-vault',
    within: 8,
    states: {
      'westeurope/key-vault flow:scale-out@westeurope': turns,
      [`flow:deploy@westeurope stamp:westeurope region:westeurope ${upwards}`]: degrades,
    },
    alert: { cause: 'key-vault', place: 'westeurope', urgency: 'ticket' },
  },
  {
    title: 'an instance answers badly',
    fault: async (store) => ({ kind: 'route', route: 'GET /api/products', status: 500, instance: await anInstance(store) }),
    first: 'westeurope/api',
    within: 5,
    states: {
      [`westeurope/api ${flowsAt('westeurope')} stamp:westeurope region:westeurope`]: turns,
      [upwards]: degrades,
    },
    alert: { cause: 'api', place: 'westeurope', urgency: 'page' },
  },
  {
    title: 'the payment API fails',
    fault: always({ kind: 'payment-down' }),
    first: 'westeurope/payment',
    within: 5,
    states: {
      'westeurope/payment eastus/payment flow:checkout@westeurope flow:checkout@eastus flow:checkout@global global': turns,
      [`stamp:westeurope stamp:eastus region:westeurope region:eastus ${upwards}`]: turns,
    },
    alert: { cause: 'payment', place: 'store', urgency: 'page' },
  },
  {
    title: 'Cosmos DB throttles',
    fault: always({ kind: 'cosmos-throttling', region: 'westeurope' }),
    first: 'westeurope/cosmos',
    within: 5,
    states: {
      [`westeurope/cosmos westeurope/api ${flowsAt('westeurope')} stamp:westeurope region:westeurope`]: turns,
      [upwards]: degrades,
    },
    alert: { cause: 'cosmos', place: 'westeurope', urgency: 'page' },
  },
];

const stateSchema = z.object({
  plans: z.array(z.object({ name: z.string(), instances: z.array(z.object({ id: z.string() })) })),
});

async function anInstance(store: TestStore): Promise<string> {
  const { json } = await store.admin('GET', '/admin/state');
  const plan = stateSchema.parse(json).plans.find(({ name }) => name === 'plan-westeurope');
  if (!plan?.instances[0]) throw new Error('the plan of West Europe has no instance');
  return plan.instances[0].id;
}

const isBad = (state: string | undefined) => state === 'degraded' || state === 'unhealthy';

/** The states of a node in their order, minute by minute, each once for as long as it stays. */
export const orderOf = (states: readonly string[]): string[] => states.filter((state, at) => state !== states[at - 1]);

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
  const { title, fault } = incident;
  await live.minutesUntil(`${title}: healthy at first`, isWell, warmUp);
  live.begin();
  const { status } = await store.admin('POST', '/admin/faults', { ...(await fault(store)), seconds: 600 });
  if (status !== 201) throw new Error(`${title}: the fault was answered with ${status}`);
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
  const causes = live.incidents().map(({ kind, cause, place, urgency }) => `${kind} ${cause} ${place} ${urgency}`);
  return [
    atMost(
      `${title}: minutes until ${first} turns`,
      turnedAt(first) < 0 ? Number.POSITIVE_INFINITY : turnedAt(first) + 1,
      within,
      'minutes',
    ),
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
  // One after the other in one store, each from where all is well again; after one that went astray, in another.
  prove: async (say) => {
    const rows: ProofRow[] = [];
    let on: Stage | undefined;
    try {
      for (const incident of incidents) {
        try {
          on ??= await stage();
          rows.push(...(await play(incident, on, say)));
        } catch (error) {
          rows.push(exactly(incident.title, error instanceof Error ? error.message : String(error), 'seen as expected'));
          await on?.store.close();
          on = undefined;
        }
      }
    } finally {
      await on?.store.close();
    }
    return rows;
  },
};
