import { describe, expect, it } from 'vitest';
import type { Broken, Check, Meets } from './day.ts';
import { play } from './day.ts';

const http: Broken = { cause: 'http', seen: '503' };
const connect: Broken = { cause: 'connect' };
const pay: Broken = { cause: 'http', step: 'pay', seen: '502' };
const within = (minute: number, from: number, to: number) => minute >= from && minute < to;

interface Row {
  readonly title: string;
  readonly meets: (check: Check, offsetMs: number) => Meets;
  /** kind, cause, place; empty: no alert at all. */
  readonly alert?: readonly [string, string, string];
  readonly minutes?: number;
}

const rows: readonly Row[] = [
  { title: 'a whole day of passes', minutes: 1440, meets: () => undefined },
  { title: 'one-off blips of every check', minutes: 1440, meets: ({ minute }) => (minute % 480 === 7 ? http : undefined) },
  {
    title: 'blips of two minutes in a row',
    minutes: 160,
    meets: ({ minute, journey }) => (journey === 'cart' && within(minute, 100, 102) ? http : undefined),
  },
  {
    title: 'two failures of five bins, then good',
    meets: ({ minute, journey }) => (journey === 'cart' && [30, 33].includes(minute) ? http : undefined),
  },
  { title: 'marked results', meets: ({ minute }) => (within(minute, 20, 50) ? 'maintenance' : undefined) },
  {
    title: 'one region down',
    meets: ({ minute, target }) => (target === 'westeurope' && within(minute, 20, 50) ? connect : undefined),
    alert: ['outage', 'connect', 'westeurope'],
  },
  {
    title: 'one region down from the middle of a minute',
    meets: ({ minute, target }, offsetMs) =>
      target === 'westeurope' && within(minute + offsetMs / 60_000, 20.5, 50.5) ? connect : undefined,
    alert: ['outage', 'connect', 'westeurope'],
  },
  {
    title: 'one region and the global endpoint behind it',
    meets: ({ minute, target }) => (target !== 'eastus' && within(minute, 20, 50) ? http : undefined),
    alert: ['outage', 'http', 'westeurope'],
  },
  {
    title: 'the global endpoint alone',
    meets: ({ minute, target }) => (target === 'global' && within(minute, 20, 50) ? connect : undefined),
    alert: ['outage', 'connect', 'global'],
  },
  {
    title: 'everything down',
    meets: ({ minute }) => (within(minute, 20, 50) ? connect : undefined),
    alert: ['outage', 'connect', 'store'],
  },
  {
    title: 'the payment API failing everywhere',
    meets: ({ minute, journey }) => (journey === 'checkout' && within(minute, 20, 50) ? pay : undefined),
    alert: ['outage', 'pay', 'store'],
  },
  {
    title: 'the payment API failing in one region',
    meets: ({ minute, journey, target }) =>
      journey === 'checkout' && target === 'eastus' && within(minute, 20, 50) ? pay : undefined,
    alert: ['outage', 'pay', 'eastus'],
  },
  {
    title: 'Cosmos throttling two journeys of a region',
    meets: ({ minute, journey, target }) =>
      ['cart', 'checkout'].includes(journey) && target === 'eastus' && within(minute, 20, 50)
        ? { cause: 'throttled', step: journey }
        : undefined,
    alert: ['outage', 'throttled', 'eastus'],
  },
  {
    title: 'two steps that fail since the same time',
    meets: ({ minute, journey, target }) =>
      ['cart', 'search'].includes(journey) && target === 'eastus' && within(minute, 20, 50)
        ? { cause: 'http', step: journey }
        : undefined,
    alert: ['outage', 'cart', 'eastus'],
  },
  {
    title: 'sign-in refused everywhere',
    meets: ({ minute, journey }) =>
      ['sign-in', 'cart', 'checkout'].includes(journey) && within(minute, 20, 50) ? { cause: 'auth', step: journey } : undefined,
    alert: ['outage', 'auth', 'store'],
  },
  {
    title: 'a fault every other minute',
    meets: ({ minute, journey, target }) =>
      journey === 'cart' && target === 'eastus' && within(minute, 20, 80) && minute % 2 === 0 ? http : undefined,
    alert: ['outage', 'choose a product', 'eastus'],
    minutes: 120,
  },
  {
    title: 'an outage of exactly three minutes',
    meets: ({ minute, target }) => (target === 'eastus' && within(minute, 20, 23) ? http : undefined),
    alert: ['outage', 'http', 'eastus'],
  },
  {
    title: 'an outage of hours, reminded of',
    minutes: 400,
    meets: ({ minute, target }) => (target === 'eastus' && within(minute, 20, 360) ? http : undefined),
    alert: ['outage', 'http', 'eastus'],
  },
];

describe('outages', () => {
  it.each(rows)('gives $title exactly the alerts it deserves', ({ meets, alert, minutes = 70 }) => {
    const { opened, resolved, last } = play({ minutes, meets });
    const named = opened.map(({ kind, cause, place }) => [kind, cause, place]);
    expect(named).toEqual(alert ? [alert] : []);
    expect(resolved.map(({ key }) => key)).toEqual(opened.map(({ key }) => key));
    expect(last.open).toEqual([]);
  });

  it('takes a fault that flaps all day for what it spends, and for no outage', () => {
    // A minute in six: never three of five, and a sixth of all results.
    const { opened } = play({
      minutes: 1_440,
      meets: ({ minute, journey, target }) => (journey === 'cart' && target === 'eastus' && minute % 6 === 0 ? http : undefined),
    });
    expect(new Set(opened.map(({ kind }) => kind))).toEqual(new Set(['burn-rate']));
    expect(opened.length).toBeLessThanOrEqual(3);
  });

  it('takes a fault that flaps every other minute all day for one outage', () => {
    const { opened, last } = play({
      minutes: 1_440,
      meets: ({ minute, journey, target }) => (journey === 'cart' && target === 'eastus' && minute % 2 === 0 ? http : undefined),
    });
    expect(opened.filter(({ kind }) => kind === 'outage')).toHaveLength(1);
    expect(last.open.filter(({ kind }) => kind === 'outage')).toHaveLength(1);
  });
});
