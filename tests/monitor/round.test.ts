import { describe, expect, test } from 'vitest';
import type { Ran } from '../../synthetics/monitor/attempts.ts';
import { askControls } from '../../synthetics/monitor/controls.ts';
import { Round } from '../../synthetics/monitor/round.ts';
import type { Cause, Outcome } from '../../synthetics/result.ts';
import { SimulatedClock, settled } from './clock.ts';
import { failed, passed } from './ran.ts';

const controls = ['https://one.example/', 'https://two.example/', 'https://three.example/'];

/** A round of which each check ends in turn; `down`: controls that can't be reached. */
async function roundOf(rans: readonly Ran[], { down = 0, of = 2 }: { down?: number; of?: number } = {}) {
  const seen: { outcome: Outcome; before: 'the end' | 'its end'; warnings: readonly string[] }[] = [];
  let isClosing = false;
  const clock = new SimulatedClock(0);
  const reach = (url: string) => Promise.resolve(controls.indexOf(url) >= down);
  const round = new Round(1, rans.length, askControls(controls.slice(0, of), clock, reach), ({ result }) =>
    seen.push({ outcome: result.outcome, before: isClosing ? 'the end' : 'its end', warnings: result.warnings }),
  );
  for (const ran of rans) {
    await round.settle(Promise.resolve(ran));
    await settled();
  }
  isClosing = true;
  return { summary: await round.close(), seen, outcomes: seen.map(({ outcome }) => outcome) };
}

describe('a fault of the probe', () => {
  test.each<Cause>(['dns', 'connect', 'tls', 'timeout'])('can be of cause %s', async (cause) => {
    const { outcomes, summary, seen } = await roundOf([failed(1, cause), failed(2, cause)], { down: 2 });
    expect(outcomes).toEqual(['inconclusive', 'inconclusive']);
    expect(summary).toMatchObject({ probeFault: true, inconclusive: 2, failed: 0, finished: 2 });
    expect(seen[0]?.warnings.at(-1)).toBe(
      "the fault is the probe's own: no target answered in this round, and 2 of 2 controls failed at the same time",
    );
  });

  test.each<Cause>(['http', 'throttled', 'assertion'])('is never of cause %s', async (cause) => {
    const { outcomes, summary } = await roundOf([failed(1, cause)], { down: 2 });
    expect(outcomes).toEqual(['failed']);
    expect(summary.probeFault).toBe(false);
  });

  test.each([
    { what: 'no controls', of: 0, down: 0, outcome: 'failed' },
    { what: 'one control, down', of: 1, down: 1, outcome: 'failed' },
    { what: 'two controls, none down', of: 2, down: 0, outcome: 'failed' },
    { what: 'two controls, one down: not most', of: 2, down: 1, outcome: 'failed' },
    { what: 'two controls, both down', of: 2, down: 2, outcome: 'inconclusive' },
    { what: 'three controls, one down', of: 3, down: 1, outcome: 'failed' },
    { what: 'three controls, two down', of: 3, down: 2, outcome: 'inconclusive' },
  ] as const)('$what: $outcome', async ({ of, down, outcome }) => {
    const { outcomes } = await roundOf([failed(1, 'connect'), failed(2, 'timeout')], { of, down });
    expect(outcomes).toEqual([outcome, outcome]);
  });

  test.each([
    { what: 'before', rans: [passed(1), failed(2, 'connect')] },
    { what: 'after', rans: [failed(2, 'connect'), passed(1)] },
    { what: 'with an error', rans: [failed(2, 'connect'), failed(1, 'http', true)] },
    { what: 'before it was silent', rans: [failed(2, 'connect'), failed(1, 'timeout', true)] },
  ])('is ruled out by a target that answers $what', async ({ rans }) => {
    const { outcomes, summary } = await roundOf(rans, { down: 2 });
    expect(outcomes).not.toContain('inconclusive');
    expect(outcomes).toContain('failed');
    expect(summary.probeFault).toBe(false);
  });

  test('keeps nobody waiting while the controls answer', async () => {
    const { seen } = await roundOf([failed(1, 'connect'), failed(2, 'connect')], { down: 0 });
    expect(seen.map(({ before }) => before)).toEqual(['its end', 'its end']);
  });

  test('holds results back only until a target answers', async () => {
    const { seen } = await roundOf([failed(1, 'connect'), passed(2), failed(3, 'connect')], { down: 2 });
    expect(seen.map(({ outcome, before }) => `${outcome} at ${before}`)).toEqual([
      'failed at its end',
      'passed at its end',
      'failed at its end',
    ]);
  });

  test('asks controls once for checks that fail together', async () => {
    let asked = 0;
    const clock = new SimulatedClock(0);
    const ask = askControls(controls, clock, () => Promise.resolve(++asked > 0));
    await Promise.all([ask(), ask(), ask()]);
    expect(asked).toBe(3);
    await clock.pass(5_001);
    await ask();
    expect(asked).toBe(6);
  });
});

describe('round', () => {
  test('counts outcomes, first attempts, and what was not started', async () => {
    const round = new Round(
      7,
      5,
      () => Promise.resolve({ mostFailed: false, seen: '' }),
      () => undefined,
    );
    const retried = passed(3);
    const first = { startedAt: retried.result.startedAt, durationMs: 1, outcome: 'failed' as const };
    const attempts = [first, ...retried.result.attempts];
    round.started(12);
    round.started(3);
    round.overruns += 1;
    round.missed += 1;
    await round.settle(Promise.resolve(passed(1)));
    await round.settle(Promise.resolve(failed(2, 'http', true)));
    await round.settle(Promise.resolve({ ...retried, result: { ...retried.result, attempts } }));
    expect(await round.close()).toEqual({
      period: 7,
      expected: 5,
      finished: 3,
      passed: 2,
      failed: 1,
      inconclusive: 0,
      firstAttemptFailures: 2,
      overruns: 1,
      missed: 1,
      longestDelayMs: 12,
      probeFault: false,
    });
  });

  test('closes only when what is under way has ended', async () => {
    const round = new Round(
      1,
      1,
      () => Promise.resolve({ mostFailed: false, seen: '' }),
      () => undefined,
    );
    let end: (ran: Ran) => void = () => undefined;
    void round.settle(new Promise<Ran>((resolve) => (end = resolve)));
    let isClosed = false;
    const closed = round.close().then((summary) => {
      isClosed = true;
      return summary;
    });
    await settled();
    expect(isClosed).toBe(false);
    end(passed(1));
    expect((await closed).finished).toBe(1);
  });
});
