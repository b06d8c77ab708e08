import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { environmentWith } from './checks.ts';
import { simulate } from './simulated.ts';

const hourMs = 3_600_000;

interface Lived {
  readonly rounds: number;
  /** Rounds in which every check was started and ended. */
  readonly whole: number;
  /** Furthest from its own time that a check was started. */
  readonly longestDelayMs: number;
  /** Minutes of the wall clock without a round, or with two. */
  readonly gaps: number;
  /** Heap after a collection, at the end against the end of the sixth part. */
  readonly grownMb: number;
}

/** One stamp and nothing else: eight journeys less the one that needs two regions. */
export function smallEnvironment(monitor: Parameters<typeof environmentWith>[0] = {}) {
  const environment = environmentWith(monitor);
  const { global: _, ...rest } = environment;
  return { ...rest, stamps: environment.stamps.slice(0, 1).map((stamp) => ({ ...stamp, slots: [] })) };
}

/** A monitor lives through hours on a simulated clock, with an outbox that is full after some of them. */
export async function liveThrough(hours: number): Promise<Lived> {
  setFlagsFromString('--expose_gc');
  const collect = runInNewContext('gc') as () => void;
  const heapBytes = () => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  const simulation = simulate({ environment: smallEnvironment(), maxRows: (hours * 60 * 8) / 6, inMemory: true });
  try {
    simulation.monitor.start();
    await simulation.clock.pass((hours / 6) * hourMs);
    const before = heapBytes();
    await simulation.clock.pass((hours * 5 * hourMs) / 6);
    const rounds = simulation.log.filter(({ event }) => event === 'round');
    const isWhole = (round: (typeof rounds)[number]) =>
      round.expected === 7 && round.finished === 7 && !round.missed && !round.overruns;
    const periods = rounds.map(({ period }) => Number(period));
    return {
      rounds: rounds.length,
      whole: rounds.filter(isWhole).length,
      longestDelayMs: Math.max(...rounds.map(({ longestDelayMs }) => Number(longestDelayMs))),
      gaps: periods.filter((period, i) => i > 0 && period !== (periods[i - 1] ?? 0) + 1).length,
      grownMb: (heapBytes() - before) / 1e6,
    };
  } finally {
    simulation.close();
  }
}
