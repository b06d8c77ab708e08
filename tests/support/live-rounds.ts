export const minuteMs = 60_000;
/**
 * Share of a minute in which its checks begin, evenly: all at once they'd wait for each other. Not with the minute itself: a
 * timer that fires a millisecond early would begin in the one before, and leave this one without a result.
 */
const checksWithin = [0.05, 0.55] as const;

/** The store's control-plane time. */
interface LiveClock {
  readonly now: () => number;
  readonly until: (ms: number) => Promise<void>;
}

/** The first time from now on that lies so far into its minute. */
export const nextAt = (nowMs: number, offsetMs: number) => Math.ceil((nowMs - offsetMs) / minuteMs) * minuteMs + offsetMs;

/**
 * Each check once a minute, at its own time of it, whatever becomes of the others and however long whoever judges them takes:
 * a minute without results is one that nothing is known of.
 */
export class LiveRounds<Result> {
  private results: Result[] = [];
  private isOver = false;
  private readonly loops: readonly Promise<void>[];

  constructor(checks: readonly (() => Promise<Result>)[], clock: LiveClock) {
    const [from, to] = checksWithin;
    this.loops = checks.map((check, i) => this.repeat(check, minuteMs * (from + ((to - from) * i) / checks.length), clock));
  }

  /** What has come since it was last asked. */
  take(): Result[] {
    return this.results.splice(0);
  }

  async stop(): Promise<void> {
    this.isOver = true;
    await Promise.all(this.loops);
  }

  private async repeat(check: () => Promise<Result>, offsetMs: number, { now, until }: LiveClock): Promise<void> {
    for (let at = nextAt(now(), offsetMs); ; at = Math.max(at + minuteMs, nextAt(now(), offsetMs))) {
      await until(at);
      if (this.isOver) return;
      this.results.push(await check());
    }
  }
}
