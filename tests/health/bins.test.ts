import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Bins, binOf, Passed } from '../../health/bins.ts';
import { type BinState, binsUpTo, standingOf, standingUpTo } from '../../health/standing.ts';
import type { Seen } from '../../health/window.ts';

const minuteMs = 60_000;
const day = Date.UTC(2026, 10, 23);

const failed = (id: string, atMs: number): Seen => ({
  id,
  atMs,
  durationMs: 3.25,
  outcome: 'failed',
  inconclusive: false,
  firstAttemptFailed: true,
});

const shown = ({ id, atMs, durationMs, outcome, inconclusive, firstAttemptFailed }: Seen) =>
  JSON.stringify([id, atMs, durationMs, outcome, inconclusive, firstAttemptFailed]);

const drawn = fc.array(
  fc.record({
    id: fc.constantFrom('00f067aa0ba902b7', 'ffffffffffffffff', '0000000000000001', '8000000080000000', 'a-name'),
    minute: fc.integer({ min: 0, max: 150 }),
    ms: fc.integer({ min: 0, max: minuteMs - 1 }),
    durationMs: fc.double({ min: 0, max: 30_000, noNaN: true }),
    hasPassed: fc.boolean(),
  }),
  { maxLength: 80 },
);

describe('bins of a pair', () => {
  it.each([1, 10])('of %i minutes hold what a list of each would, until it is forgotten', (minutes) => {
    const binMs = minutes * minuteMs;
    fc.assert(
      fc.property(drawn, fc.integer({ min: 0, max: 150 }), (results, forgotten) => {
        const bins = new Bins(binMs);
        const lists = new Map<number, Seen[]>();
        for (const { id, minute, ms, durationMs, hasPassed } of results) {
          const atMs = day + minute * binMs + ms;
          const seen = hasPassed ? new Passed(id, atMs, durationMs) : failed(id, atMs);
          const list = lists.get(binOf(atMs, binMs)) ?? [];
          const isNew = !list.some((known) => known.id === id);
          if (isNew) lists.set(binOf(atMs, binMs), [...list, seen]);
          const latest = Math.max(...lists.keys());
          // As a monitor does each round; in between nothing is older than what is kept.
          for (const start of lists.keys()) if (start < latest - 61 * binMs) lists.delete(start);
          const isOld = binOf(atMs, binMs) < latest - 61 * binMs;
          expect(bins.add(seen) || isOld).toBe(isNew || isOld);
          bins.forgetBefore(latest - 61 * binMs);
        }
        const from = day + forgotten * binMs;
        for (const start of lists.keys()) if (start < from) lists.delete(start);
        expect(bins.forgetBefore(from)).toBe(lists.size > 0);
        expect(bins.starts().sort()).toEqual([...lists.keys()].sort());
        for (const [start, list] of lists) {
          expect(bins.has(start)).toBe(true);
          expect(bins.get(start)?.map(shown).sort()).toEqual(list.map(shown).sort());
          expect(bins.isPlain(start) && list.some(({ outcome }) => outcome !== 'passed')).toBe(false);
        }
        expect(bins.all()).toHaveLength([...lists.values()].flat().length);
      }),
      { numRuns: 300 },
    );
  });

  it('stand as all of them say, though mostly the last are enough', () => {
    const states = fc.array(fc.constantFrom<BinState>('good', 'bad', 'unknown'), { minLength: 60, maxLength: 60 });
    const rule = fc.constantFrom(
      { open: { failures: 3, of: 5 }, close: { passes: 3, of: 5 } },
      { open: { failures: 1, of: 1 }, close: { passes: 1, of: 1 } },
      { open: { failures: 5, of: 5 }, close: { passes: 4, of: 8 } },
    );
    const nowMs = day + 59 * minuteMs + 1;
    fc.assert(
      fc.property(states, rule, (all, each) => {
        const stateOf = (startMs: number) => all[(startMs - day) / minuteMs] ?? 'unknown';
        expect(standingUpTo(nowMs, minuteMs, stateOf, each)).toEqual(standingOf(binsUpTo(nowMs, minuteMs, stateOf), each));
      }),
      { numRuns: 500 },
    );
  });
});
