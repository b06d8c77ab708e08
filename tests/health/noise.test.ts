import { describe, expect, it } from 'vitest';
import { seeded } from '../../fixtures/data/random.ts';
import type { Signal } from '../../health/thresholds.ts';
import { live, type Minute } from './live-day.ts';

/** What signals do on a good day, as from and up to. */
const ranges: Readonly<Partial<Record<Signal, readonly [from: number, to: number]>>> = {
  cpuPercent: [15, 68],
  queueLength: [0, 4],
  memoryPercent: [40, 80],
  serverLatencyMs: [5, 28],
  responseMs: [20, 150],
  cosmosRuPercent: [2, 65],
};

/** A healthy minute: one result in two hundred fails or needs a retry, Cosmos throttles a little, a row in fifty is missing. */
function noise(random: () => number): Minute {
  return {
    meets: () => (random() < 1 / 200 ? (random() < 0.5 ? 'retried' : { cause: 'timeout' }) : undefined),
    signal: (signal) => {
      if (random() < 1 / 50) return '-';
      const [from, to] = ranges[signal] ?? [];
      if (from !== undefined && to !== undefined) return `${(from + (to - from) * random()).toFixed(2)}/4`;
      if (signal === 'cosmosThrottled') return `${random() < 0.1 ? 5 : 0}/20`;
      return undefined;
    },
  };
}

const none = { meets: () => 'none' as const, signal: () => '-' };

describe('a day of the store', () => {
  it('gives no alert in twenty-four hours of healthy noise', { timeout: 600_000 }, () => {
    const random = seeded(7);
    const { pictures, told } = live(24 * 60, () => noise(random));
    expect(pictures).toHaveLength(1_440);
    expect(told).toEqual([]);
    expect(pictures.filter(({ nodes }) => nodes.at(-1)?.state === 'unhealthy')).toEqual([]);
  });

  it('turns everything unknown without data, and raises the silence alert once', () => {
    const { pictures, incidents, told } = live(60, (minute) => (minute < 10 ? {} : none));
    const states = (pictures.at(-1)?.nodes ?? []).map(({ state }) => state);
    expect(new Set(states)).toEqual(new Set(['unknown']));
    // Before it is unknown it is healthy, and never anything else.
    const seen = new Set(pictures.flatMap(({ nodes }) => nodes.map(({ state }) => state)));
    expect(seen).toEqual(new Set(['healthy', 'unknown']));
    expect(incidents.map(({ kind }) => kind)).toEqual(['silence']);
    expect(told.filter(({ state }) => state === 'opened')).toHaveLength(1);
  });
});
