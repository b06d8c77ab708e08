import { readFileSync } from 'node:fs';

export interface K6Summary {
  readonly ranSeconds: number;
  /** That ended, whatever came of them; undefined: it doesn't count them. */
  readonly iterations: number | undefined;
}

/** What `handleSummary` has left, k6's last word on a run; undefined where it isn't there, or not whole. */
export function readSummary(file: string): K6Summary | undefined {
  try {
    const { state, metrics } = JSON.parse(readFileSync(file, 'utf8')) as {
      state?: { testRunDurationMs?: unknown };
      metrics?: { iterations?: { values?: { count?: unknown } } };
    };
    const [ranMs, count] = [state?.testRunDurationMs, metrics?.iterations?.values?.count];
    if (typeof ranMs !== 'number') return undefined;
    return { ranSeconds: ranMs / 1000, iterations: typeof count === 'number' ? count : undefined };
  } catch {
    return undefined;
  }
}
