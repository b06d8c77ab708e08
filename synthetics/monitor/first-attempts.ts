/** One bad instance in three fails a third of all attempts; retries hide it, this share doesn't. */
export const firstAttemptRule = { windowMs: 10 * 60_000, share: 0.15, minChecks: 8, minFailures: 3 } as const;

interface Seen {
  readonly atMs: number;
  readonly failed: boolean;
}

/** The share of first attempts that failed, by target, over the last ten minutes. */
export class FirstAttempts {
  private readonly byTarget = new Map<string, Seen[]>();

  add(target: string, atMs: number, failed: boolean): void {
    const seen = this.byTarget.get(target) ?? [];
    seen.push({ atMs, failed });
    const oldest = atMs - firstAttemptRule.windowMs;
    while (seen[0] && seen[0].atMs < oldest) seen.shift();
    this.byTarget.set(target, seen);
  }

  /** By target; `isHigh` only where enough was seen to say so. */
  shares(nowMs: number): { target: string; checks: number; failures: number; isHigh: boolean }[] {
    const { windowMs, share, minChecks, minFailures } = firstAttemptRule;
    return [...this.byTarget].map(([target, all]) => {
      const within = all.filter(({ atMs }) => atMs >= nowMs - windowMs);
      const failures = within.filter(({ failed }) => failed).length;
      const isHigh = within.length >= minChecks && failures >= minFailures && failures / within.length >= share;
      return { target, checks: within.length, failures, isHigh };
    });
  }
}
