import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inCi, runChecks } from './check.ts';
import { type Counts, closingLines, countsOf } from './counts.ts';
import { runCommand } from './exit-code.ts';

const root = join(__dirname, '..');

async function runVitest(args: readonly string[], signal: AbortSignal): Promise<Counts> {
  const folder = mkdtempSync(join(tmpdir(), 'contoso-test-'));
  const file = join(folder, 'vitest.json');
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  try {
    const code = await new Promise<number>((resolve, reject) => {
      const child = spawn(
        process.execPath,
        [vitest, 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`, ...args],
        {
          cwd: root,
          // Two hundred files load the same packages, each in a process of its own: what V8 made of them is kept.
          env: { ...process.env, NODE_COMPILE_CACHE: join(root, '.local', 'compiled') },
          stdio: 'inherit',
          signal,
          killSignal: 'SIGINT',
        },
      );
      child.on('error', reject).on('exit', (exit) => resolve(exit ?? 1));
    });
    const counts = countsOf(JSON.parse(readFileSync(file, 'utf8')));
    // Vitest also fails for what is no test, such as an unhandled rejection.
    return code !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Checks, then tests. The arguments are Vitest's: `npm test -- tests/load`. */
async function main(signal: AbortSignal): Promise<0 | 1> {
  const checks = await runChecks({ fix: false, ci: inCi() });
  const tests = await runVitest(process.argv.slice(2), signal);
  const failed = checks.failed + tests.failed;
  const skipped = checks.skipped + tests.skipped;
  for (const line of closingLines({ passed: checks.passed + tests.passed, failed, skipped })) console.log(line);
  // A run without a single test has proved nothing.
  return failed > 0 || tests.passed === 0 ? 1 : 0;
}

if (require.main === module) void runCommand(({ signal }) => main(signal));
