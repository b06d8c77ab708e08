import type { Clock } from './clock.ts';
import { type Due, duesOf, type Slot } from './schedule.ts';

/** Longest time without a look at the clock: a step of it is noticed within this. */
const longestSleepMs = 2_000;

/** A check that would start later than this isn't started: after a suspend there is no burst, only a gap that is said. */
export const graceMs = 5_000;

interface Ticks {
  /** A new period begins; `checks` of it are still to come. */
  begin(period: number, checks: number): void;
  /** A check is due, at most `graceMs` ago. */
  due(due: Due, period: number): void;
  /** Checks that were due while nobody could start them, and whole periods that were slept through. */
  missed(checks: number, periods: number): void;
}

/** Fixed rate, aligned to the wall clock: each period is planned from its number, so nothing adds up. */
export class Ticker {
  private slots: readonly Slot[];
  private readonly periodMs: number;
  private readonly clock: Clock;
  private readonly ticks: Ticks;
  private period = -1;
  private plan: readonly Due[] = [];
  private next = 0;
  private cancel: () => void = () => undefined;
  private stopped = false;

  constructor(slots: readonly Slot[], periodMs: number, clock: Clock, ticks: Ticks) {
    this.slots = slots;
    this.periodMs = periodMs;
    this.clock = clock;
    this.ticks = ticks;
  }

  /** From now on; what was due earlier in this period is not made up for. */
  start(): void {
    this.wake();
  }

  stop(): void {
    this.stopped = true;
    this.cancel();
  }

  /** Holds from the next period on. */
  use(slots: readonly Slot[]): void {
    this.slots = slots;
  }

  private wake(): void {
    if (this.stopped) return;
    const now = this.clock.now();
    const period = Math.floor(now / this.periodMs);
    if (period !== this.period) this.turn(period, now);
    this.startDue(now);
    const due = this.plan[this.next]?.atMs ?? (this.period + 1) * this.periodMs;
    this.cancel = this.clock.after(Math.max(1, Math.min(longestSleepMs, due - now)), () => this.wake());
  }

  private turn(period: number, now: number): void {
    const isFirst = this.period < 0;
    const isBack = period < this.period;
    // The last checks of a period are due just before the next begins, and are often noticed in it.
    if (!isFirst && !isBack) this.startDue(now);
    if (!isFirst && period > this.period + 1) this.ticks.missed(0, period - this.period - 1);
    this.period = period;
    this.plan = duesOf(this.slots, period, this.periodMs);
    this.next = 0;
    // At the start, and after a step back, what lies behind is not a gap.
    if (isFirst || isBack) this.next = firstAfter(this.plan, now);
    this.ticks.begin(period, this.plan.length - this.next);
  }

  private startDue(now: number): void {
    let late = 0;
    for (let due = this.plan[this.next]; due !== undefined && due.atMs <= now; due = this.plan[this.next]) {
      this.next += 1;
      if (now - due.atMs > graceMs) late += 1;
      else this.ticks.due(due, this.period);
    }
    if (late > 0) this.ticks.missed(late, 0);
  }
}

function firstAfter(plan: readonly Due[], now: number): number {
  const index = plan.findIndex(({ atMs }) => atMs >= now);
  return index < 0 ? plan.length : index;
}
