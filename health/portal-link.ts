import { gzipSync } from 'node:zlib';

const spanMs = 30 * 60_000;

/**
 * A link to Azure's portal that shows all telemetry of one operation, in the order of time; from any row the portal opens the
 * end-to-end transaction. The direct one (AppInsightsExtension/DetailsV2Blade) needs the item id that ingestion gives, which
 * a sender never learns: https://github.com/microsoft/ApplicationInsights-Home/issues/281. The form of the Logs link, gzipped
 * and base64, is what the portal's own 'Copy link' gives; not documented, so from observation.
 */
export function transactionLink(resourceId: string | undefined, traceId: string, atMs: number): string | undefined {
  if (resourceId === undefined || !/^[0-9a-f]{32}$/.test(traceId)) return undefined;
  return logsLink(
    resourceId,
    [
      'union availabilityResults, requests, dependencies, exceptions, traces',
      `| where operation_Id == "${traceId}"`,
      '| order by timestamp asc',
    ],
    atMs,
  );
}

/** The rows of a table of Log Analytics about a time. */
export function tableLink(resourceId: string | undefined, table: string, atMs: number): string | undefined {
  return resourceId === undefined ? undefined : logsLink(resourceId, [table, '| order by TimeGenerated asc'], atMs);
}

function logsLink(resourceId: string, lines: readonly string[], atMs: number): string {
  const query = lines.join('\n');
  const packed = encodeURIComponent(gzipSync(query).toString('base64'));
  const iso = (ms: number) => new Date(ms).toISOString();
  const span = encodeURIComponent(`${iso(atMs - spanMs)}/${iso(atMs + spanMs)}`);
  const blade = 'https://portal.azure.com/#blade/Microsoft_Azure_Monitoring_Logs/LogsBlade';
  return `${blade}/resourceId/${encodeURIComponent(resourceId)}/source/LogsBlade.AnalyticsShareLinkToQuery/q/${packed}/timespan/${span}`;
}
