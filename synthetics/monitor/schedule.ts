import type { Check } from '../runners/prepare.ts';

/** When a check is due: at `offsetMs` of every period whose number leaves `phase` when divided by `every`. */
export interface Slot {
  readonly check: Check;
  readonly every: number;
  readonly phase: number;
  readonly offsetMs: number;
}

export interface Due {
  readonly check: Check;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
}

export const minuteMs = 60_000;

/** FNV-1a with MurmurHash3's finalizer: names that differ in a letter get offsets far apart. */
function hash(text: string): number {
  let state = 2_166_136_261;
  for (let i = 0; i < text.length; i += 1) state = Math.imul(state ^ text.charCodeAt(i), 16_777_619);
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
  return (state ^ (state >>> 16)) >>> 0;
}

/**
 * A fixed place for each journey × target, the same in every process and at every location that runs it: targets are not hit
 * by all journeys at once, and a result's time says which check it was. In order of their offsets.
 * @param everyMinutes by journey: periods from one run to the next; default 1
 */
export function schedule(checks: readonly Check[], everyMinutes: Readonly<Record<string, number>>, periodMs = minuteMs): Slot[] {
  return checks
    .map((check): Slot => {
      const key = `${check.journey.name}\n${check.target.name}`;
      const every = everyMinutes[check.journey.name] ?? 1;
      return { check, every, phase: hash(`${key}\nphase`) % every, offsetMs: Math.floor((hash(key) / 2 ** 32) * periodMs) };
    })
    .sort((a, b) => a.offsetMs - b.offsetMs);
}

/** The checks of a period, by its number since the epoch, in order. */
export function duesOf(slots: readonly Slot[], period: number, periodMs = minuteMs): Due[] {
  return slots
    .filter(({ every, phase }) => period % every === phase)
    .map(({ check, offsetMs }) => ({ check, atMs: period * periodMs + offsetMs }));
}
