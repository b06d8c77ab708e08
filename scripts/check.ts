import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readVariables } from '../fixtures/environments/variables.ts';
import { type Counts, closingLines } from './counts.ts';
import { undecided } from './decided.ts';
import { parseFlags, runCommand } from './exit-code.ts';
import { drift } from './generated.ts';
import { checkImports } from './imports.ts';
import { oldProofs } from './proofs.ts';

const root = join(__dirname, '..');
const modules = (path: string) => join(root, 'node_modules', path);

/** Why a check could not be made: never counted as passed, and a failure in CI. */
interface Skipped {
  readonly skipped: string;
}

export interface Check {
  readonly name: string;
  /** Returns what is wrong; empty when nothing is. */
  readonly run: (options: { readonly fix: boolean }) => Promise<string | Skipped>;
}

/** What tsc knows of files that haven't changed since, so that a second check takes a third of the CPU. */
const keptTypes = ['--incremental', '--tsBuildInfoFile', join(root, '.local', 'tsc.tsbuildinfo')];

const checks: readonly Check[] = [
  {
    name: 'lint and format (Biome)',
    run: ({ fix }) =>
      output(process.execPath, [modules('@biomejs/biome/bin/biome'), ...(fix ? ['check', '--write'] : ['ci', '--colors=off'])]),
  },
  { name: 'types (tsc)', run: () => output(process.execPath, [modules('typescript/bin/tsc'), '-p', root, ...keptTypes]) },
  { name: 'import table', run: async () => checkImports(root) },
  { name: 'JSON Schema and docs of environments are those of schema.ts', run: async ({ fix }) => drift(fix) },
  { name: 'a decision for every dependency', run: async () => undecided(root) },
  { name: 'workflows (actionlint)', run: () => checkWorkflows(join(root, '.github', 'workflows'), join(root, '.local', 'bin')) },
];

interface CheckOptions {
  readonly fix: boolean;
  /** Nothing may be left out. */
  readonly ci: boolean;
  readonly say?: (line: string) => void;
}

/** Runs all checks side by side and prints a line for each, with what is wrong. */
export async function runChecks({ fix, ci, say = console.log }: CheckOptions, wanted = checks): Promise<Counts> {
  const results = await Promise.all(wanted.map(async ({ name, run }) => ({ name, found: await run({ fix }) })));
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const { name, found } of results) {
    const isSkipped = typeof found !== 'string';
    const state = isSkipped ? (ci ? 'failed' : 'skipped') : found === '' ? 'passed' : 'failed';
    counts[state] += 1;
    if (isSkipped) say(`${state === 'failed' ? '✗' : '–'} ${name}: skipped, ${found.skipped}`);
    else say(state === 'passed' ? `✓ ${name}` : `✗ ${name}\n${found}`);
  }
  return counts;
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

/** `npm test` sets actionlint up; a quick `npm run check` before that says that it left the workflows out. */
export async function checkWorkflows(folder: string, bin: string): Promise<string | Skipped> {
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => /\.ya?ml$/.test(name)) : [];
  if (files.length === 0) return `no workflow in ${folder}`;
  const actionlint = join(bin, process.platform === 'win32' ? 'actionlint.exe' : 'actionlint');
  if (!existsSync(actionlint)) return { skipped: 'actionlint is missing: node scripts/setup.mjs --tests' };
  return output(actionlint, ['-no-color', ...files.map((name) => join(folder, name))]);
}

/** CI says so by a variable of this name: GitHub, GitLab and Azure Pipelines' agents alike. */
export const inCi = () => Boolean(readVariables().CI);

if (require.main === module) {
  void runCommand(async () => {
    const { values } = parseFlags({ fix: { type: 'boolean', default: false } });
    const counts = await runChecks({ fix: values.fix === true, ci: inCi() });
    // Listed, not failed: a proof takes up to an hour, a commit must not.
    for (const line of oldProofs()) console.log(`– proof ${line}`);
    for (const line of closingLines(counts)) console.log(line);
    return counts.failed > 0 ? 1 : 0;
  });
}
