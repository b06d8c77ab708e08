import type { TokenCredential } from '@azure/core-auth';
import { request } from 'undici';
import { z } from 'zod';

/** A row by column name. */
type LogRow = Readonly<Record<string, unknown>>;

const limitMs = 20_000;
/** https://learn.microsoft.com/azure/azure-monitor/logs/api/overview */
const azureEndpoint = 'https://api.loganalytics.azure.com';
const scope = 'https://api.loganalytics.io/.default';

class LogsError extends Error {
  override readonly name = 'LogsError';
}

/** The local store's export of a table, from a time on. @throws LogsError where it isn't given */
export async function readLocalTable(
  control: { readonly controlEndpoint: string; readonly adminToken: string },
  table: string,
  workspace: string,
  sinceMs: number,
): Promise<LogRow[]> {
  const query = new URLSearchParams({ workspace, since: new Date(sinceMs).toISOString() });
  const { statusCode, body } = await request(`${control.controlEndpoint}/admin/tables/${table}?${query}`, {
    headers: { authorization: `Bearer ${control.adminToken}` },
    signal: AbortSignal.timeout(limitMs),
  });
  const text = await body.text();
  if (statusCode !== 200) throw new LogsError(`${table} of ${workspace}: the local store answered ${statusCode}`);
  return text.split('\n').flatMap((line) => (line === '' ? [] : [rowSchema.parse(JSON.parse(line))]));
}

const rowSchema = z.record(z.string(), z.unknown());
const errorSchema = z.object({ code: z.string().default('unknown'), message: z.string().default('') });
const answerSchema = z.object({
  tables: z
    .array(z.object({ columns: z.array(z.object({ name: z.string() })), rows: z.array(z.array(z.unknown())) }))
    .default([]),
  error: errorSchema.optional(),
});

export interface LogsSource {
  readonly credential: TokenCredential;
  /** ARM id of a Log Analytics workspace, or of a component. */
  readonly resourceId: string;
  /** Default: Azure's. */
  readonly endpoint?: string;
}

/**
 * Runs KQL in Log Analytics. @throws LogsError where the answer is an error, a part of one, or nothing: a query without a
 * body answers 200 and says nothing, and a missing row must not be taken for a quiet store.
 */
export async function queryLogs(
  { credential, resourceId, endpoint = azureEndpoint }: LogsSource,
  query: string,
): Promise<LogRow[]> {
  const token = await credential.getToken(scope);
  if (!token) throw new LogsError('no token for Log Analytics');
  const { statusCode, body } = await request(`${endpoint}/v1${resourceId}/query`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token.token}`,
      'content-type': 'application/json',
      prefer: `wait=${Math.floor(limitMs / 1_000)}`,
    },
    body: JSON.stringify({ query }),
    signal: AbortSignal.timeout(limitMs),
  });
  const text = await body.text();
  if (statusCode === 204) return [];
  if (statusCode !== 200) throw new LogsError(`Log Analytics answered ${statusCode}: ${text.slice(0, 300)}`);
  if (text === '') throw new LogsError('Log Analytics answered 200 with an empty body');
  const { tables, error } = answerSchema.parse(JSON.parse(text));
  if (error) throw new LogsError(`Log Analytics answered in part: ${error.code} ${error.message}`);
  const [table] = tables;
  if (!table) throw new LogsError('Log Analytics answered without a table');
  return table.rows.map((row) => Object.fromEntries(table.columns.map(({ name }, i) => [name, row[i]])));
}
