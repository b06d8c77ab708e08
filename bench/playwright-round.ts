import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { loadEnvironment } from '../fixtures/environments/load.ts';
import { tokenSource } from '../synthetics/runners/token.ts';
import { trustCertificates } from '../telemetry/trust.ts';
import { type BenchRow, ratioOf } from './rows.ts';
import { withStore } from './store-process.ts';
import { recordRequests } from './wire.ts';

const goal = { atMost: 1.1 };
const root = join(__dirname, '..');
const run = promisify(execFile);

/** CPU of a whole `npx playwright test` round of the suite, as a multiple of plain Playwright tests that send the same. */
export function benchPlaywrightRound(): Promise<BenchRow> {
  return withStore(async ({ environmentFile, caFile }) => {
    trustCertificates(caFile);
    const folder = mkdtempSync(join(tmpdir(), 'bench-playwright-'));
    const requests = join(folder, 'requests.json');
    try {
      const environment = loadEnvironment(environmentFile, {});
      writeFileSync(requests, JSON.stringify(await recordRequests(environment, tokenSource(environment.auth, {}))));
      const variables = { SSL_CERT_FILE: caFile, TARGET_ENV: environmentFile, BENCH_REQUESTS: requests };
      const ours = ['--grep', 'browse|search|sign-in|health', '--reporter=dot,./synthetics/reporter.ts'];
      const plain = ['--config', 'bench/playwright/plain.config.ts', '--reporter=dot'];
      return await ratioOf(
        'Playwright round: CPU ÷ plain Playwright tests',
        () => cpuMs(ours, variables),
        () => cpuMs(plain, variables),
        goal,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
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
  const { stderr } = await run('bash', command, { cwd: root, env: { ...process.env, ...variables } });
  const [, user, system] = /cpu ([\d.]+) ([\d.]+)/.exec(stderr) ?? [];
  if (user === undefined) throw new Error(stderr);
  return (Number(user) + Number(system)) * 1_000;
}
