import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import Table from 'cli-table3';
import { ConfigurationError } from '../fixtures/environments/errors.ts';
import { proofAreas } from '../tests/proofs/index.ts';
import { type ExitCode, parseFlags, runCommand } from './exit-code.ts';

const root = join(__dirname, '..');

/**
 * `npm run prove -- <area>`: shows the counts and durations behind an area and keeps them under docs/proofs/. `<area> <part>`,
 * where an area has parts: shows that part, and keeps nothing.
 */
async function prove(): Promise<ExitCode> {
  const { name, area, part } = asked();
  const git = (...args: string[]) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
  if (git('status', '--porcelain') !== '') console.error('uncommitted changes: the proof speaks of the last commit alone');
  const startedAt = new Date().toISOString();
  const rows = await area.prove((line) => console.error(line), part);
  const table = new Table({ head: ['proof', 'seen', 'wanted', ''], style: { head: [], border: [] } });
  for (const row of rows) table.push([row.name, row.seen, row.wanted, row.holds ? 'holds' : 'MISSED']);
  console.log(`${table}`);
  if (part === undefined) {
    const proof = { area: name, title: area.title, commit: git('rev-parse', 'HEAD'), startedAt, machine: machine(), rows };
    mkdirSync(join(root, 'docs/proofs'), { recursive: true });
    writeFileSync(join(root, 'docs/proofs', `${name}.json`), `${JSON.stringify(proof, null, 2)}\n`);
    console.log(`docs/proofs/${name}.json`);
  }
  return rows.length > 0 && rows.every((row) => row.holds) ? 0 : 1;
}

function asked() {
  const { positionals } = parseFlags({}, undefined, 'the area, or the area and one of its parts');
  const [name = '', part, ...more] = positionals;
  const area = proofAreas[name];
  const refused = (path: string, seen: readonly string[], allowed: readonly string[]) =>
    new ConfigurationError('The command line', [
      { path, seen: JSON.stringify(seen.join(' ')), allowed: allowed.length > 0 ? `one of ${allowed.join(', ')}` : 'nothing' },
    ]);
  if (!area) throw refused('area', positionals, Object.keys(proofAreas));
  if (more.length > 0 || (part !== undefined && !area.parts?.includes(part)))
    throw refused(`part of ${name}`, positionals.slice(1), area.parts ?? []);
  return { name, area, part };
}

function machine(): string {
  const gigabytes = Math.round(os.totalmem() / 2 ** 30);
  return `${os.availableParallelism()} cores, ${gigabytes} GiB, ${os.platform()} ${os.arch()}, Node ${process.version}`;
}

void runCommand(prove);
