import { describe, expect, test } from 'vitest';
import { columnMs, History, historyMs } from '../../pages/status/history.ts';
import { aResult } from '../support/results.ts';

const now = Date.UTC(2026, 10, 23, 14, 5);
const current = Math.floor(now / columnMs) * columnMs;
let made = 0;
const ranAt = (atMs: number, durationMs: number, journey = 'cart') =>
  aResult(made++, { journey, startedAt: new Date(atMs).toISOString(), durationMs });
const pairs = ['cart@westeurope', 'browse@westeurope', 'cart@nowhere'];

describe('hours as the page keeps them', () => {
  test('are as they were once their times are no longer kept, and late results still count', () => {
    const history = new History();
    const [old, before] = [current - 3 * columnMs, current - columnMs];
    history.add([...[10, 20, 30].map((ms) => ranAt(old, ms)), ranAt(before, 40), ranAt(now, 50, 'browse')]);
    const first = history.columnsOf(pairs, now);
    expect(first[old]).toEqual({ outcomes: 'p--', p95: [30, null, null] });
    // The first round after them may still bring some; the second settles them.
    history.prune(now);
    history.prune(now);
    expect(history.columnsOf(pairs, now)).toEqual(first);
    history.add([ranAt(old, 999, 'browse'), { ...ranAt(old, 5), outcome: 'failed' }, ranAt(before, 70)]);
    const late = history.columnsOf(pairs, now);
    expect(late[old]).toEqual({ outcomes: 'sp-', p95: [30, null, null] });
    expect(late[before]).toEqual({ outcomes: 'p--', p95: [70, null, null] });
    expect(history.uptimePercent('cart@westeurope')).toBeCloseTo((100 * 5) / 6);
    expect(history.uptimePercent('cart@nowhere')).toBeUndefined();
  });

  test('are drawn anew only where something came, and for other pairs', () => {
    const history = new History();
    history.add([ranAt(current - columnMs, 10), ranAt(now, 20)]);
    const first = history.columnsOf(pairs, now);
    history.add([ranAt(now, 30)]);
    const second = history.columnsOf(pairs, now);
    expect(second[current - columnMs]).toBe(first[current - columnMs]);
    expect(second[current]).toEqual({ outcomes: 'p--', p95: [30, null, null] });
    expect(history.columnsOf(pairs.toReversed(), now)[current]).toEqual({ outcomes: '--p', p95: [null, null, 30] });
  });

  test('are forgotten after six', () => {
    const history = new History();
    history.add([ranAt(now - historyMs, 10), ranAt(now, 20)]);
    history.prune(now + columnMs);
    expect(history.uptimePercent('cart@westeurope')).toBe(100);
    expect(Object.values(history.columnsOf(pairs, now + columnMs)).filter(({ outcomes }) => outcomes !== '---')).toHaveLength(1);
  });
});
