import { build, type Histogram } from 'hdr-histogram-js';

/** Latencies from 10 µs to 2 minutes (no request waits longer), three digits kept; one unit of the histogram is 10 µs. */
const unitsPerMs = 100;
const longestMs = 120_000;
export const newHistogram = (digits: 2 | 3): Histogram =>
  build({ lowestDiscernibleValue: 1, highestTrackableValue: longestMs * unitsPerMs, numberOfSignificantValueDigits: digits });

export const recordMs = (histogram: Histogram, ms: number) =>
  histogram.recordValue(Math.min(longestMs, Math.max(0, ms)) * unitsPerMs);

export const percentileMs = (histogram: Histogram | undefined, percentile: number): number | undefined =>
  histogram && histogram.totalCount > 0 ? histogram.getValueAtPercentile(percentile) / unitsPerMs : undefined;
