import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { LiveRounds, minuteMs } from '../support/live-rounds.ts';

beforeEach(() => vi.useFakeTimers({ now: 10.5 * minuteMs }));
afterEach(() => vi.useRealTimers());

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const clock = { now: () => Date.now(), until: (ms: number) => sleep(ms - Date.now()) };
const minuteOf = (ms: number) => Math.floor(ms / minuteMs);

/** A check that says in which minute it began, and takes so long. */
const check = (name: string, ms: number) => async () => {
  const began = minuteOf(Date.now());
  await sleep(ms);
  return `${name} ${began}`;
};

it('leaves no minute without results where judging takes longer than one', async () => {
  const rounds = new LiveRounds([check('a', 900), check('b', 900)], clock);
  const seen: string[] = [];
  for (let judged = 0; judged < 4; judged += 1) {
    await vi.advanceTimersByTimeAsync(1.5 * minuteMs);
    seen.push(...rounds.take());
  }
  const minutes = [11, 12, 13, 14, 15, 16];
  expect(seen.sort()).toEqual(['a', 'b'].flatMap((name) => minutes.map((minute) => `${name} ${minute}`)));
  expect(rounds.take()).toEqual([]);
});

it('lets a check that hangs miss its own minutes alone', async () => {
  const rounds = new LiveRounds([check('a', 900), check('slow', 1.5 * minuteMs)], clock);
  await vi.advanceTimersByTimeAsync(6 * minuteMs);
  expect(rounds.take().sort()).toEqual([11, 12, 13, 14, 15, 16].map((minute) => `a ${minute}`).concat('slow 11', 'slow 13'));
});

it('begins nothing after it was stopped, and waits for what is under way', async () => {
  const rounds = new LiveRounds([check('a', 0.9 * minuteMs)], clock);
  await vi.advanceTimersByTimeAsync(0.6 * minuteMs);
  const stopped = rounds.stop();
  await vi.advanceTimersByTimeAsync(5 * minuteMs);
  await stopped;
  expect(rounds.take()).toEqual(['a 11']);
});
