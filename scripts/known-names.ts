import { ConfigurationError } from '../fixtures/environments/errors.ts';
import { nearest } from '../fixtures/environments/nearest.ts';

/** Refuses every flag's value that isn't among the known ones, all at once. */
export function requireKnown(flags: readonly { flag: string; value: string | undefined; known: readonly string[] }[]): void {
  const faults = flags.flatMap(({ flag, value, known }) => {
    if (value === undefined || known.includes(value)) return [];
    const meant = nearest(value, known);
    const allowed = `${meant ? `${meant} (did you mean it?), or ` : ''}one of ${known.join(', ')}`;
    return [{ path: flag, seen: JSON.stringify(value), allowed }];
  });
  if (faults.length > 0) throw new ConfigurationError('The command line', faults);
}
