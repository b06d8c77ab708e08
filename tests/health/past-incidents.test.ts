import { describe, expect, it } from 'vitest';
import { changesOf, live } from './live-day.ts';
import { lasts, pastIncidents } from './past-incidents.ts';

describe('incidents that the store had', () => {
  it.each(pastIncidents.map((each) => [each.title, each] as const))('%s', (_, { during, once, changes, alert }) => {
    const { pictures, incidents, told } = live(lasts.minutes, (minute) => {
      if (minute < lasts.from || minute >= lasts.to) return {};
      if (once?.[0] !== minute) return during;
      const [, only, at, token] = once;
      return { ...during, signal: (signal, scope) => (signal === only && scope === at ? token : during.signal?.(signal, scope)) };
    });
    const seen = (pictures[0]?.nodes ?? []).map(({ id }) => [id, changesOf(pictures, id)] as const);
    // The right node first, the right parents after it, and nothing else, in every minute.
    expect(Object.fromEntries(seen.filter(([, each]) => each !== '0 healthy'))).toEqual(changes);
    // One alert and one resolution, and the right cause in both.
    expect(told.map(({ state, minute }) => `${minute} ${state}`)).toEqual([
      `${alert.opened} opened`,
      `${alert.resolved} resolved`,
    ]);
    const { cause, place, urgency } = alert;
    expect(incidents).toMatchObject([{ kind: 'health', cause, place, urgency }]);
  });

  it('keep the place that they reached, where one region is well before the other', () => {
    const endOf: Readonly<Record<string, number>> = { westeurope: lasts.to - 5, eastus: lasts.to };
    const { incidents, told } = live(lasts.minutes, (minute) => ({
      signal: (signal, scope) =>
        signal === 'paymentFailed' && minute >= lasts.from && minute < (endOf[scope] ?? 0) ? '100/2' : undefined,
    }));
    expect(incidents).toMatchObject([{ kind: 'health', cause: 'payment', place: 'store', breadth: 2 }]);
    expect(told.map(({ state }) => state)).toEqual(['opened', 'resolved']);
  });
});
