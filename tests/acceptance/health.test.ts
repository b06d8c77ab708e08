import { afterAll, beforeAll, expect, it } from 'vitest';
import { trustCertificates } from '../../telemetry/trust.ts';
import { LiveHealth } from '../support/health-live.ts';
import type { TestStore } from '../support/store.ts';
import { startNamedStore } from './support.ts';

/** A minute in three seconds: a round takes less than one, on a machine of its own. */
const timeScale = 20;

let store: TestStore;

beforeAll(async () => {
  store = await startNamedStore('health-model', { timeScale });
  trustCertificates(store.caFile);
});
afterAll(() => store.close());

it('sees the payment API fail in one region: cause first, parents after it, one alert and one resolution', async () => {
  const live = await LiveHealth.of(store.environment);
  const payment = 'westeurope/payment';
  await live.minutesUntil('the store is healthy', ({ states }) => states.get('store') === 'healthy', 25);
  await store.admin('POST', '/admin/faults', { kind: 'payment-down', region: 'westeurope', seconds: 120 });
  await live.minutesUntil('payment is unhealthy', ({ states }) => states.get(payment) === 'unhealthy', 10);
  await live.minutesUntil(
    'checkout fails for itself',
    ({ picture }) =>
      picture.nodes.some(({ id, signals }) => id === 'flow:checkout@westeurope' && signals[0]?.state === 'unhealthy'),
    8,
  );
  const { states, picture } = live.minutes.at(-1) ?? { states: new Map(), picture: undefined };
  for (const id of ['flow:checkout@westeurope', 'stamp:westeurope', 'region:westeurope'])
    expect(states.get(id), id).toBe('unhealthy');
  expect(states.get('regions')).toBe('degraded');
  for (const id of ['flow:browse@westeurope', 'flow:cart@westeurope', 'stamp:eastus']) expect(states.get(id), id).toBe('healthy');
  expect(picture?.rootCauses.map(({ nodes }) => nodes)).toEqual([[payment]]);
  // In no minute was a parent bad before the cause.
  const isBad = (state: string | undefined) => state === 'degraded' || state === 'unhealthy';
  for (const minute of live.minutes)
    if (isBad(minute.states.get('stamp:westeurope'))) expect(isBad(minute.states.get(payment))).toBe(true);
  await store.admin('DELETE', '/admin/faults');
  await live.minutesUntil('it is over', () => live.incidents().every(({ resolvedAtMs }) => resolvedAtMs !== undefined), 30);
  expect(live.told()).toEqual(['opened', 'resolved']);
  expect(live.incidents()).toMatchObject([{ kind: 'health', cause: 'payment', place: 'westeurope', urgency: 'page' }]);
}, 300_000);
