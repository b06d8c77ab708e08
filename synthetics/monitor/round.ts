import type { AvailabilityResult } from '../result.ts';
import type { Ran } from './attempts.ts';
import type { AskControls } from './controls.ts';

export interface RoundSummary {
  /** Number of its period since the epoch. */
  readonly period: number;
  /** Checks that were to be started in it. */
  readonly expected: number;
  readonly finished: number;
  readonly passed: number;
  readonly failed: number;
  readonly inconclusive: number;
  /** Passed or not, with a first attempt that failed. */
  readonly firstAttemptFailures: number;
  /** Not started since the one before was still running. */
  readonly overruns: number;
  /** Not started since nobody was awake. */
  readonly missed: number;
  readonly longestDelayMs: number;
  /** The round's failures were the probe's own. */
  readonly probeFault: boolean;
}

/** Only these can be the probe's own doing. */
const ofTheNetwork = new Set(['dns', 'connect', 'tls', 'timeout']);

/**
 * One period's checks, and the judgement that takes all of them: a fault is the probe's own only if it is one of the network,
 * no target answered in this round, and most controls failed at the same time. What is judged already goes on at once;
 * results wait for the round's end only while the controls speak against the probe.
 */
export class Round {
  readonly period: number;
  missed = 0;
  overruns = 0;
  private readonly expected: number;
  private readonly ask: AskControls;
  private readonly emit: (ran: Ran) => void;
  private readonly counts = { finished: 0, passed: 0, failed: 0, inconclusive: 0, firstAttemptFailures: 0 };
  private pending = 0;
  private answered = false;
  private held: { readonly ran: Ran; readonly seen: string }[] = [];
  private probeFault = false;
  private longestDelayMs = 0;
  private whenIdle: (() => void) | undefined;

  constructor(period: number, expected: number, ask: AskControls, emit: (ran: Ran) => void) {
    this.period = period;
    this.expected = expected;
    this.ask = ask;
    this.emit = emit;
  }

  /** A check began so long after it was due. */
  started(delayMs: number): void {
    this.longestDelayMs = Math.max(this.longestDelayMs, delayMs);
  }

  /** A check that runs, or waits for its turn; the round can't close before it ended. */
  async settle(ended: Promise<Ran>): Promise<void> {
    this.pending += 1;
    try {
      await this.judge(await ended);
    } finally {
      this.pending -= 1;
      if (this.pending === 0) this.whenIdle?.();
    }
  }

  /** Waits for what is under way, then judges what was held back. Nothing may be started in it any more. */
  async close(): Promise<RoundSummary> {
    if (this.pending > 0) await new Promise<void>((resolve) => (this.whenIdle = resolve));
    const { held } = this;
    this.held = [];
    for (const { ran, seen } of held) this.pass(this.answered ? ran : { ...ran, result: inconclusive(ran.result, seen) });
    this.probeFault = held.length > 0 && !this.answered;
    const { period, expected, overruns, missed, longestDelayMs, probeFault, counts } = this;
    return { period, expected, ...counts, overruns, missed, longestDelayMs, probeFault };
  }

  private async judge(ran: Ran): Promise<void> {
    if (ran.answered) this.release();
    const { outcome, failure } = ran.result;
    const isSuspect = outcome === 'failed' && failure !== undefined && ofTheNetwork.has(failure.cause);
    if (!isSuspect || this.answered) return this.pass(ran);
    const { mostFailed, seen } = await this.ask();
    // Another target may have answered while the controls were asked.
    if (!mostFailed || this.answered) return this.pass(ran);
    this.held.push({ ran, seen });
  }

  private release(): void {
    this.answered = true;
    const { held } = this;
    this.held = [];
    for (const { ran } of held) this.pass(ran);
  }

  private pass(ran: Ran): void {
    this.counts.finished += 1;
    this.counts[ran.result.outcome] += 1;
    if (ran.result.attempts[0]?.outcome !== 'passed') this.counts.firstAttemptFailures += 1;
    this.emit(ran);
  }
}

function inconclusive(result: AvailabilityResult, seen: string): AvailabilityResult {
  const why = `the fault is the probe's own: no target answered in this round, and ${seen} at the same time`;
  return { ...result, outcome: 'inconclusive', warnings: [...result.warnings, why] };
}
