import type { Clock } from '../../../synthetics/monitor/clock.ts';

/** Minutes that pass in seconds, for what is live and judged by the minute; a store and its requests keep real time. */
export function fastClock(speed: number, startMs = Date.now()): Clock {
  const began = performance.now();
  return {
    now: () => Math.floor(startMs + (performance.now() - began) * speed),
    after(ms, act) {
      const timer = setTimeout(act, ms / speed);
      return () => clearTimeout(timer);
    },
  };
}
