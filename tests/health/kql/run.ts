import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { isTable, tables } from '../../../fixtures/contoso/azure/monitor/tables.ts';
import type { TableRow } from '../table-rows.ts';

/** A node as the queries answer it. */
export interface Answered {
  readonly Id: string;
  readonly State: string;
  readonly Code: number | null;
  readonly Score: number | null;
}

export type Tables = Readonly<Record<string, readonly TableRow[]>>;

const root = join(__dirname, '../../..');
const python = join(root, '.local', 'python', process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');

export interface Run {
  readonly query: string;
  readonly tables: Tables;
}

/**
 * What each query answers on its tables, in DuckDB. Queries and tables that are the same are sent once.
 * @throws Error with what Python said, where a query can't be run
 */
export async function runKql<Row = Answered>(runs: readonly Run[], now: Date): Promise<Row[][]> {
  const queries = [...new Set(runs.map(({ query }) => query))];
  const cases = [...new Set(runs.map(({ tables: given }) => given))];
  const child = spawn(python, [join(__dirname, 'run.py')], { stdio: ['pipe', 'pipe', 'pipe'] });
  const said: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk));
  const ended = new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  const pairs = runs.map(({ query, tables: given }) => [queries.indexOf(query), cases.indexOf(given)]);
  const job = { queries, now: now.toISOString(), columns: tables, cases: cases.map(placed), runs: pairs };
  child.stdin.end(JSON.stringify(job));
  const answers: Row[][] = [];
  for await (const line of createInterface({ input: child.stdout })) answers.push(JSON.parse(line) as Row[]);
  if ((await ended) !== 0 || answers.length !== runs.length) throw new Error(Buffer.concat(said).toString());
  return answers;
}

/** Rows by workspace; a cell that the table has no column for would be lost without a word. */
function placed(given: Tables): Record<string, Record<string, object[]>> {
  return Object.fromEntries(
    Object.entries(given).map(([table, rows]) => {
      const columns = isTable(table) ? tables[table] : undefined;
      if (!columns) throw new RangeError(`${table} is no table`);
      const byWorkspace: Record<string, object[]> = {};
      for (const { Workspace, ...row } of rows) {
        const strange = Object.keys(row).find((column) => !Object.hasOwn(columns, column));
        if (strange !== undefined) throw new RangeError(`${table} has no column ${strange}`);
        byWorkspace[Workspace] ??= [];
        byWorkspace[Workspace].push(row);
      }
      return [table, byWorkspace];
    }),
  );
}
