import { ConfigurationError } from '../fixtures/environments/errors.ts';
import { durationMs } from '../health/silences.ts';

/** What a flag with a span of time may be. */
export const spans = 'a duration such as 30m, 2h, 1h30m or 7d, at most 366d';

/** A flag's span of time in milliseconds. @throws ConfigurationError where it is none */
export function spanMs(flag: string, text: string): number {
  const ms = durationMs(text);
  if (ms !== undefined) return ms;
  throw new ConfigurationError('The command line', [{ path: flag, seen: JSON.stringify(text), allowed: spans }]);
}
