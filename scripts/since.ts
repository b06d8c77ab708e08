import { ConfigurationError } from '../fixtures/environments/errors.ts';

const units: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `90s`, `30m`, `24h` or `7d` to milliseconds. */
export function durationMs(flag: string, text: string): number {
  const [, number, unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const ms = Number(number) * (units[unit] ?? Number.NaN);
  if (ms > 0) return ms;
  const allowed = 'a number above 0 with s, m, h or d, such as 24h';
  throw new ConfigurationError('The command line', [{ path: flag, seen: JSON.stringify(text), allowed }]);
}
