/** Wall clock and timers; passed in, so that tests live through days in seconds. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls once, after so many milliseconds; the answer cancels it. */
  after(ms: number, act: () => void): () => void;
}

export const realClock: Clock = {
  now: Date.now,
  after(ms, act) {
    const timer = setTimeout(act, ms);
    return () => clearTimeout(timer);
  },
};

export const sleep = (clock: Clock, ms: number): Promise<void> =>
  new Promise((resolve) => {
    clock.after(ms, resolve);
  });
