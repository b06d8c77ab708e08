import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lookbackBins, minuteMs } from '../../health/bins.ts';
import { type Bin, type BinState, binState, binsUpTo, standingOf } from '../../health/standing.ts';
import { ResultWindow } from '../../health/window.ts';
import { day, environmentWith, type Meets, resultAt } from './day.ts';

const states: Readonly<Record<string, BinState>> = { g: 'good', B: 'bad', '.': 'unknown' };
const binsOf = (text: string): Bin[] => [...text].map((letter, i) => ({ startMs: i, state: states[letter] ?? 'unknown' }));
const rule = { open: { failures: 3, of: 5 }, close: { passes: 4, of: 5 } };

/** bins, oldest first; state; opening bin */
const rows: readonly (readonly [bins: string, state: 'open' | 'closed' | 'undecided', since?: number])[] = [
  ['', 'undecided'],
  ['ggggg', 'closed'],
  ['gggg', 'closed'],
  ['ggg', 'undecided'],
  ['gggggBB', 'closed'],
  ['gggggBBB', 'open', 5],
  ['gggggBgBgB', 'open', 5],
  ['gggggBgBggB', 'closed'],
  ['gggggBggBggBgg', 'closed'],
  ['gggggBBBggg', 'open', 5],
  ['gggggBBBgggg', 'closed'],
  ['gggggBBB.....', 'open', 5],
  ['gggggBBB..........gggg', 'closed'],
  ['BBB', 'open', 0],
  ['.B.B.', 'undecided'],
  ['.B.B.B', 'open', 1],
  ['ggggBBBBBBBBBBBBggg', 'open', 4],
  ['.....', 'undecided'],
  ['BBBggggggBBB', 'open', 9],
];

describe('n of m bins', () => {
  it.each(rows.map(([text, state, since]) => ({ text, state, since })))('of [$text] are $state', ({ text, state, since }) => {
    const standing = standingOf(binsOf(text), rule);
    expect(standing).toEqual(since === undefined ? { state } : { state, sinceMs: since });
  });

  const letters = fc.string({ unit: fc.constantFrom('g', 'B', '.'), maxLength: lookbackBins });
  const rules = fc
    .record({ failures: fc.integer({ min: 1, max: 5 }), passes: fc.integer({ min: 1, max: 5 }) })
    .filter(({ failures, passes }) => failures + passes > 5)
    .map(({ failures, passes }) => ({ open: { failures, of: 5 }, close: { passes, of: 5 } }));

  it('agrees with a machine that remembers', () => {
    fc.assert(
      fc.property(letters, rules, (text, drawn) => {
        let remembered: 'open' | 'closed' | 'undecided' = 'undecided';
        for (let end = 1; end <= text.length; end += 1) {
          const last = [...text.slice(Math.max(0, end - 5), end)];
          if (last.filter((each) => each === 'B').length >= drawn.open.failures) remembered = 'open';
          else if (last.filter((each) => each === 'g').length >= drawn.close.passes) remembered = 'closed';
        }
        expect(standingOf(binsOf(text), drawn).state).toBe(remembered);
      }),
    );
  });

  it('opens each time with another bad bin, and keeps it while open', () => {
    fc.assert(
      fc.property(letters, rules, (text, drawn) => {
        const openings: number[] = [];
        let wasOpen = false;
        for (let end = 1; end <= text.length; end += 1) {
          const standing = standingOf(binsOf(text.slice(0, end)), drawn);
          if (standing.state === 'open') {
            if (wasOpen) expect(standing.sinceMs).toBe(openings.at(-1));
            else openings.push(standing.sinceMs);
          }
          wasOpen = standing.state === 'open';
        }
        expect(openings.every((at, i) => text[at] === 'B' && at > (openings[i - 1] ?? -1))).toBe(true);
      }),
    );
  });
});

describe('bins', () => {
  it('leave out the current one until it says something', () => {
    const at = 100 * minuteMs + 30_000;
    const silent = binsUpTo(at, minuteMs, (start) => (start === 100 * minuteMs ? 'unknown' : 'good'));
    const heard = binsUpTo(at, minuteMs, () => 'bad');
    expect([silent.at(-1)?.startMs, heard.at(-1)?.startMs]).toEqual([99 * minuteMs, 100 * minuteMs]);
  });

  /** what the results of one bin met; its state */
  const contents: readonly (readonly [readonly Meets[], BinState])[] = [
    [[], 'unknown'],
    [['inconclusive'], 'unknown'],
    [['maintenance'], 'unknown'],
    [[undefined], 'good'],
    [[{ cause: 'http' }], 'bad'],
    [[{ cause: 'http' }, undefined], 'bad'],
    [[{ cause: 'http' }, undefined, undefined], 'good'],
    [[{ cause: 'http' }, 'inconclusive'], 'bad'],
  ];
  it.each(contents)('with %j are %s', (meets, state) => {
    const window = new ResultWindow(environmentWith());
    window.add(meets.map((each) => resultAt({ journey: 'cart', target: 'eastus', minute: 0 }, each)));
    expect(binState(window.pair('cart@eastus')?.bins.get(day))).toBe(state);
  });

  it('count an id once, in any order, half-open at their ends', () => {
    const check = { journey: 'cart', target: 'eastus', minute: 5 };
    const [last, next] = [resultAt(check, undefined, 59_999), resultAt(check, undefined, 60_000)];
    const window = new ResultWindow(environmentWith());
    window.add([next, last, next, last]);
    window.add([last]);
    const bins = window.pair('cart@eastus')?.bins;
    const sizes = (bins?.starts() ?? []).map((start) => [(start - day) / minuteMs, bins?.get(start)?.length]);
    expect(sizes.sort()).toEqual([
      [5, 1],
      [6, 1],
    ]);
  });

  it('forget what is out of sight, and know no slots', () => {
    const window = new ResultWindow(environmentWith());
    window.add([
      resultAt({ journey: 'cart', target: 'eastus', minute: 0 }, undefined),
      resultAt({ journey: 'cart', target: 'westeurope-staging', minute: 0 }, undefined),
    ]);
    expect(window.pairs().map(({ name }) => name)).toEqual(['cart@eastus']);
    window.prune(day + lookbackBins * 2 * minuteMs);
    expect(window.pairs()).toEqual([]);
  });

  it('are as wide as the journey runs apart', () => {
    const environment = environmentWith({ monitor: { everyMinutes: { cart: 10 } } });
    const window = new ResultWindow(environment);
    window.add([0, 10, 20].map((minute) => resultAt({ journey: 'cart', target: 'eastus', minute }, undefined)));
    expect(window.pair('cart@eastus')?.bins.starts()).toHaveLength(3);
    expect(window.pair('cart@eastus')?.binMs).toBe(600_000);
  });
});
