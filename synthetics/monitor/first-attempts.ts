/** One bad instance in three fails a third of all first attempts; retries hide it, this share doesn't. */
export const firstAttemptRule = { windowMs: 10 * 60_000, share: 0.15, minChecks: 8, minHidden: 3 } as const;

export interface FirstAttempt {
  readonly atMs: number;
  readonly failed: boolean;
  /** It failed, and a retry passed: nobody else will tell. */
  readonly hidden: boolean;
}

/** The share of first attempts that failed, by target, over the last ten minutes. */
export class FirstAttempts {
  private readonly byTarget = new Map<string, FirstAttempt[]>();

  add(target: string, attempt: FirstAttempt): void {
    const seen = this.byTarget.get(target) ?? [];
    seen.push(attempt);
    const oldest = attempt.atMs - firstAttemptRule.windowMs;
    while (seen[0] && seen[0].atMs < oldest) seen.shift();
    this.byTarget.set(target, seen);
  }

  /** By target; `isHigh` only where enough was seen to say so, and retries hide a part of it: an outage is told by its results. */
  shares(nowMs: number): { target: string; checks: number; failures: number; isHigh: boolean }[] {
    const { windowMs, share, minChecks, minHidden } = firstAttemptRule;
    return [...this.byTarget].map(([target, all]) => {
      const within = all.filter(({ atMs }) => atMs >= nowMs - windowMs);
      const failures = within.filter(({ failed }) => failed).length;
      const hidden = within.filter((attempt) => attempt.hidden).length;
      const isHigh = within.length >= minChecks && hidden >= minHidden && failures / within.length >= share;
      return { target, checks: within.length, failures, isHigh };
    });
  }
}
