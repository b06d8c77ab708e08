import type { Condition } from '../../health/threshold-types.ts';
import { type Signal, thresholdOf } from '../../health/thresholds.ts';

/** A row as Log Analytics has it, with the workspace that it lies in; `Properties` is dynamic. */
export type TableRow = { readonly TimeGenerated: string; readonly Workspace: string } & Readonly<Record<string, unknown>>;

type Cells = Record<string, unknown>;

/** Columns that rows have beside those that a signal asks for: such a row says of other signals that all is well. */
const usual: Readonly<Record<string, Cells>> = {
  AppAvailabilityResults: {
    Success: true,
    'Properties.outcome': 'passed',
    'Properties.attempts': '1',
    'Properties.targetKind': 'stamp',
  },
  AppRequests: { Name: 'GET /api/products', ResultCode: '200', Success: true, ItemCount: 1 },
  AppDependencies: { ResultCode: '200', Success: true, ItemCount: 1 },
  AppExceptions: { ExceptionType: 'TypeError', ItemCount: 1 },
  CDBDataPlaneRequests: { StatusCode: 200 },
  AZKVAuditLogs: { HttpStatusCode: 200, ResultType: 'Success' },
  AutoscaleScaleActionsLog: { ResultType: 'Succeeded' },
  AzureDiagnostics: { ErrorInfo_s: 'NoError' },
  AppServiceHTTPLogs: { CsUriStem: '/api/products', ScStatus: 200 },
};
const numbers = new Set(['StatusCode', 'HttpStatusCode', 'ScStatus']);

/** The row that a signal reads as this value: the inverse of its source. */
export function rowOf(signal: Signal, scope: string, atMs: number, value: number, id: string): { table: string; row: TableRow } {
  const { source } = thresholdOf(signal);
  const defaults = usual[source.table] ?? {};
  const cells: Cells = { ...defaults };
  const typed = (column: string, text: string) => {
    if (typeof defaults[column] === 'boolean') return text === 'true';
    return numbers.has(column) ? Number(text) : text;
  };
  const hold = ([column, operator, what]: Condition) => {
    if (operator === '==') cells[column] = typed(column, what);
    else if (operator === 'in') cells[column] = typed(column, what[0] ?? '');
    else if (operator === '>=') cells[column] = typeof defaults[column] === 'string' ? String(what) : what;
    else if (operator === '!=' && String(cells[column]) === what) cells[column] = typed(column, '999');
    else if (operator === '!in' && (cells[column] === undefined || what.includes(String(cells[column])))) cells[column] = 'other';
  };
  for (const condition of source.where) hold(condition);
  if ('column' in source.value) cells[source.value.column] = value;
  else if (value === 1) for (const condition of source.value.when) hold(condition);
  const parts = scope.split('@');
  source.scope.forEach((column, i) => {
    const isId = column === '_ResourceId' || column === 'TargetResourceId';
    cells[column] = isId ? `/subscriptions/0/providers/some/${parts[i]}` : parts[i];
  });
  // Two rows of one metric and minute differ by their time alone.
  for (const column of source.id ?? []) if (!isGiven(column, source.scope)) cells[column] = id;
  return { table: source.table, row: nested({ ...cells, TimeGenerated: new Date(atMs).toISOString() }) };
}

const isGiven = (column: string, scope: readonly string[]) =>
  column === 'TimeGenerated' || column === '_ResourceId' || scope.includes(column);

function nested({ Workspace = 'global', TimeGenerated, ...cells }: Cells): TableRow {
  const row: Cells = {};
  const properties: Cells = {};
  for (const [column, value] of Object.entries(cells)) {
    if (column.startsWith('Properties.')) properties[column.slice('Properties.'.length)] = String(value);
    else row[column] = value;
  }
  return {
    TimeGenerated: String(TimeGenerated),
    Workspace: String(Workspace),
    ...row,
    ...(Object.keys(properties).length > 0 && { Properties: properties }),
  };
}
