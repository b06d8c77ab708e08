import { z } from 'zod';
import { trustCertificates } from '../../telemetry/trust.ts';
import { LiveHealth, type LiveMinute } from '../support/health-live.ts';
import { startTestStore, type TestStore } from '../support/store.ts';
import { exactly, type ProofArea, type ProofRow } from './proof.ts';

/** A minute of the control plane in three seconds. */
const timeScale = 20;
const [warmUp, most, recovery] = [30, 15, 45] as const;

interface Incident {
  readonly title: string;
  /** What is injected: the body of `POST /admin/faults`. */
  readonly fault: (store: TestStore) => Promise<object>;
  /** The node that is to turn first. */
  readonly first: string;
  /** Those that are to turn after it, or with it. */
  readonly after: readonly string[];
  readonly stay: readonly string[];
  readonly cause: string;
}

const always = (fault: object) => () => Promise.resolve(fault);

const incidents: readonly Incident[] = [
  {
    title: 'West Europe is gone',
    fault: always({ kind: 'region-down', region: 'westeurope' }),
    first: 'westeurope/api',
    after: ['flow:browse@westeurope', 'flow:checkout@westeurope', 'stamp:westeurope', 'region:westeurope', 'regions', 'store'],
    stay: ['stamp:eastus'],
    cause: 'api',
  },
  {
    title: 'Key Vault is misconfigured: no scale-out',
    fault: always({ kind: 'key-vault-denied', region: 'westeurope' }),
    first: 'westeurope/key-vault',
    after: ['flow:scale-out@westeurope', 'stamp:westeurope', 'region:westeurope', 'regions', 'store'],
    stay: ['flow:browse@westeurope', 'flow:checkout@westeurope', 'stamp:eastus'],
    cause: 'key-vault',
  },
  {
    title: 'an instance answers badly',
    fault: async (store) => ({ kind: 'route', route: 'GET /api/products', status: 500, instance: await anInstance(store) }),
    first: 'westeurope/api',
    after: ['flow:browse@westeurope', 'stamp:westeurope', 'region:westeurope', 'regions', 'store'],
    stay: ['westeurope/cosmos', 'westeurope/plan', 'stamp:eastus'],
    cause: 'api',
  },
  {
    title: 'the payment API fails',
    fault: always({ kind: 'payment-down' }),
    first: 'westeurope/payment',
    after: ['flow:checkout@westeurope', 'flow:checkout@eastus', 'stamp:westeurope', 'regions', 'store'],
    stay: ['flow:browse@westeurope', 'flow:cart@eastus'],
    cause: 'payment',
  },
  {
    title: 'Cosmos DB throttles',
    fault: always({ kind: 'cosmos-throttling', region: 'westeurope' }),
    first: 'westeurope/cosmos',
    after: ['flow:browse@westeurope', 'stamp:westeurope', 'region:westeurope', 'regions', 'store'],
    stay: ['westeurope/payment'],
    cause: 'cosmos',
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

const isBad = ({ states }: LiveMinute, id: string) => ['degraded', 'unhealthy'].includes(states.get(id) ?? '');

async function play(incident: Incident, say: (line: string) => void): Promise<ProofRow[]> {
  const { title, fault, first, after, stay, cause } = incident;
  const store = await startTestStore({ timeScale });
  trustCertificates(store.caFile);
  try {
    const live = await LiveHealth.of(store.environment);
    await live.minutesUntil(`${title}: healthy at first`, ({ states }) => states.get('store') === 'healthy', warmUp);
    const from = live.minutes.length;
    const { status } = await store.admin('POST', '/admin/faults', { ...(await fault(store)), seconds: 600 });
    if (status !== 201) throw new Error(`${title}: the fault was answered with ${status}`);
    const all = [first, ...after];
    await live.minutesUntil(`${title}: ${all.join(', ')}`, (minute) => all.every((id) => isBad(minute, id)), most);
    // What is only degraded is told after five minutes.
    await live.minutesUntil(`${title}: told`, () => live.told().length > 0, most);
    const during = live.minutes.slice(from);
    await store.admin('DELETE', '/admin/faults');
    await live.minutesUntil(`${title}: over`, () => live.incidents().every((each) => each.resolvedAtMs !== undefined), recovery);
    for (const [i, minute] of live.minutes.slice(from).entries())
      say(`${title}, minute ${i}: ${all.map((id) => `${id} ${minute.states.get(id)}`).join(', ')}`);
    const turned = (id: string) => during.findIndex((minute) => isBad(minute, id));
    const early = after.filter((id) => turned(id) < turned(first));
    const others = stay.filter((id) => during.some((minute) => isBad(minute, id)));
    return [
      exactly(`${title}: parents that turned before ${first}`, early.join(', ') || 'none', 'none'),
      exactly(`${title}: others that turned`, others.join(', ') || 'none', 'none'),
      exactly(
        `${title}: the cause`,
        live
          .incidents()
          .map((each) => each.cause)
          .join(', '),
        cause,
      ),
      exactly(`${title}: told`, live.told().join(', '), 'opened, resolved'),
    ];
  } finally {
    await store.close();
  }
}

export const healthIncidents: ProofArea = {
  title: 'the store’s past incidents, live: who turns when, the cause, one alert and one resolution',
  covers: ['health', 'scripts/health-read.ts', 'scripts/health-signals.ts', 'fixtures/contoso'],
  prove: async (say) => {
    const rows: ProofRow[] = [];
    for (const incident of incidents) {
      try {
        rows.push(...(await play(incident, say)));
      } catch (error) {
        rows.push(exactly(incident.title, error instanceof Error ? error.message : String(error), 'seen as expected'));
      }
    }
    return rows;
  },
};
