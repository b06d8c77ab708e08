import { trustCertificates } from '../../telemetry/trust.ts';
import { LiveHealth, type LiveMinute } from '../support/health-live.ts';
import { minuteMs } from '../support/live-rounds.ts';
import { searchesOf } from '../support/searches.ts';
import { startTestStore, type TestStore } from '../support/store.ts';
import { incidents, type PastIncident } from './past-incidents.ts';
import { atMost, exactly, type ProofArea, type ProofRow } from './proof.ts';

/**
 * A minute of the control plane in less than four seconds: enough for a round whose checks don't wait for each other. Latencies
 * are real: a machine that is busy with something else makes every stamp slow, and then the proof doesn't hold.
 */
const timeScale = 16;
const [warmUp, recovery] = [30, 45] as const;

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
export function astray(minutes: readonly Pick<LiveMinute, 'states'>[], wanted: PastIncident['states']): string[] {
  const orders = new Map(Object.entries(wanted).flatMap(([ids, order]) => ids.split(' ').map((id) => [id, order] as const)));
  const ids = [...(minutes[0]?.states.keys() ?? [])];
  return ids.flatMap((id) => {
    const seen = minutes.map(({ states }) => states.get(id) ?? 'none');
    return isInOrder(seen, orders.get(id) ?? 'healthy') ? [] : [`${id}: ${orderOf(seen).join(' ')}`];
  });
}

const isWell = ({ states }: LiveMinute) => [...states.values()].every((each) => each === 'healthy');

async function play(incident: PastIncident, { store, live }: Stage, say: (line: string) => void): Promise<ProofRow[]> {
  const { title, faults, searchesPerSecond = 0, lasts = 12, also } = incident;
  await live.minutesUntil(`${title}: healthy at first`, isWell, warmUp);
  live.begin();
  for (const fault of await faults(store)) {
    const { status } = await store.admin('POST', '/admin/faults', { ...fault, seconds: 600 });
    if (status !== 201) throw new Error(`${title}: the fault was answered with ${status}`);
  }
  const searches = searchesOf(store, 'westeurope', searchesPerSecond);
  try {
    for (let minute = 0; minute < lasts; minute += 1) await live.minute();
    const told = live.told().join(', ');
    await store.admin('DELETE', '/admin/faults');
    const clearedAtMs = Date.now();
    const isOver = (minute: LiveMinute) => live.incidents().every((each) => each.resolvedAtMs !== undefined) && isWell(minute);
    await live.minutesUntil(`${title}: over`, isOver, recovery);
    const rows = rowsOf(incident, live, told, say);
    return [...rows, ...(also?.({ store, clearedAtMs, answers: await searches.stop() }, title) ?? [])];
  } finally {
    await searches.stop();
  }
}

/** A running store, and who looks at it. */
interface Stage {
  readonly store: TestStore;
  readonly live: LiveHealth;
}

async function stage({ change, prepare }: PastIncident): Promise<Stage> {
  const store = await startTestStore({ timeScale, ...(change && { change }) });
  trustCertificates(store.caFile);
  await prepare?.(store);
  return { store, live: await LiveHealth.of(store.environment) };
}

function rowsOf(
  { title, first, within, states, alert }: PastIncident,
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
      const on = await stage(incident);
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
