import { describe, expect, test } from 'vitest';
import { createMetricsStore, type MetricsStore } from '../../../fixtures/contoso/azure/monitor/metrics-store.ts';
import { createClock, minuteMs } from '../../../fixtures/contoso/clock.ts';
import { clock } from '../azure-control/support.ts';

const plan = { namespace: 'Microsoft.Web/serverfarms', resourceId: '/plans/a', metric: 'CpuPercentage' } as const;
const account = { namespace: 'Microsoft.DocumentDB/databaseAccounts', resourceId: '/accounts/a' } as const;

/** A store at a whole hour of control-plane time, and a minute counted from there. */
function storeAt(timeScale = 60) {
  const hand = clock(timeScale);
  const control = createClock(hand);
  const store = createMetricsStore(control);
  const start = Math.ceil(control.now() / 3_600_000) * 3_600_000;
  const minute = (n: number) => start + n * minuteMs;
  return { store, minute, at: (n: number) => hand.pass((control.wallTime(minute(n)) - hand.now()) / 1_000) };
}

const values = (store: MetricsStore, query: Parameters<MetricsStore['query']>[0]) =>
  store
    .query(query)
    .flatMap(({ points }) => points.map(({ sums }) => sums && [sums.total, sums.count, sums.minimum, sums.maximum]));

describe('a bucket', () => {
  test('holds total, count, minimum and maximum of a minute', () => {
    const { store, minute, at } = storeAt();
    for (const value of [10, 40, 25]) store.record(plan, value, { Instance: 'a' }, minute(0) + 1);
    at(10);
    expect(values(store, { ...plan, from: minute(0), to: minute(1), intervalMs: minuteMs })).toEqual([[75, 3, 10, 40]]);
  });

  // Source: REST example of Metrics - List 2024-02-01: a bucket without data has only its timeStamp.
  test('without a sample has a time and nothing else', () => {
    const { store, minute, at } = storeAt();
    store.record(plan, 5, { Instance: 'a' }, minute(0));
    store.record(plan, 7, { Instance: 'a' }, minute(2));
    at(10);
    const [series] = store.query({ ...plan, from: minute(0), to: minute(4), intervalMs: minuteMs });
    expect(series?.points.map((point) => Object.keys(point).join())).toEqual(['at,sums', 'at', 'at,sums', 'at']);
    expect(series?.points.map((point) => point.at)).toEqual([0, 1, 2, 3].map(minute));
  });

  test.each([
    ['at its first millisecond', 0, 0],
    ['at its last', minuteMs - 1, 0],
    ['at the next one’s first', minuteMs, 1],
  ])('takes a sample %s', (_when, offset, bucket) => {
    const { store, minute, at } = storeAt();
    store.record(plan, 1, {}, minute(0) + offset);
    at(10);
    const found = values(store, { ...plan, from: minute(0), to: minute(2), intervalMs: minuteMs });
    expect(found.findIndex(Boolean)).toBe(bucket);
  });

  test('takes a sample that comes late, between others', () => {
    const { store, minute, at } = storeAt();
    for (const n of [0, 2, 1, 0]) store.record(plan, n + 1, {}, minute(n));
    at(10);
    expect(values(store, { ...plan, from: minute(0), to: minute(3), intervalMs: minuteMs })).toEqual([
      [2, 2, 1, 1],
      [2, 1, 2, 2],
      [3, 1, 3, 3],
    ]);
  });

  test('of five minutes merges its minutes, aligned to the clock', () => {
    const { store, minute, at } = storeAt();
    for (const n of [3, 4, 5, 6]) store.record(plan, n, {}, minute(n));
    at(20);
    expect(values(store, { ...plan, from: minute(3), to: minute(10), intervalMs: 5 * minuteMs })).toEqual([
      [7, 2, 3, 4],
      [11, 2, 5, 6],
    ]);
  });

  // Source: Cosmos DB monitoring data reference: ProvisionedThroughput has a grain of five minutes.
  test('of a five-minute metric starts every five minutes', () => {
    const { store, minute, at } = storeAt();
    const metric = { ...account, metric: 'ProvisionedThroughput' };
    for (const n of [0, 1, 4]) store.record(metric, 400 + n, { DatabaseName: 'd', CollectionName: 'c' }, minute(n));
    at(20);
    expect(values(store, { ...metric, from: minute(0), to: minute(5), intervalMs: 5 * minuteMs })).toEqual([
      [1_205, 3, 400, 404],
    ]);
  });
});

// Source: "Log data ingestion time in Azure Monitor": platform metrics arrive within a minute; ours take all of it.
describe('delay', () => {
  test.each([
    ['before its minute is over', 0.5, false],
    ['when it is over', 1, false],
    ['a moment before a minute later', 1.99, false],
    ['a minute later', 2.01, true],
  ])('a point is not there %s', (_when, minutes, there) => {
    const { store, minute, at } = storeAt();
    store.record(plan, 50, {}, minute(0));
    at(minutes);
    expect(values(store, { ...plan, from: minute(0), to: minute(1), intervalMs: minuteMs }).map(Boolean)).toEqual([there]);
  });

  test.each([
    ['real time', 1, 120],
    ['sixty-fold', 60, 2],
    ['six-hundred-fold', 600, 0.2],
  ])('passes in control-plane time: %s', (_name, timeScale, realSeconds) => {
    const hand = clock(timeScale);
    const control = createClock(hand);
    const store = createMetricsStore(control);
    const from = Math.floor(control.now() / minuteMs) * minuteMs;
    store.record(plan, 1, {}, from);
    const isThere = () => values(store, { ...plan, from, to: from + minuteMs, intervalMs: minuteMs }).some(Boolean);
    hand.pass((control.wallTime(from) - hand.now()) / 1_000 + realSeconds - 0.01);
    expect(isThere()).toBe(false);
    hand.pass(0.02);
    expect(isThere()).toBe(true);
  });
});

describe('dimensions', () => {
  const requests = { ...account, metric: 'TotalRequests' } as const;
  const filled = () => {
    const made = storeAt();
    const rows = [
      ['westeurope', '200', 3],
      ['westeurope', '429', 1],
      ['eastus', '200', 2],
    ] as const;
    for (const [Region, StatusCode, times] of rows)
      for (let i = 0; i < times; i += 1) made.store.record(requests, 1, { Region, StatusCode, Unknown: 'x' }, made.minute(0));
    made.at(10);
    return { ...made, span: { from: made.minute(0), to: made.minute(1), intervalMs: minuteMs } };
  };
  const counts = (store: MetricsStore, query: Parameters<MetricsStore['query']>[0]) =>
    store.query(query).map(({ dimensions, points }) => [Object.values(dimensions).join(), points[0]?.sums?.count]);

  test('are merged unless a query splits them', () => {
    const { store, span } = filled();
    expect(counts(store, { ...requests, ...span })).toEqual([['', 6]]);
    expect(counts(store, { ...requests, ...span, by: ['Region'] })).toEqual([
      ['westeurope', 4],
      ['eastus', 2],
    ]);
    expect(counts(store, { ...requests, ...span, by: ['StatusCode'] })).toEqual([
      ['200', 5],
      ['429', 1],
    ]);
  });

  test('filter what is merged', () => {
    const { store, span } = filled();
    expect(counts(store, { ...requests, ...span, where: ({ StatusCode }) => StatusCode === '429' })).toEqual([['', 1]]);
  });

  test('that the metric doesn’t have are not kept', () => {
    const { store, span } = filled();
    const [series] = store.query({ ...requests, ...span, by: ['Unknown'] });
    expect(series?.dimensions).toEqual({ Unknown: '' });
  });
});

test('a metric that Azure doesn’t publish is refused', () => {
  const { store } = storeAt();
  expect(() => store.record({ ...plan, metric: 'CpuPercent' }, 1)).toThrow('Microsoft.Web/serverfarms has no metric CpuPercent');
});

test('a metric without a sample has no series', () => {
  const { store, minute } = storeAt();
  expect(store.query({ ...plan, from: minute(0), to: minute(1), intervalMs: minuteMs })).toEqual([]);
});

test('memory is bounded: the newest three days of minutes stay', () => {
  const { store, minute, at } = storeAt();
  const minutes = 10_000;
  for (let n = 0; n < minutes; n += 1) store.record(plan, n, {}, minute(n));
  at(minutes + 10);
  const kept = values(store, { ...plan, from: minute(0), to: minute(minutes), intervalMs: minuteMs }).filter(Boolean);
  expect(kept.length).toBeGreaterThanOrEqual(3 * 24 * 60);
  expect(kept.length).toBeLessThanOrEqual(3 * 24 * 60 * 1.1 + 1);
  expect(kept.at(-1)).toEqual([minutes - 1, 1, minutes - 1, minutes - 1]);
});
