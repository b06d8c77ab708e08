import { describe, expect, it } from 'vitest';
import { judge } from '../../load/verdict/judge.ts';
import type { Control, Move, Refusal } from '../../load/verdict/observation.ts';
import type { Verdict } from '../../load/verdict/verdict.ts';
import { type Changes, observed } from './sample-load.ts';

const start = Date.UTC(2026, 0, 5);
const at = (second: number) => start + second * 1_000;

interface Second {
  readonly requests?: number;
  readonly failed?: number;
  readonly refusals?: readonly Refusal[];
  readonly p95Ms?: number;
  /** Answers by stamp. */
  readonly served?: Readonly<Record<string, number>>;
}

interface Row {
  readonly title: string;
  /** What a second looked like; default: 60 requests without a fault. */
  readonly second?: (second: number) => Second;
  readonly control?: Partial<Control> | undefined;
  readonly changes?: Changes;
  readonly verdict: Verdict;
  readonly reason?: string | RegExp;
}

/** A minute of seconds as a row wants them. */
function runOf(scenario: string, moves: readonly Move[], usual: (second: number) => Second, row: Row) {
  const all = Array.from({ length: 60 }, (_, n) => ({ requests: 60, failed: 0, p95Ms: 41, ...usual(n), ...row.second?.(n) }));
  // A second in which nothing was answered has no samples.
  const seconds = all.flatMap(({ requests, failed, p95Ms }, n) =>
    requests === 0 ? [] : [{ atMs: at(n), requests, failed, p50Ms: 20, p95Ms }],
  );
  const mixSeconds = all.map(({ requests, served }, n) => ({
    atMs: at(n),
    requests: { browse: requests },
    ...(served ? { served } : {}),
  }));
  const { changes = {} } = row;
  const run = observed({
    ...changes,
    wanted: { scenario, ...changes.wanted },
    samples: {
      requests: 3_600,
      failed: all.reduce((sum, { failed }) => sum + failed, 0),
      seconds,
      mixSeconds,
      failureSeconds: all.flatMap(({ failed, refusals = [] }, n) =>
        failed === 0 ? [] : [{ atMs: at(n), failed, unanswered: {}, refusals }],
      ),
      ...changes.samples,
    },
  });
  const control = { moves, timeScale: 60, notPutBack: [], ...row.control };
  return 'control' in row && row.control === undefined ? run : { ...run, control };
}

function check(scenario: string, moves: readonly Move[], usual: (second: number) => Second, rows: readonly Row[]) {
  it.each(rows)('$title', (row) => {
    const verdict = judge(runOf(scenario, moves, usual, row));
    expect([verdict.verdict, verdict.reasons[0]]).toEqual([
      row.verdict,
      row.reason === undefined ? undefined : typeof row.reason === 'string' ? row.reason : expect.stringMatching(row.reason),
    ]);
  });
}

const loud = { generator: { coresUsed: 1.9 } };

describe('swap', () => {
  const swap: Move = { name: 'swap', detail: 'swap of westeurope with staging', askedAtMs: at(20), endedAtMs: at(23) };
  const with503 = {
    name: 'GET /api/search',
    status: 500,
    layer: '',
    code: '',
    external: '',
    byApp: true,
    retried: false,
    count: 1,
  };
  const gone = { ...with503, name: 'DELETE /api/carts/{id}', status: 404 };
  check('swap', [swap], () => ({}), [
    { title: 'passes a good build', verdict: 'pass' },
    { title: 'passes what failed before it was asked for', second: (n) => ({ failed: n === 5 ? 2 : 0 }), verdict: 'pass' },
    {
      title: 'fails one request dropped while it ran',
      second: (n) => ({ failed: n === 21 ? 1 : 0 }),
      verdict: 'fail',
      reason: 'the swap dropped 1 of 2,400 requests (1 while it ran, 0 under the new build)',
    },
    {
      title: 'fails one dropped, though as many were meant to fail before',
      second: (n) => (n === 5 ? { failed: 1, refusals: [gone] } : n === 21 ? { failed: 1, refusals: [with503] } : {}),
      changes: { samples: { refusals: [gone, with503] } },
      verdict: 'fail',
      reason: /^the swap dropped 1 /,
    },
    {
      title: 'passes what was meant to fail after it',
      second: (n) => (n === 30 ? { failed: 1, refusals: [gone] } : {}),
      changes: { samples: { refusals: [gone] } },
      verdict: 'pass',
    },
    {
      title: 'fails one in the middle of which nobody was answered',
      second: (n) => (n > 20 && n < 25 ? { requests: 0 } : {}),
      verdict: 'fail',
      reason: /^during the swap: /,
    },
    {
      title: 'fails one dropped in the second in which it was asked for',
      second: (n) => ({ failed: n === 20 ? 1 : 0 }),
      verdict: 'fail',
      reason: /^the swap dropped 1 /,
    },
    {
      title: 'names the route on which the new build fails',
      second: (n) => ({ failed: n >= 23 ? 3 : 0 }),
      changes: { samples: { refusals: [with503] } },
      verdict: 'fail',
      reason: 'the swap dropped 111 of 2,400 requests (0 while it ran, 111 under the new build; mostly GET /api/search: 500)',
    },
    {
      title: 'names a new build that is slow, and what was before',
      second: (n) => ({ p95Ms: n >= 23 ? 430 : 41 }),
      verdict: 'fail',
      reason: 'after the swap: latency p95 430 ms is over 200 ms (before it: p95 41 ms)',
    },
    {
      title: 'names shoppers who waited while it ran',
      second: (n) => ({ p95Ms: n >= 19 && n < 24 ? 900 : 41 }),
      verdict: 'fail',
      reason: 'during the swap: latency p95 900 ms is over 200 ms',
    },
    {
      title: "doesn't blame the build for a saturated generator",
      second: (n) => ({ p95Ms: n >= 23 ? 430 : 41 }),
      changes: loud,
      verdict: 'inconclusive',
      reason: /^after the swap: .*but the generator was saturated/,
    },
    {
      title: 'fails one that Azure stopped, with its reason',
      control: { moves: [{ ...swap, failed: 'swap of staging stopped: warm-up answered 500' }] },
      verdict: 'fail',
      reason: 'swap stopped: swap of staging stopped: warm-up answered 500',
    },
    {
      title: 'fails one that took longer than Azure lets it',
      control: { moves: [{ ...swap, endedAtMs: at(31) }] },
      verdict: 'fail',
      reason: 'the swap took 11 s, limit 10 s',
    },
    { title: 'is inconclusive where k6 ran alone', control: undefined, verdict: 'inconclusive', reason: /^nothing was done/ },
    {
      title: 'is inconclusive where the run ended first',
      control: { moves: [] },
      verdict: 'inconclusive',
      reason: 'the run ended before all was done: swap',
    },
    {
      title: 'fails one that was still under way when the load ended',
      control: { moves: [{ ...swap, endedAtMs: at(61) }] },
      changes: { samples: { lastAtMs: at(59) } },
      verdict: 'fail',
      reason: /^the swap took 41 s/,
    },
    {
      title: 'fails what is not put back',
      control: { notPutBack: ['swap of westeurope with staging: refused'] },
      verdict: 'fail',
      reason: 'not put back: swap of westeurope with staging: refused (npm run restore)',
    },
  ]);
});

describe('failover', () => {
  const moves: readonly Move[] = [
    { name: 'weu leaves', detail: '', askedAtMs: at(15), endedAtMs: at(16), gone: ['a'], weights: [{ b: 75, c: 25 }] },
    { name: 'weu returns', detail: '', askedAtMs: at(38), endedAtMs: at(39), weights: [{ a: 50 }, { b: 75, c: 25 }] },
  ];
  const both = { a: 30, b: 22, c: 8 };
  const away = { b: 45, c: 15 };
  const usual = (n: number) => ({ served: n < 17 || n >= 40 ? both : away });
  const whileAway = (second: Second) => (n: number) => (n >= 17 && n < 38 ? second : {});
  check('failover', moves, usual, [
    { title: 'passes when the others carry it, 75/25', verdict: 'pass' },
    {
      title: 'passes when two regions of half each become one',
      second: (n) => ({ served: n < 17 || n >= 40 ? { a: 30, b: 30 } : { b: 60 } }),
      control: { moves: moves.map((move) => ({ ...move, weights: [{ b: 50 }] })) },
      verdict: 'pass',
    },
    {
      title: 'passes 50/50 where the weights say so',
      second: whileAway({ served: { b: 31, c: 29 } }),
      control: { moves: moves.map((move) => ({ ...move, weights: [{ b: 50, c: 50 }] })) },
      verdict: 'pass',
    },
    {
      title: 'fails shares that are not those of the weights',
      second: whileAway({ served: { b: 30, c: 30 } }),
      verdict: 'fail',
      reason: 'while it is away: share of b is 50.0 % instead of 75.0 % (± 5.0)',
    },
    {
      title: 'fails what the others refuse',
      second: whileAway({ failed: 3, served: { b: 42, c: 15, '': 3 } }),
      verdict: 'fail',
      reason: 'the others carried 95 % of the traffic, not all of it',
    },
    {
      title: 'fails objectives that the others miss',
      second: whileAway({ p95Ms: 340 }),
      verdict: 'fail',
      reason: 'while it is away: latency p95 340 ms is over 200 ms',
    },
    {
      title: 'fails a region that goes on serving',
      second: whileAway({ served: both }),
      verdict: 'fail',
      reason: 'the region went on serving until the end, though it was taken out',
    },
    {
      title: 'fails others that take over too late',
      second: (n) => (n >= 17 && n < 27 ? { served: both } : {}),
      verdict: 'fail',
      reason: 'the others took over after 12 s, limit 10 s',
    },
    {
      title: 'is inconclusive about a region that was watched for less than Front Door may take',
      second: () => ({ served: both }),
      control: { moves: [moves[0] as Move, { ...moves[1], askedAtMs: at(22), endedAtMs: at(23) } as Move] },
      verdict: 'inconclusive',
      reason:
        /^the region went on serving until the end, though it was taken out, but Front Door may take 10 s and was watched for 7 s$/,
    },
    {
      title: 'fails too many errors in the gap',
      second: (n) => ({ failed: n === 15 || n === 16 ? 8 : 0 }),
      verdict: 'fail',
      reason: 'errors in the gap 8.9 % are over 5 % (16 of 180 requests)',
    },
    {
      title: 'fails a region that serves no more once it is back',
      second: (n) => (n >= 40 ? { served: away } : {}),
      verdict: 'fail',
      reason: 'after it is back, the region serves 0 %, before it left 50 %',
    },
    {
      title: 'is inconclusive where the region had nothing to carry',
      second: (n) => (n < 17 ? { served: away } : {}),
      verdict: 'inconclusive',
      reason: 'before it left: a served 0 %, so that there was nothing to carry',
    },
    {
      title: 'is inconclusive where nobody said who served',
      second: () => ({ served: {} }),
      verdict: 'inconclusive',
      reason: 'before it left: 0 samples are too few, so that there was nothing to carry',
    },
    {
      title: 'is inconclusive where the run ended before it was back',
      control: { moves: moves.slice(0, 1) },
      second: (n) => (n >= 40 ? { served: away } : {}),
      verdict: 'inconclusive',
      reason: /^the run ended before all was done/,
    },
    {
      title: 'fails where Front Door refuses to take it out',
      control: { moves: [{ ...moves[0], failed: '403' } as Move] },
      verdict: 'fail',
      reason: 'weu leaves stopped: 403',
    },
  ]);
});

describe('shift', () => {
  const weightsOf = (percent: number) => ({ green: percent * 10, blue: 1_000 - percent * 10 });
  const step = (percent: number, second: number): Move => ({
    name: `shift to ${percent} %`,
    detail: '',
    askedAtMs: at(second),
    endedAtMs: at(second + 1),
    ...(percent === 100 ? { gone: ['blue'] } : { weights: [weightsOf(percent)] }),
  });
  const moves = [step(10, 6), step(50, 24), step(100, 42)];
  const usual = (n: number) => {
    const green = n < 7 ? 0 : n < 25 ? 6 : n < 43 ? 30 : 60;
    return { served: { green, blue: 60 - green } };
  };
  const from = (second: number, what: Second) => (n: number) => (n >= second ? what : {});
  check('shift', moves, usual, [
    { title: 'passes when each step gets its share', verdict: 'pass' },
    {
      title: 'passes edges that learn of it within half a step',
      second: (n) => (n >= 25 && n < 32 ? { served: { green: 6, blue: 54 } } : {}),
      verdict: 'pass',
    },
    {
      title: 'fails a step without its share',
      second: (n) => (n >= 25 && n < 43 ? { served: { green: 6, blue: 54 } } : {}),
      verdict: 'fail',
      reason: 'shift to 50 %: share of green is 10.0 % instead of 50.0 % (± 6.5)',
    },
    {
      title: 'fails an old stamp that still serves at the end',
      second: from(43, { served: { green: 58, blue: 2 } }),
      verdict: 'fail',
      reason: 'shift to 100 %: blue still serve 3.3 %',
    },
    {
      title: 'fails a new stamp that is slow under half of the traffic',
      second: from(25, { p95Ms: 300 }),
      verdict: 'fail',
      reason: 'in shift to 50 %: latency p95 300 ms is over 200 ms',
    },
    {
      title: 'fails a new stamp that fails under a tenth of it',
      second: from(7, { failed: 2 }),
      verdict: 'fail',
      reason: 'in shift to 10 %: errors 3.1 % are over 1 %',
    },
    {
      title: 'is inconclusive where the run ended after the first step',
      control: { moves: moves.slice(0, 1) },
      second: from(25, { served: { green: 6, blue: 54 } }),
      verdict: 'inconclusive',
      reason: 'the run ended before all was done: shift to 50 %, shift to 100 %',
    },
    {
      title: 'is inconclusive about a step that was cut short',
      second: (n) => (n >= 25 ? { served: { green: 6, blue: 54 } } : {}),
      control: { moves: [moves[0] as Move, { ...moves[1], askedAtMs: at(52), endedAtMs: at(53) } as Move] },
      changes: { generator: { interrupted: true } },
      verdict: 'inconclusive',
      reason: /^interrupted before its end/,
    },
    {
      title: 'is inconclusive with too few answers in a step',
      second: (n) => (n >= 33 && n < 43 ? { served: { green: 2, blue: 2 } } : {}),
      verdict: 'inconclusive',
      reason: 'shift to 50 %: share of green: 36 samples are too few',
    },
  ]);
});
