import { setTimeout as sleep } from 'node:timers/promises';
import type { Control, Move } from '../verdict/observation.ts';
import type { RunEvent } from '../verdict/verdict.ts';
import { type Action, describeAction } from './actions.ts';
import type { PutBack } from './control.ts';
import type { PlannedMove } from './moves.ts';

/** Does what a scenario does to the store, at its times, and puts everything back. */
export interface Conductor {
  /** Load has begun: the first sample's time, and how long it lasts. Further calls do nothing. */
  begin(firstSampleAtMs: number, durationSeconds: number): void;
  /** Load has ended: nothing more is begun, what is under way is waited for, and all is put back. Never rejects. */
  end(): Promise<Control>;
}

interface ConductorOptions {
  readonly moves: () => Promise<readonly PlannedMove[]>;
  readonly act: (action: Action) => Promise<void>;
  readonly putBack: () => Promise<PutBack>;
  /** Control-plane seconds in a real one. */
  readonly timeScale: number;
  readonly now?: () => number;
}

export function createConductor({ moves, act, putBack, timeScale, now = Date.now }: ConductorOptions): Conductor {
  const over = new AbortController();
  const seen: Move[] = [];
  let playing: Promise<void> | undefined;

  const play = async (startMs: number, durationSeconds: number) => {
    for (const { at, actions, ...move } of await moves()) {
      const waitMs = startMs + at * durationSeconds * 1_000 - now();
      await sleep(Math.max(0, waitMs), undefined, { signal: over.signal }).catch(() => undefined);
      if (over.signal.aborted) return;
      const begun = { ...move, detail: actions.map(describeAction).join('; '), askedAtMs: now() };
      try {
        for (const action of actions) await act(action);
        seen.push({ ...begun, endedAtMs: now() });
      } catch (error) {
        // What comes after builds on it.
        seen.push({ ...begun, endedAtMs: now(), failed: messageOf(error) });
        return;
      }
    }
  };
  const failed = (error: unknown) => {
    seen.push({ name: 'control', detail: 'reading what stands', askedAtMs: now(), endedAtMs: now(), failed: messageOf(error) });
  };
  return {
    begin(firstSampleAtMs, durationSeconds) {
      playing ??= play(firstSampleAtMs, durationSeconds).catch(failed);
    },
    async end() {
      over.abort();
      await playing;
      const { failed: notPutBack } = await putBack().catch((error: unknown) => ({ failed: [messageOf(error)] }));
      return { moves: seen, timeScale, notPutBack, ...(seen.length > 0 ? { putBackAtMs: now() } : {}) };
    },
  };
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** The same as what stands on a time axis. */
export function eventsOf({ moves, putBackAtMs, notPutBack }: Control): RunEvent[] {
  const ofMoves = moves.flatMap(({ name, detail, askedAtMs, endedAtMs, failed }) => [
    { atMs: askedAtMs, name, detail },
    failed === undefined
      ? { atMs: endedAtMs, name: `${name}: done`, detail }
      : { atMs: endedAtMs, name: `${name}: stopped`, detail: failed },
  ]);
  if (putBackAtMs === undefined) return ofMoves;
  const isBack = notPutBack.length === 0;
  const end = isBack
    ? { name: 'put back', detail: 'as before the run' }
    : { name: 'not put back', detail: notPutBack.join('; ') };
  return [...ofMoves, { atMs: putBackAtMs, ...end }];
}
