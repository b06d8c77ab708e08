import { mkdirSync, writeFileSync } from 'node:fs';
import Table from 'cli-table3';
import { benchmarks } from '../bench/index.ts';
import { type BenchRow, steadied } from '../bench/rows.ts';
import { ConfigurationError } from '../fixtures/environments/errors.ts';
import { type ExitCode, parseFlags, runCommand } from './exit-code.ts';

const file = 'reports/bench.json';

/** `npm run bench [-- --long] [-- --only <part of a name>]`: exits with 1 when a goal is missed. */
async function bench(): Promise<ExitCode> {
  const { values } = parseFlags({ long: { type: 'boolean' }, only: { type: 'string' } });
  const chosen = benchmarks.filter((b) => (values.long === true || b.tier === 'default') && b.name.includes(values.only ?? ''));
  if (chosen.length === 0)
    throw new ConfigurationError('The command line', [
      {
        path: '--only',
        seen: JSON.stringify(values.only),
        allowed: `part of one of ${benchmarks.map((b) => b.name).join('; ')}`,
      },
    ]);
  const rows: BenchRow[] = [];
  for (const benchmark of chosen) {
    console.error(`measuring ${benchmark.name} …`);
    const startedMs = performance.now();
    const row = await steadied(benchmark.measure, console.error);
    console.error(`${row.value} ${row.unit}, after ${Math.round((performance.now() - startedMs) / 1_000)} s`);
    rows.push(row);
  }
  mkdirSync('reports', { recursive: true });
  writeFileSync(file, `${JSON.stringify(rows, null, 2)}\n`);
  const table = new Table({ head: ['benchmark', 'value', 'spread', 'goal', ''], style: { head: [], border: [] } });
  for (const row of rows)
    table.push([row.name, `${row.value} ${row.unit}`, `${row.spread} %`, row.goal, row.holds ? 'holds' : 'MISSED']);
  console.log(`${table}\n${file}`);
  return rows.every((row) => row.holds) ? 0 : 1;
}

void runCommand(bench);
