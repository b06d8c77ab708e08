import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FaultPlace } from '../../../fixtures/contoso/azure/ports.ts';
import { faultTable } from '../../../fixtures/contoso/fault-table.ts';
import { checkFault, createFaults, FaultRefused, findByDependency } from '../../../fixtures/contoso/faults.ts';

const stamps = [
  { name: 'westeurope-blue', region: 'westeurope', slots: [{ name: 'staging' }] },
  { name: 'westeurope-green', region: 'westeurope', slots: [] },
  { name: 'eastus', region: 'eastus', slots: [] },
];
const blue: FaultPlace = { stamp: 'westeurope-blue', region: 'westeurope' };
const route = 'GET /api/products/{id}';

/** A board on a clock that the test moves, with randomness that it gives. */
function board(draws: readonly number[] = [0]) {
  let ms = 1_000_000;
  let drawn = 0;
  const random = () => draws[drawn++ % draws.length] as number;
  const faults = createFaults({ now: () => ms, random, timeScale: 60 }, stamps);
  return { faults, pass: (seconds: number) => (ms += seconds * 1_000), drawn: () => drawn };
}

describe('malformed faults', () => {
  const whole = (minimum: number, maximum: number, unit: string) => `a whole number of ${unit}, ${minimum} to ${maximum}`;
  const refused: readonly (readonly [what: string, input: unknown, path: string, seen: string, allowed: string])[] = [
    ['no object', 'payment-down', '', '"payment-down"', 'one fault, as a JSON object'],
    ['nothing at all', undefined, '', 'nothing', 'one fault, as a JSON object'],
    ['null', null, '', 'null', 'one fault, as a JSON object'],
    ['a list', [{ kind: 'payment-down' }], '', '[{"kind":"payment-down"}]', 'one fault, as a JSON object'],
    ['no kind', {}, 'kind', 'nothing', 'payment-down'],
    ['an unknown kind', { kind: 'meteor' }, 'kind', '"meteor"', 'payment-down'],
    ['a kind that every object has', { kind: 'constructor' }, 'kind', '"constructor"', 'payment-down'],
    ['a kind that is no text', { kind: 7 }, 'kind', '7', 'payment-down'],
    ['zero seconds', { kind: 'payment-down', seconds: 0 }, 'seconds', '0', whole(1, 86_400, 'seconds')],
    ['over a day', { kind: 'payment-down', seconds: 86_401 }, 'seconds', '86401', whole(1, 86_400, 'seconds')],
    ['seconds as text', { kind: 'payment-down', seconds: '30' }, 'seconds', '"30"', whole(1, 86_400, 'seconds')],
    ['half a second', { kind: 'payment-down', seconds: 0.5 }, 'seconds', '0.5', whole(1, 86_400, 'seconds')],
    ['a start in the past', { kind: 'payment-down', startsInSeconds: -1 }, 'startsInSeconds', '-1', whole(0, 86_400, 'seconds')],
    [
      'two durations',
      { kind: 'payment-down', seconds: 30, minutes: 1 },
      'seconds, minutes',
      'two times',
      'one of seconds, minutes',
    ],
    [
      'two starts',
      { kind: 'payment-down', startsInSeconds: 0, startsInMinutes: 1 },
      'startsInSeconds, startsInMinutes',
      'two times',
      'one of startsInSeconds, startsInMinutes',
    ],
    [
      'over a week of minutes',
      { kind: 'payment-down', minutes: 10_081 },
      'minutes',
      '10081',
      whole(1, 10_080, 'control-plane minutes'),
    ],
    ['a probability of zero', { kind: 'payment-down', probability: 0 }, 'probability', '0', 'a number above 0, up to 1'],
    ['a probability in per cent', { kind: 'payment-down', probability: 10 }, 'probability', '10', 'a number above 0, up to 1'],
    ['an unknown field', { kind: 'payment-down', second: 3 }, 'second', '3', 'no such field; kind, seconds'],
    ['an effect that the kind has not', { kind: 'registry-denied', delayMs: 5 }, 'delayMs', '5', 'no such field'],
    [
      'an unknown stamp',
      { kind: 'payment-down', stamp: 'mars' },
      'stamp',
      '"mars"',
      'one of westeurope-blue, westeurope-green, eastus',
    ],
    ['an unknown region', { kind: 'region-down', region: 'mars' }, 'region', '"mars"', 'one of westeurope, eastus'],
    ['an unknown slot', { kind: 'payment-down', slot: 'canary' }, 'slot', '"canary"', 'one of production, staging'],
    [
      "another stamp's region",
      { kind: 'payment-down', stamp: 'eastus', region: 'westeurope' },
      'region',
      '"westeurope"',
      'eastus, where the stamp is',
    ],
    ['a place where there is but one', { kind: 'ingestion', stamp: 'eastus' }, 'stamp', '"eastus"', 'no such field'],
    ['a route fault without route', { kind: 'route', status: 500 }, 'route', 'nothing', 'a method and a route'],
    ['a route without method', { kind: 'route', route: '/api/products' }, 'route', '"/api/products"', 'a method and a route'],
    ['a status below HTTP', { kind: 'route', route, status: 99 }, 'status', '99', whole(200, 599, 'HTTP status')],
    ['a status above HTTP', { kind: 'route', route, status: 600 }, 'status', '600', whole(200, 599, 'HTTP status')],
    ['no delay', { kind: 'route', route, delayMs: 0 }, 'delayMs', '0', whole(1, 120_000, 'milliseconds')],
    ['a reset that is off', { kind: 'route', route, reset: false }, 'reset', 'false', 'true'],
    [
      'two answers',
      { kind: 'route', route, reset: true, status: 500 },
      'status, reset',
      '2 answers',
      'one of status, reset, garbage',
    ],
  ];

  test.each(refused)('%s is refused with place, value and choice', (_what, input, path, seen, allowed) => {
    const { faults } = board();
    const details = checkFault(input, stamps);
    expect(details.map((detail) => detail.path)).toEqual([path]);
    expect(details[0]?.seen).toBe(seen);
    expect(details[0]?.allowed).toContain(allowed);
    expect(() => faults.add(input)).toThrow(FaultRefused);
    expect(faults.list()).toEqual([]);
  });

  test('every error is told at once, behind an unknown kind too', () => {
    const input = { kind: 'meteor', seconds: 0, probability: 2, stamp: 'mars', colour: 'red' };
    expect(checkFault(input, stamps).map(({ path }) => path)).toEqual(['kind', 'seconds', 'probability', 'stamp', 'colour']);
  });

  test('a route that the store does not have is refused, where its routes are known', () => {
    const routes = ['GET /api/products', route];
    expect(checkFault({ kind: 'route', route }, stamps, routes)).toEqual([]);
    expect(checkFault({ kind: 'route', route: 'GET /api/product' }, stamps, routes)).toEqual([
      { path: 'route', seen: '"GET /api/product"', allowed: `one of ${routes.join(', ')}` },
    ]);
  });

  test('no input makes validation throw or slip through half-checked', () => {
    const { faults } = board();
    fc.assert(
      fc.property(fc.anything(), (input) => {
        const details = checkFault(input, stamps);
        expect(details.length).toBeGreaterThan(0);
        expect(() => faults.add(input)).toThrow(FaultRefused);
      }),
      { seed: 3, numRuns: 300 },
    );
  });
});

describe('places', () => {
  const green: FaultPlace = { stamp: 'westeurope-green', region: 'westeurope' };
  const east: FaultPlace = { stamp: 'eastus', region: 'eastus' };
  const staging: FaultPlace = { ...blue, slot: 'staging' };
  const west: FaultPlace = { region: 'westeurope' };
  const rows: readonly (readonly [what: string, fault: object, hit: readonly FaultPlace[], spared: readonly FaultPlace[]])[] = [
    ['without a place, everywhere', { kind: 'payment-down' }, [blue, green, east, staging, {}], []],
    ['a stamp, with its slots', { kind: 'payment-down', stamp: 'westeurope-blue' }, [blue, staging], [green, east, {}]],
    ['a region, with its stamps', { kind: 'payment-down', region: 'westeurope' }, [blue, green, staging, west], [east, {}]],
    ['a slot', { kind: 'payment-down', stamp: 'westeurope-blue', slot: 'staging' }, [staging], [blue, green, east]],
    ['production alone', { kind: 'payment-down', stamp: 'westeurope-blue', slot: 'production' }, [blue], [staging, green, east]],
    ['a region of Cosmos', { kind: 'cosmos-reads', region: 'westeurope' }, [west], [{ region: 'eastus' }]],
    ['the region of a stamp, for Cosmos', { kind: 'cosmos-reads', stamp: 'westeurope-blue' }, [west], [{ region: 'eastus' }]],
    [
      'an instance',
      { kind: 'route', route, instance: 'i-1' },
      [{ ...blue, route, instance: 'i-1' }],
      [
        { ...blue, route, instance: 'i-2' },
        { ...blue, route },
      ],
    ],
    [
      'a route',
      { kind: 'route', route },
      [
        { ...blue, route },
        { ...east, route },
      ],
      [blue, { ...blue, route: 'GET /api/products' }],
    ],
  ];
  test.each(rows)('a fault holds in %s', (_what, fault, hit, spared) => {
    const { faults } = board();
    const { id, kind } = faults.add(fault);
    expect(hit.map((place) => faults.find(kind, place)?.id)).toEqual(hit.map(() => id));
    expect(spared.map((place) => faults.find(kind, place))).toEqual(spared.map(() => undefined));
  });

  test('a stamp of Cosmos is refused when nobody knows its region', () => {
    const faults = createFaults({ now: () => 0, random: () => 0, timeScale: 1 });
    expect(() => faults.add({ kind: 'cosmos-reads', stamp: 'eastus' })).toThrow(/stamp is "eastus"/);
    expect(faults.add({ kind: 'cosmos-reads', region: 'eastus' }).region).toBe('eastus');
  });
});

describe('effects', () => {
  const rows: readonly (readonly [what: string, fault: Readonly<Record<string, unknown>>, effects: object])[] = [
    ['a route fails with 500 by itself', { kind: 'route', route }, { status: 500 }],
    ['a route that is told to be slow only is slow', { kind: 'route', route, delayMs: 800 }, { delayMs: 800 }],
    ['a route is slow, then fails', { kind: 'route', route, delayMs: 8, status: 502 }, { delayMs: 8, status: 502 }],
    ['a route cuts the connection', { kind: 'route', route, reset: true }, { reset: true }],
    ['payment is down with 503', { kind: 'payment-down' }, { status: 503 }],
    ['payment is late and down', { kind: 'payment-down', delayMs: 9 }, { status: 503, delayMs: 9 }],
    ['payment fails as told', { kind: 'payment-failing', status: 502 }, { status: 502 }],
    ['a vault is slow by two seconds', { kind: 'key-vault-slow' }, { delayMs: 2_000 }],
    ['a vault is slow as told', { kind: 'key-vault-slow', delayMs: 50 }, { delayMs: 50 }],
    ['a vault throttles for a second', { kind: 'key-vault-throttled' }, { status: 429, retryAfterSeconds: 1 }],
    ['a vault throttles as told', { kind: 'key-vault-throttled', retryAfterSeconds: 9 }, { status: 429, retryAfterSeconds: 9 }],
    ['a registry is gone', { kind: 'registry-gone' }, { reset: true }],
    ['Cosmos reads are late only', { kind: 'cosmos-reads', delayMs: 7 }, { delayMs: 7 }],
    ['ingestion answers nonsense', { kind: 'ingestion', garbage: true }, { garbage: true }],
    ['ingestion takes half', { kind: 'ingestion', status: 206, itemStatus: 400 }, { status: 206, itemStatus: 400 }],
  ];
  test.each(rows)('%s', (_what, fault, effects) => {
    const { faults } = board();
    const { id, kind, probability, startsAt, endsAt, route: itsRoute, ...rest } = faults.add(fault);
    expect(rest).toEqual(effects);
    expect({ id, kind, probability, itsRoute, lasts: endsAt - startsAt }).toEqual({
      id: 'fault-1',
      kind: fault.kind,
      probability: 1,
      itsRoute: fault.route,
      lasts: 300_000,
    });
  });
});

describe('schedule', () => {
  test.each(Object.keys(faultTable))('%s strikes, and ends by itself', (kind) => {
    const { faults, pass } = board();
    const fault = faults.add({ kind, seconds: 30, ...(kind === 'route' ? { route } : {}) });
    const place = { ...blue, route };
    expect(faults.find(kind, place)).toMatchObject({ id: fault.id });
    pass(29.999);
    expect(faults.find(kind, place)).toMatchObject({ id: fault.id });
    pass(0.001);
    expect(faults.find(kind, place)).toBeUndefined();
    expect(faults.list()).toEqual([]);
  });

  test('a later start is listed, and strikes only then', () => {
    const { faults, pass } = board();
    faults.add({ kind: 'payment-down', startsInSeconds: 10, seconds: 5 });
    expect([faults.list().length, faults.find('payment-down', blue)]).toEqual([1, undefined]);
    pass(10);
    expect(faults.find('payment-down', blue)).toBeDefined();
    pass(5);
    expect(faults.find('payment-down', blue)).toBeUndefined();
  });

  // At 60 times the speed a control-plane minute is a real second.
  test('minutes are those of the control plane, from when to when', () => {
    const { faults, pass } = board();
    faults.add({ kind: 'payment-down', startsInMinutes: 10, minutes: 5 });
    pass(9.999);
    expect(faults.find('payment-down', blue)).toBeUndefined();
    pass(0.001);
    expect(faults.find('payment-down', blue)).toBeDefined();
    pass(4.999);
    expect(faults.find('payment-down', blue)).toBeDefined();
    pass(0.001);
    expect([faults.find('payment-down', blue), faults.list()]).toEqual([undefined, []]);
  });

  test('one fault is cleared by its id, or all', () => {
    const { faults } = board();
    const [first, second] = [faults.add({ kind: 'payment-down' }), faults.add({ kind: 'registry-denied' })];
    expect([faults.clear('fault-99'), faults.clear(first.id)]).toEqual([0, 1]);
    expect(faults.list().map(({ id }) => id)).toEqual([second.id]);
    faults.add({ kind: 'payment-down' });
    expect([faults.clear(), faults.list()]).toEqual([2, []]);
  });
});

describe('probability', () => {
  test('strikes when the draw is below it, not at it', () => {
    const { faults } = board([0.09, 0.1, 0.5, 0]);
    faults.add({ kind: 'payment-down', probability: 0.1 });
    expect([1, 2, 3, 4].map(() => faults.find('payment-down', blue) !== undefined)).toEqual([true, false, false, true]);
  });

  test('draws nothing elsewhere, nor for a certain fault', () => {
    const { faults, drawn } = board();
    faults.add({ kind: 'payment-down', probability: 0.5, stamp: 'eastus' });
    faults.add({ kind: 'registry-denied' });
    faults.find('payment-down', blue);
    faults.find('registry-denied', blue);
    expect(drawn()).toBe(0);
  });

  test('a fault that misses leaves room for the next', () => {
    const { faults } = board([0.9]);
    faults.add({ kind: 'payment-down', probability: 0.5 });
    const certain = faults.add({ kind: 'payment-down', status: 500 });
    expect(faults.find('payment-down', blue)?.id).toBe(certain.id);
  });
});

describe('by dependency', () => {
  const rows = Object.entries(faultTable).flatMap(([kind, row]) =>
    'dependency' in row && row.dependency ? [[kind, row.dependency] as const] : [],
  );
  test.each(rows)('%s is found by who asks for %s', (kind, dependency) => {
    const { faults } = board();
    const { id } = faults.add({ kind });
    expect(findByDependency(faults, dependency, blue)?.id).toBe(id);
    expect(findByDependency(faults, dependency === 'payment' ? 'registry' : 'payment', blue)).toBeUndefined();
  });
  test('the table breaks six dependencies, each in four ways at least', () => {
    expect(rows.length).toBeGreaterThanOrEqual(24);
    expect(new Set(rows.map(([, dependency]) => dependency)).size).toBe(6);
  });
});
