import { describe, expect, it } from 'vitest';
import { bandOf } from '../../health/signal-state.ts';
import { type Signal, signals, thresholdOf } from '../../health/thresholds.ts';

/** As the store's objectives have them, written by hand. */
const objectives: readonly (readonly [Signal, string, number, number, number, string, readonly string[]])[] = [
  ['serverLatencyMs', 'p95', 5, 30, 100, 'AppRequests', ['Properties.stamp']],
  ['responseMs', 'p95', 5, 200, 500, 'AppServiceHTTPLogs', ['Workspace']],
  ['cpuPercent', 'avg', 5, 70, 90, 'AzureMetrics', ['_ResourceId']],
  ['queueLength', 'avg', 5, 5, 20, 'AzureMetrics', ['_ResourceId']],
  ['serverErrors', 'perMinute', 5, 2, 10, 'AppRequests', ['Properties.stamp']],
  ['cosmosRuPercent', 'avg', 5, 70, 90, 'AzureMetrics', ['_ResourceId']],
  ['cosmosThrottled', 'share', 5, 5, 20, 'CDBDataPlaneRequests', ['AccountName', 'RegionName']],
  ['keyVaultFailures', 'sum', 5, 3, 10, 'AZKVAuditLogs', ['Workspace']],
  ['certificateDays', 'min', 120, 30, 7, 'AppAvailabilityResults', ['Properties.target']],
];

describe('thresholds', () => {
  it.each(objectives)('%s: %s over %i min, %d and %d', (signal, statistic, minutes, degradedAt, unhealthyAt, table, scope) => {
    expect(thresholdOf(signal)).toMatchObject({
      statistic,
      windowMinutes: minutes,
      degradedAt,
      unhealthyAt,
      source: { table, scope },
    });
  });

  it.each(signals)('%s has half-open bands, enough samples and a source', (signal) => {
    const threshold = thresholdOf(signal);
    const { direction, degradedAt, unhealthyAt, minSamples, windowMinutes, source } = threshold;
    const hair = 2 ** -20;
    const at = (value: number) => bandOf(value, threshold);
    // The bound belongs to the worse band where higher is worse, and to the better one where lower is.
    const bands = [degradedAt - hair, degradedAt, unhealthyAt - hair, unhealthyAt].map(at);
    expect(bands).toEqual(
      direction === 'higher'
        ? ['healthy', 'degraded', 'degraded', 'unhealthy']
        : ['degraded', 'healthy', 'unhealthy', 'degraded'],
    );
    expect(minSamples).toBeGreaterThanOrEqual(1);
    expect(windowMinutes).toBeGreaterThanOrEqual(1);
    expect(source.table).not.toBe('');
  });
});
