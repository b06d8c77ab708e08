import { describe, expect, it } from 'vitest';
import { IncidentStore } from '../../health/incident-store.ts';
import { type Budget, burnRateOf, objectiveOf, spentOf } from '../../health/objectives.ts';
import { overpromised, overpromisedLine, promisedBy } from '../../health/promises.ts';
import { day, environmentWith, type Meets, play } from './day.ts';

const base = { availabilityPercent: 99.9, latencyP95Ms: 200, errorPercent: 1, replicationMs: 3000 };
const withObjectives = (journeys: readonly object[], more: object = {}) =>
  environmentWith({ objectives: { ...base, journeys, ...more } });

describe('objectives', () => {
  const rows = [
    { availabilityPercent: 99.5, latencyMs: 1_000 },
    { region: 'eastus', availabilityPercent: 99.6 },
    { journey: 'cart', availabilityPercent: 99.7 },
    { journey: 'cart', region: 'eastus', availabilityPercent: 99.8, latencyMs: 500, latencyPercent: 99 },
    { region: 'global', availabilityPercent: 99.99 },
  ];
  it.each([
    ['browse', 'westeurope', 99.5, 1_000, 95],
    ['browse', 'eastus', 99.6, 1_000, 95],
    ['cart', 'westeurope', 99.7, 1_000, 95],
    ['cart', 'eastus', 99.8, 500, 99],
    ['browse', 'global', 99.99, 1_000, 95],
    ['cart', 'global', 99.7, 1_000, 95],
  ])('of %s in %s are those that name the most of it', (journey, place, availabilityPercent, latencyMs, latencyPercent) => {
    expect(objectiveOf(withObjectives(rows), journey, place)).toEqual({
      journey,
      place,
      availabilityPercent,
      latencyMs,
      latencyPercent,
    });
  });
});

describe('burn rates', () => {
  const sum = { journey: 'cart', place: 'eastus', total: 100, failed: 10, failedTold: 4, slow: 18, slowTold: 3 };
  it.each([
    ['availability', false, 100, 10],
    ['availability', true, 96, 6],
    ['latency', false, 90, 18],
    ['latency', true, 87, 15],
  ] as const)('count for %s, told ones left out: %s', (kind, withoutTold, total, bad) =>
    expect(spentOf(sum, kind, withoutTold)).toEqual({ total, bad }),
  );

  it.each([
    [{ total: 0, bad: 0 }, 0.001, undefined],
    [{ total: 1_000, bad: 0 }, 0.001, 0],
    [{ total: 1_000, bad: 1 }, 0.001, 1],
    [{ total: 1_000, bad: 100 }, 0.1, 1],
    [{ total: 10, bad: 0 }, 0, 0],
    [{ total: 10, bad: 1 }, 0, Number.POSITIVE_INFINITY],
  ])('of %o at an allowed share of %d', (spent, allowed, rate) => {
    if (rate === undefined) expect(burnRateOf(spent, allowed)).toBeUndefined();
    else expect(burnRateOf(spent, allowed)).toBeCloseTo(rate, 9);
  });

  const every =
    (n: number, from: number): ((check: { minute: number; journey: string; target: string }) => Meets) =>
    ({ minute, journey, target }) =>
      target === 'eastus' && journey === 'cart' && minute >= from && minute % n === 0 ? { cause: 'http' } : undefined;

  it('page once for a slow leak that no window of five bins shows', () => {
    const { opened, reminded, last } = play({
      minutes: 150,
      meets: every(5, 20),
      environment: environmentWith({ alerts: { reminderMinutes: 0 } }),
    });
    expect(opened.map(({ kind, cause, place, urgency }) => [kind, cause, place, urgency])).toEqual([
      ['burn-rate', 'availability budget', 'eastus', 'page'],
    ]);
    expect([reminded, last.open.length]).toEqual([[], 1]);
  });

  const slowLeak = { rate: 1, longMinutes: 60, shortMinutes: 5, minFailures: 2, urgency: 'ticket' } as const;
  const fastLeak = { rate: 140, longMinutes: 60, shortMinutes: 5, minFailures: 9, urgency: 'page' } as const;

  it('wake somebody once a ticket’s leak has become a page’s', () => {
    const { opened, reminded } = play({
      minutes: 200,
      meets: (check) => every(check.minute < 100 ? 10 : 4, 20)(check),
      environment: environmentWith({ alerts: { reminderMinutes: 0, burnRates: [fastLeak, slowLeak] } }),
    });
    const told = (incidents: typeof opened) => incidents.map(({ kind, place, urgency }) => [kind, place, urgency]);
    expect(told(opened)).toEqual([['burn-rate', 'eastus', 'ticket']]);
    expect(told(reminded)).toEqual([['burn-rate', 'eastus', 'page']]);
    expect(reminded[0]?.evidence.rule).toBe('a burn rate below 140 over 60 minutes');
  });

  it('say the worst of two that fire, in whichever order they stand', () => {
    const { opened } = play({
      minutes: 120,
      meets: every(4, 60),
      environment: environmentWith({
        alerts: { reminderMinutes: 0, burnRates: [{ ...slowLeak, minFailures: 9 }, fastLeak] },
      }),
    });
    expect(opened.map(({ urgency }) => urgency)).toEqual(['page']);
  });

  it('are over when the short window is', () => {
    const { opened, resolved } = play({ minutes: 240, meets: (check) => (check.minute < 90 ? every(5, 20)(check) : undefined) });
    expect([opened.length, resolved.length]).toEqual([1, 1]);
  });

  it('leave out what an incident has told of', () => {
    const { opened } = play({
      minutes: 120,
      meets: ({ minute, target }) => (target === 'eastus' && minute >= 20 && minute < 60 ? { cause: 'http' } : undefined),
    });
    expect(opened.map(({ kind }) => kind)).toEqual(['outage']);
  });

  it('watch latency where it has an objective', () => {
    const environment = withObjectives([{ journey: 'cart', latencyMs: 400, latencyPercent: 99 }]);
    const { opened } = play({
      minutes: 150,
      environment,
      meets: ({ minute, journey, target }) =>
        journey === 'cart' && target === 'eastus' && minute >= 20 && minute % 2 === 0 ? { slowMs: 401 } : undefined,
    });
    expect(opened.map(({ kind, cause }) => [kind, cause])).toEqual([['burn-rate', 'latency budget']]);
  });

  it('take exactly the bound for fast enough', () => {
    const environment = withObjectives([{ journey: 'cart', latencyMs: 400, latencyPercent: 90 }]);
    expect(
      play({ minutes: 150, environment, meets: ({ journey }) => (journey === 'cart' ? { slowMs: 400 } : undefined) }).opened,
    ).toEqual([]);
  });
});

describe('error budgets', () => {
  const budgetOf = (budgets: readonly Budget[], hours: number) =>
    budgets.find(
      (each) => each.journey === 'cart' && each.place === 'eastus' && each.hours === hours && each.kind === 'availability',
    );

  it('are what is left over each rolling window', () => {
    const environment = withObjectives([{ availabilityPercent: 90 }], { budgetHours: [1, 24, 720] });
    const { last } = play({
      minutes: 200,
      environment,
      meets: ({ minute, journey, target }) =>
        journey === 'cart' && target === 'eastus' && minute % 20 === 0 && minute < 100 ? { cause: 'http' } : undefined,
    });
    expect(budgetOf(last.budgets, 1)).toMatchObject({ bad: 0, left: 1, actualPercent: 100 });
    for (const hours of [24, 720])
      expect(budgetOf(last.budgets, hours)).toMatchObject({ total: 200, bad: 5, actualPercent: 97.5, left: 0.75 });
  });

  it('keep marked and unknown results out', () => {
    const { last } = play({
      minutes: 30,
      meets: ({ minute }) => (minute % 2 ? 'maintenance' : minute % 4 ? 'inconclusive' : undefined),
    });
    expect(budgetOf(last.budgets, 24)).toMatchObject({ total: 8, bad: 0 });
  });

  it('do not shrink when a window begins anew in a bucket', () => {
    const store = new IncidentStore(':memory:');
    const tally = { journey: 'cart', place: 'eastus', startMs: day, total: 5, failed: 1, failedTold: 0, slow: 0, slowTold: 0 };
    store.putTallies(5, [tally]);
    store.putTallies(5, [{ ...tally, total: 2, failed: 0 }]);
    expect(store.sums(5, day, day + 1)).toMatchObject([{ total: 5, failed: 1 }]);
    expect(store.sums(5, day - 300_000, day)).toEqual([]);
    store.close();
  });
});

describe('what the platform promises', () => {
  const environment = environmentWith();

  it('multiplies what is needed, and stands in for what is there twice', () => {
    const stamp = 0.9995 * 0.9999;
    expect(promisedBy(environment).map(({ place, percent }) => [place, Number(percent.toFixed(8))])).toEqual([
      ['westeurope', Number((stamp * 0.99999 * 100).toFixed(8))],
      ['eastus', Number((stamp * 0.99999 * 100).toFixed(8))],
      ['global', Number((0.9999 * (1 - (1 - stamp) ** 2) * 0.99999 * 100).toFixed(8))],
    ]);
  });

  it('flags objectives above it alone, with the sum', () => {
    expect(overpromised(environment)).toEqual([]);
    const flags = overpromised(withObjectives([{ journey: 'checkout', region: 'eastus', availabilityPercent: 99.95 }]));
    expect(flags).toMatchObject([{ place: 'eastus', journeys: ['checkout'], objectivePercent: 99.95 }]);
    expect(flags.map(overpromisedLine)).toEqual([
      'eastus: the objective of 99.95 % for checkout is above what the platform promises, 99.93901 % ((App Service 99.95 % × Key Vault 99.99 % = 99.94 %) 99.94 % × Cosmos DB in 2 regions 99.999 % = 99.93901 %)',
    ]);
  });

  it('takes the promises from the environment', () => {
    expect(overpromised(environmentWith({ promises: { appServicePercent: 99 } })).map(({ place }) => place)).toEqual([
      'westeurope',
      'eastus',
    ]);
  });
});
