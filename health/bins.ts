import type { Seen } from './window.ts';

export const minuteMs = 60_000;
/** Bins of a journey on a target that are looked at; what happened before is the incident's history, not the window's. */
export const lookbackBins = 60;

/** Bins that are kept: those looked at, and some more, since they are forgotten once a round. */
const places = 64;
/** Of a place: start and duration of its result, and its id in two halves. */
const numbersEach = 3;

/** Nearly all results are so: passed at the first attempt, and nothing else to say. */
abstract class Plain implements Seen {
  abstract readonly id: string;
  readonly atMs: number;
  readonly durationMs: number;

  constructor(atMs: number, durationMs: number) {
    this.atMs = atMs;
    this.durationMs = durationMs;
  }

  get outcome(): 'passed' {
    return 'passed';
  }

  get inconclusive(): false {
    return false;
  }

  get firstAttemptFailed(): false {
    return false;
  }
}

export class Passed extends Plain {
  readonly id: string;

  constructor(id: string, atMs: number, durationMs: number) {
    super(atMs, durationMs);
    this.id = id;
  }
}

const hex = (half: number) => half.toString(16).padStart(8, '0');

/** As it comes out of its numbers: hardly anybody asks for the id. */
class Kept extends Plain {
  private readonly high: number;
  private readonly low: number;

  constructor(atMs: number, durationMs: number, high: number, low: number) {
    super(atMs, durationMs);
    this.high = high;
    this.low = low;
  }

  get id(): string {
    return hex(this.high) + hex(this.low);
  }
}

export const binOf = (atMs: number, binMs: number) => Math.floor(atMs / binMs) * binMs;

/**
 * Results of a pair by the start of their bin, each id once. The first that just passed in a bin, mostly the only one, is kept as
 * numbers, in 24 bytes rather than 250: thousands of pairs are kept for an hour.
 */
export class Bins {
  private readonly binMs: number;
  private readonly numbers = new Float64Array(places * numbersEach);
  private readonly halves = new Uint32Array(this.numbers.buffer);
  private readonly others = new Map<number, Seen[]>();

  constructor(binMs: number) {
    this.binMs = binMs;
  }

  /** False: it was there already. */
  add(seen: Seen): boolean {
    const start = binOf(seen.atMs, this.binMs);
    if (this.get(start)?.some(({ id }) => id === seen.id)) return false;
    if (seen instanceof Passed && this.keep(seen, start)) return true;
    const others = this.others.get(start);
    if (others) others.push(seen);
    else this.others.set(start, [seen]);
    return true;
  }

  /** undefined: none. */
  get(start: number): readonly Seen[] | undefined {
    const others = this.others.get(start);
    if (!this.isTaken(start)) return others;
    const at = this.placeOf(start) * numbersEach;
    const { numbers, halves } = this;
    const passed = new Kept(numbers[at] ?? 0, numbers[at + 1] ?? 0, halves[at * 2 + 4] ?? 0, halves[at * 2 + 5] ?? 0);
    return others ? [passed, ...others] : [passed];
  }

  has(start: number): boolean {
    return this.isTaken(start) || this.others.has(start);
  }

  /** All in it just passed. */
  isPlain(start: number): boolean {
    return this.isTaken(start) && !this.others.has(start);
  }

  /** Starts of the bins that have a result, in no order. */
  starts(): number[] {
    const starts = new Set(this.others.keys());
    for (let place = 0; place < places; place += 1) {
      const atMs = this.numbers[place * numbersEach] ?? 0;
      if (atMs > 0) starts.add(binOf(atMs, this.binMs));
    }
    return [...starts];
  }

  all(): Seen[] {
    return this.starts().flatMap((start) => this.get(start) ?? []);
  }

  /** Forgets what lies before; whether anything is left. */
  forgetBefore(ms: number): boolean {
    for (const start of this.others.keys()) if (start < ms) this.others.delete(start);
    let isLeft = this.others.size > 0;
    for (let at = 0; at < this.numbers.length; at += numbersEach) {
      const atMs = this.numbers[at] ?? 0;
      if (atMs > 0 && binOf(atMs, this.binMs) < ms) this.numbers[at] = 0;
      else isLeft ||= atMs > 0;
    }
    return isLeft;
  }

  private keep({ id, atMs, durationMs }: Passed, start: number): boolean {
    const at = this.placeOf(start) * numbersEach;
    // Another of this bin, or of one that is newer than this.
    if ((this.numbers[at] ?? 0) >= start || !/^[0-9a-f]{16}$/.test(id)) return false;
    this.numbers[at] = atMs;
    this.numbers[at + 1] = durationMs;
    this.halves[at * 2 + 4] = Number.parseInt(id.slice(0, 8), 16);
    this.halves[at * 2 + 5] = Number.parseInt(id.slice(8), 16);
    return true;
  }

  private placeOf(start: number): number {
    return (start / this.binMs) % places;
  }

  private isTaken(start: number): boolean {
    const atMs = this.numbers[this.placeOf(start) * numbersEach] ?? 0;
    return atMs > 0 && binOf(atMs, this.binMs) === start;
  }
}
