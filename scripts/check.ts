import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { environmentJsonSchema } from '../fixtures/environments/json-schema.ts';
import type { Counts } from './counts.ts';
import { parseFlags, runCommand } from './exit-code.ts';

const root = join(__dirname, '..');
const modules = (path: string) => join(root, 'node_modules', path);

interface Check {
  readonly name: string;
  /** Returns what is wrong; empty when nothing is. */
  readonly run: (options: { readonly fix: boolean }) => Promise<string>;
}

const checks: readonly Check[] = [
  {
    name: 'lint, format and import table (Biome)',
    run: ({ fix }) =>
      output(process.execPath, [modules('@biomejs/biome/bin/biome'), ...(fix ? ['check', '--write'] : ['ci', '--colors=off'])]),
  },
  { name: 'types (tsc)', run: () => output(process.execPath, [modules('typescript/bin/tsc'), '--noEmit', '-p', root]) },
  { name: 'environment.schema.json is that of schema.ts', run: async ({ fix }) => schemaDrift(fix) },
  { name: 'workflows (actionlint)', run: checkWorkflows },
];

/** Runs all checks side by side and prints a line for each, with what is wrong. */
export async function runChecks(options: { readonly fix: boolean }): Promise<Counts> {
  const results = await Promise.all(checks.map(async ({ name, run }) => ({ name, wrong: await run(options) })));
  for (const { name, wrong } of results) console.log(wrong === '' ? `✓ ${name}` : `✗ ${name}\n${wrong}`);
  const failed = results.filter(({ wrong }) => wrong !== '').length;
  return { passed: results.length - failed, failed };
}

/** What a program printed if it failed, else nothing. */
function output(program: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code) => resolve(code === 0 ? '' : text.trim() || `${program} ended with ${code}`));
  });
}

const schemaFile = join(root, 'fixtures', 'environments', 'environment.schema.json');

/** The JSON Schema as its file should hold it. */
export function schemaText(): string {
  return `${JSON.stringify(environmentJsonSchema(), null, 2)}\n`;
}

function schemaDrift(fix: boolean): string {
  if (fix) writeFileSync(schemaFile, schemaText());
  const same = existsSync(schemaFile) && readFileSync(schemaFile, 'utf8') === schemaText();
  return same ? '' : 'it differs: run npm run check -- --fix';
}

async function checkWorkflows(): Promise<string> {
  const folder = join(root, '.github', 'workflows');
  const own = join(root, '.local', 'bin', 'actionlint');
  if (!existsSync(folder) || readdirSync(folder).length === 0) return '';
  // `npm test` sets it up; a quick `npm run check` before that says that it left the workflows out.
  if (!existsSync(own)) return process.env.CI ? 'actionlint is missing: node scripts/setup.mjs --tests' : '';
  return output(own, ['-no-color']);
}

if (require.main === module) {
  void runCommand(async () => {
    const { values } = parseFlags({ fix: { type: 'boolean', default: false } });
    const { failed } = await runChecks({ fix: values.fix === true });
    return failed > 0 ? 1 : 0;
  });
}
