import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type BenchRow, ratioOf } from './rows.ts';
import { withStore } from './store-process.ts';

const goal = { atMost: 1.1 };
/** Ten targets, four journeys that only read. */
const tests = 40;
const root = join(__dirname, '..');
const run = promisify(execFile);

/** CPU of a whole `npx playwright test` round of the suite on ten targets, as a multiple of plain Playwright tests of the same. */
export function benchPlaywrightRound(): Promise<BenchRow> {
  return withStore(async ({ environmentFile, caFile }) => {
    const variables = { SSL_CERT_FILE: caFile, TARGET_ENV: environmentFile };
    const ours = ['--grep', ' (browse|search|sign-in|health)( |$)', '--reporter=dot,./synthetics/reporter.ts'];
    const plain = ['--config', 'bench/playwright/plain.config.ts', '--reporter=dot'];
    return await ratioOf(
      'Playwright round: CPU ÷ plain Playwright tests',
      () => cpuMs(ours, variables),
      () => cpuMs(plain, variables),
      goal,
    );
  }, 'ten-targets');
}

/** User and system CPU of Playwright and its workers. Throws unless all tests passed. */
async function cpuMs(args: readonly string[], variables: Record<string, string>): Promise<number> {
  // The shell's own clock: Node doesn't tell what a child process used.
  const command = [
    '-c',
    'TIMEFORMAT=\'cpu %U %S\'; time "$@"',
    'bash',
    process.execPath,
    require.resolve('@playwright/test/cli'),
    'test',
    ...args,
  ];
  const { stdout, stderr } = await run('bash', command, { cwd: root, env: { ...process.env, ...variables } });
  if (!stdout.includes(`${tests} passed`)) throw new Error(stdout);
  const [, user, system] = /cpu ([\d.]+) ([\d.]+)/.exec(stderr) ?? [];
  if (user === undefined) throw new Error(stderr);
  return (Number(user) + Number(system)) * 1_000;
}
