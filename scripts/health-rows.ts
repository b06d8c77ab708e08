import type { LogRow } from '../health/rows.ts';
import type { AvailabilityResult } from '../synthetics/result.ts';
import { availabilityEmission } from '../telemetry/envelope.ts';

/** Results as the rows that they become in Log Analytics: signals are read from both alike, from these without the way there. */
export const resultRows = (results: readonly AvailabilityResult[]): LogRow[] =>
  results.map((result) => {
    const { at, id, properties } = availabilityEmission(result, Date.parse(result.startedAt));
    return { TimeGenerated: new Date(at).toISOString(), Id: id, Properties: properties };
  });
