import { describe, expect, it } from 'vitest';
import { seeded } from '../../fixtures/data/random.ts';
import { thresholds } from '../../health/thresholds.ts';
import { ledgerOf } from '../../load/verdict/cosmos-ru.ts';
import { judge } from '../../load/verdict/judge.ts';
import { leastSquares, student95 } from '../../load/verdict/least-squares.ts';
import type { Samples } from '../../load/verdict/observation.ts';
import { type Changes, goodJourney, observed } from './sample-load.ts';

const startMs = Date.UTC(2026, 0, 5);
const cost = { browse: 8, search: 21, checkout: 96 };
type Name = keyof typeof cost;
const names = Object.keys(cost) as Name[];
const perIteration = { browse: 2, search: 3, checkout: 11 };

describe('least squares', () => {
  it.each([
    {
      title: 'a line',
      rows: [
        [1, 0],
        [1, 1],
        [1, 2],
        [1, 3],
      ],
      y: [5, 8, 11, 14],
      values: [5, 3],
    },
    { title: 'one unknown', rows: [[2], [4]], y: [6, 12], values: [3] },
    {
      title: 'a pivot of zero',
      rows: [
        [0, 1],
        [1, 0],
        [1, 1],
      ],
      y: [2, 3, 5],
      values: [3, 2],
    },
  ])('finds $title', ({ rows, y, values }) => {
    const fit = leastSquares(rows, y);
    for (const [i, value] of values.entries()) expect(fit?.values[i]).toBeCloseTo(value, 8);
    expect(Math.max(...(fit?.within ?? [1]))).toBeLessThan(1e-6);
  });

  it.each([
    {
      title: 'as many unknowns as rows',
      rows: [
        [1, 2],
        [3, 4],
      ],
      y: [1, 2],
    },
    {
      title: 'rows that are multiples',
      rows: [
        [1, 2],
        [2, 4],
        [3, 6],
      ],
      y: [1, 2, 3],
    },
    { title: 'no rows', rows: [], y: [] },
    {
      title: 'a journey that never ran',
      rows: [
        [1, 0],
        [2, 0],
        [3, 0],
      ],
      y: [1, 2, 3],
    },
  ])('says nothing of $title', ({ rows, y }) => expect(leastSquares(rows, y)).toBeUndefined());

  it('holds the truth in nineteen of twenty intervals', () => {
    const random = seeded(5);
    const noise = () => (random() + random() + random() - 1.5) * 4;
    let held = 0;
    for (let trial = 0; trial < 400; trial += 1) {
      const rows = Array.from({ length: 8 }, () => [1, random() * 10]);
      const fit = leastSquares(
        rows,
        rows.map(([, x = 0]) => 7 + 2 * x + noise()),
      );
      if (fit && Math.abs((fit.values[1] ?? 0) - 2) <= (fit.within[1] ?? 0)) held += 1;
    }
    expect(held / 400).toBeGreaterThan(0.92);
    expect(held / 400).toBeLessThan(0.98);
  });

  it.each([
    [1, 12.71],
    [7, 2.447],
    [40, 2.042],
    [9999, 1.98],
  ])('takes t of %d degrees as %d', (freedom, t) => expect(student95(freedom)).toBe(t));
});

/** Steps that tell their charge: 60 iterations a journey, one step that costs all. */
function charged(iterations: number, spread = 0): Pick<Samples, 'journeys' | 'steps'> {
  const journeys = Object.fromEntries(names.map((name) => [name, { ...goodJourney, iterations }]));
  const steps = names.map((name) => {
    const charges = Array.from({ length: iterations }, (_, i) => cost[name] + (i % 2 === 0 ? spread : -spread));
    const [ru, ruSquared] = [charges.reduce((a, b) => a + b, 0), charges.reduce((a, b) => a + b * b, 0)];
    return [
      `${name} › all`,
      { journey: name, step: 'all', requests: iterations, charges: iterations, ru, ruSquared, p50Ms: 20, p95Ms: 40 },
    ];
  });
  return { journeys, steps: Object.fromEntries(steps) };
}

/** Minutes of a varied mix whose RU Azure Monitor knows in sum alone; `noise` is a share of each minute's RU. */
function measured({ windows = 8, idle = 5, noise = 0, windowSeconds = 60, seed = 3, restMinutes = 2 } = {}) {
  const random = seeded(seed);
  const mixSeconds: Samples['mixSeconds'][number][] = [];
  const ruMinutes = [];
  const atRest = Array.from({ length: restMinutes }, (_, minute) => {
    const fromMs = startMs + (minute - restMinutes) * 60_000;
    return { fromMs, toMs: fromMs + 60_000, ru: idle * 60 };
  });
  const iterations: Record<Name, number> = { browse: 0, search: 0, checkout: 0 };
  for (let window = 0; window < windows; window += 1) {
    const most = names[window % names.length];
    let ru = idle * windowSeconds;
    for (let second = 0; second < windowSeconds; second += 1) {
      const requests: Record<string, number> = {};
      for (const name of names) {
        const times = (name === most ? 6 : 2) + (random() < 0.5 ? 1 : 0);
        iterations[name] += times;
        requests[name] = times * perIteration[name];
        ru += times * cost[name];
      }
      mixSeconds.push({ atMs: startMs + (window * windowSeconds + second) * 1000, requests });
    }
    const fromMs = startMs + window * windowSeconds * 1000;
    ruMinutes.push({ fromMs, toMs: fromMs + windowSeconds * 1000, ru: ru * (1 + (random() - 0.5) * 2 * noise) });
  }
  const journeys = Object.fromEntries(names.map((name) => [name, { ...goodJourney, iterations: iterations[name] }]));
  const lastAtMs = startMs + windows * windowSeconds * 1000;
  return { samples: { journeys, mixSeconds, lastAtMs }, server: { ruMinutes: [...atRest, ...ruMinutes] } };
}

const targetIterations = { browse: 10, search: 4, checkout: 1 };
const wanted = {
  scenario: 'cosmos-ru',
  targetIterations,
  budgetRuPerSecond: 400,
  journeys: { browse: 1, search: 1, checkout: 1 },
};
const at = (changes: Changes) => observed({ ...changes, wanted: { ...wanted, ...changes.wanted } });
const off = (ru: number | undefined, name: Name) => Math.abs((ru ?? 0) - cost[name]) / cost[name];

describe('the RU ledger', () => {
  it('is exact with pass-through', () => {
    const ledger = ledgerOf(at({ samples: charged(60, 2) }));
    expect(ledger).toMatchObject({ source: 'pass-through', projectedRuPerSecond: 80 + 84 + 96, budgetRuPerSecond: 400 });
    expect(ledger?.journeys).toHaveLength(3);
    for (const row of ledger?.journeys ?? []) {
      expect(off(row.ru, row.journey as Name)).toBeLessThan(0.001);
      expect(row.steps).toEqual([{ step: 'all', ru: row.ru }]);
      expect(row.withinRu).toBeCloseTo((1.96 * 2.017) / Math.sqrt(60), 1);
    }
  });

  it('leaves out iterations that broke off, which cost less than the journey does', () => {
    const { journeys, steps } = charged(60);
    const broken = { iterations: 100, failed: 30, unclear: 6, exceptions: 4 };
    const some = Object.fromEntries(Object.entries(journeys).map(([name, row]) => [name, { ...row, ...broken }]));
    for (const row of ledgerOf(at({ samples: { journeys: some, steps } }))?.journeys ?? []) {
      expect(row.ru).toBe(cost[row.journey as Name]);
      expect(row.iterations).toBe(60);
    }
  });

  it.each([
    { title: 'without noise', change: {}, within: 0.001 },
    { title: 'with noise', change: { noise: 0.01, windows: 12 }, within: 0.1 },
    { title: 'from minutes of four seconds', change: { windowSeconds: 4, windows: 12 }, within: 0.01 },
    { title: 'with a busy idle store', change: { idle: 300 }, within: 0.001 },
  ])('tells journeys apart by their minutes $title', ({ change, within }) => {
    const ledger = ledgerOf(at(measured(change)));
    expect(ledger?.source).toBe('least squares');
    for (const name of names) {
      const row = ledger?.journeys.find(({ journey }) => journey === name);
      expect(off(row?.ru, name)).toBeLessThan(within);
      expect(row?.steps).toEqual([]);
    }
  });

  it.each([0, 3])('tells what the store costs at rest with %d minutes of rest', (restMinutes) => {
    const ledger = ledgerOf(at(measured({ idle: 40, restMinutes })));
    expect(ledger?.idleRuPerSecond).toBeCloseTo(40, 1);
    for (const name of names) expect(off(ledger?.journeys.find(({ journey }) => journey === name)?.ru, name)).toBeLessThan(0.001);
  });

  it('is unsure where a minute before the load was not at rest', () => {
    const { samples, server } = measured({ restMinutes: 3 });
    const [first, ...others] = server.ruMinutes;
    const busy = { fromMs: startMs - 180_000, toMs: startMs - 120_000, ru: (first?.ru ?? 0) + 60 * 200 };
    const tight = ledgerOf(at({ samples, server }));
    const wide = ledgerOf(at({ samples, server: { ruMinutes: [busy, ...others] } }));
    expect(tight?.projectedWithin).toBeLessThan(1);
    expect(wide?.projectedWithin).toBeGreaterThan(100);
    expect(judge(at({ samples, server: { ruMinutes: [busy, ...others] } })).verdict).toBe('inconclusive');
  });

  it.each([
    { title: 'no metrics', changes: { samples: measured().samples } },
    { title: 'fewer minutes than unknowns', changes: measured({ windows: 3, restMinutes: 1 }) },
  ])('says nothing with $title', ({ changes }) => {
    expect(ledgerOf(at(changes))).toBeUndefined();
    expect(judge(at(changes)).verdict).toBe('inconclusive');
  });
});

const refused = {
  name: 'GET /x',
  status: 503,
  layer: 'cosmos',
  code: 'cosmos_throttled',
  external: '',
  byApp: true,
  retried: false,
  count: 400,
};
const rowNamed = (name: string, changes: Changes) => judge(at(changes)).judgements.find((judgement) => judgement.name === name);

const atRest = { idleRuPerSecond: 0 };

describe('judging RU', () => {
  it.each([
    { title: 'in budget', changes: { samples: charged(60), server: atRest }, verdict: 'pass' },
    {
      title: 'in budget, but for what nobody measured at rest',
      changes: { samples: charged(60) },
      verdict: 'inconclusive',
      reason: /and what the store costs at rest, which no metrics of the minutes before the load told/,
    },
    {
      title: 'over half the budget',
      changes: { samples: charged(60), wanted: { budgetRuPerSecond: 200 } },
      verdict: 'fail',
      reason: '260 ± 0 RU/s at the target rate are over the budget of 200',
    },
    {
      title: 'in budget, but for a journey that never passed',
      changes: {
        samples: charged(60),
        server: atRest,
        wanted: { targetIterations: { ...wanted.targetIterations, reviews: 2 } },
      },
      verdict: 'inconclusive',
      reason: /, without reviews, of which none passed: nobody knows what it costs$/,
    },
    {
      title: 'on the budget',
      changes: { samples: charged(60), server: atRest, wanted: { budgetRuPerSecond: 260 } },
      verdict: 'pass',
    },
    {
      title: 'too near to tell',
      changes: { samples: charged(60, 20), wanted: { budgetRuPerSecond: 262 } },
      verdict: 'inconclusive',
      reason: /too close to the budget/,
    },
    { title: 'unknown', changes: {}, verdict: 'inconclusive', reason: /passes no charges through, or not all, and the metrics/ },
    {
      title: 'told by half of the targets alone',
      changes: { samples: { ...charged(30), journeys: charged(60).journeys } },
      verdict: 'inconclusive',
      reason: /passes no charges through, or not all/,
    },
    {
      title: 'unknown for a reason',
      changes: { server: { missing: 'the daily cap of ingestion was reached' } },
      verdict: 'inconclusive',
      reason: /daily cap/,
    },
  ])('projects the mix at the target rate: $title', ({ changes, verdict, reason }) => {
    const row = rowNamed('RU/s at the target rate', changes);
    expect(row?.verdict).toBe(verdict);
    if (reason) expect(row?.reason).toMatch(reason);
  });

  it.each([
    { title: 'in its budget', budget: 97, verdict: 'pass' },
    { title: 'over its budget', budget: 90, verdict: 'fail', reason: 'checkout costs 96 RU, over its budget of 90 RU' },
  ])('gates a journey $title', ({ budget, verdict, reason }) => {
    const row = rowNamed('checkout RU', { samples: charged(60), wanted: { budgetRuPerJourney: { checkout: budget } } });
    expect(row).toMatchObject({ verdict, limit: budget, value: 96, ...(reason ? { reason } : {}) });
  });

  it('is inconclusive about a journey that ran once, however cheap', () => {
    const row = rowNamed('checkout RU', { samples: charged(1), wanted: { budgetRuPerJourney: { checkout: 900 } } });
    expect(row).toMatchObject({ verdict: 'inconclusive', reason: 'checkout RU: one sample tells no interval' });
  });

  it('is inconclusive about a journey that never ran', () => {
    const row = rowNamed('cart RU', { samples: charged(60), wanted: { budgetRuPerJourney: { cart: 9 } } });
    expect(row).toMatchObject({ verdict: 'inconclusive', reason: 'cart RU: no samples' });
  });

  it.each([
    { title: 'few', throttled: 49, all: 1_000, verdict: 'pass' },
    { title: 'on the bound', throttled: 50, all: 1_000, verdict: 'fail', reason: /^Cosmos 429s 5 % \(50 of 1,000/ },
    { title: 'of too few', throttled: 0, all: 19, verdict: 'inconclusive', reason: /^Cosmos 429s: 19 answers/ },
  ])("holds Cosmos DB's 429s to the bound of the health model: $title", ({ throttled, all, verdict, reason }) => {
    const row = rowNamed('Cosmos 429s', { samples: charged(60), server: { cosmosAnswers: { throttled, all } } });
    expect(row).toMatchObject({ verdict, limit: thresholds.cosmosThrottled.degradedAt, source: 'Azure Monitor' });
    if (reason) expect(row?.reason).toMatch(reason);
  });

  it('fails with the 429s put down to Cosmos DB first', () => {
    const seconds = [
      { atMs: startMs, requests: 60, failed: 0, p50Ms: 9, p95Ms: 40 },
      { atMs: startMs + 1000, requests: 60, failed: 9, p50Ms: 9, p95Ms: 900, throttleRetries: 30 },
    ];
    const changes = { samples: { ...charged(60), failed: 400, refusals: [refused], throttleRetries: 30, seconds } };
    const verdict = judge(at(changes));
    expect(verdict.verdict).toBe('fail');
    expect(verdict.reasons[0]).toBe(
      'Cosmos DB throttled 400 of 3,600 requests (429, 11.1 %; 30 retries, p95 900 ms while it retried)',
    );
    expect(verdict.ru).toMatchObject({ throttleRetries: 30, retryP95Ms: 900, calmP95Ms: 40 });
  });
});
