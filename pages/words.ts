import type { Health } from '../health/model.ts';
import type { Verdict } from '../load/verdict/verdict.ts';
import type { Outcome } from '../synthetics/result.ts';

interface Word {
  /** Says the state without colour. */
  readonly symbol: string;
  readonly terminal: 'green' | 'red' | 'yellow';
  readonly tone: 'good' | 'bad' | 'warn' | 'unsure';
}

/** How every outcome, verdict and state of health looks, in the terminal and on pages alike. */
export const words = {
  passed: { symbol: '✓', terminal: 'green', tone: 'good' },
  failed: { symbol: '✗', terminal: 'red', tone: 'bad' },
  inconclusive: { symbol: '?', terminal: 'yellow', tone: 'unsure' },
  pass: { symbol: '✓', terminal: 'green', tone: 'good' },
  fail: { symbol: '✗', terminal: 'red', tone: 'bad' },
  healthy: { symbol: '✓', terminal: 'green', tone: 'good' },
  degraded: { symbol: '!', terminal: 'yellow', tone: 'warn' },
  unhealthy: { symbol: '✗', terminal: 'red', tone: 'bad' },
  unknown: { symbol: '?', terminal: 'yellow', tone: 'unsure' },
} as const satisfies Record<Outcome | Verdict | Health, Word>;

/** `1,234.5`: at most one decimal, and none where it says nothing. */
export function figure(value: number): string {
  return value.toLocaleString('en-GB', { maximumFractionDigits: Math.abs(value) < 100 ? 1 : 0 });
}

/** `123 ms` or `1.2 s`. */
export function milliseconds(value: number): string {
  return value < 1000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(1)} s`;
}
