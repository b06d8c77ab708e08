import type { Clock } from '../../synthetics/monitor/clock.ts';

/** Promises between a timer and the last thing that follows from it at once; a turn of the event loop would cost a hundred times more. */
const longestChain = 50;

interface Timer {
  readonly atMs: number;
  readonly act: () => void;
}

/** A clock that tests move: days pass as fast as what happens in them. */
export class SimulatedClock implements Clock {
  private wallMs: number;
  /** Runs on also where the wall clock is stepped; timers follow it, as in an operating system. */
  private elapsedMs = 0;
  private timers: Timer[] = [];

  constructor(startMs: number) {
    this.wallMs = startMs;
  }

  readonly now = (): number => this.wallMs;

  readonly after = (ms: number, act: () => void): (() => void) => {
    const timer = { atMs: this.elapsedMs + ms, act };
    const index = this.timers.findIndex(({ atMs }) => atMs > timer.atMs);
    this.timers.splice(index < 0 ? this.timers.length : index, 0, timer);
    return () => {
      this.timers = this.timers.filter((one) => one !== timer);
    };
  };

  get pending(): number {
    return this.timers.length;
  }

  /** Lets time pass; whatever is due happens in order, each with all that follows from it at once. */
  async pass(ms: number): Promise<void> {
    const endMs = this.elapsedMs + ms;
    for (let timer = this.timers[0]; timer && timer.atMs <= endMs; timer = this.timers[0]) {
      this.timers.shift();
      this.move(timer.atMs - this.elapsedMs);
      timer.act();
      for (let hop = 0; hop < longestChain; hop += 1) await null;
    }
    this.move(endMs - this.elapsedMs);
    await settled();
  }

  /** The wall clock jumps, as by NTP or a person; timers don't notice. */
  step(ms: number): void {
    this.wallMs += ms;
  }

  /** The machine sleeps: the wall clock goes on, timers stand still. */
  suspend(ms: number): void {
    this.wallMs += ms;
  }

  private move(ms: number): void {
    this.elapsedMs += ms;
    this.wallMs += ms;
  }
}

/** All promises that can go on without time have done so. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
