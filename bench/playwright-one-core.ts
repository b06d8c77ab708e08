import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type BenchRow, rowOf } from './rows.ts';
import { withStore } from './store-process.ts';

const goal = { atMost: 20 };
/** Eight journeys on ten targets. */
const tests = 80;
const root = join(__dirname, '..');
const run = promisify(execFile);

/** Seconds of a round of all journeys on ten targets by `npx playwright test`, from its start to its end, on one core. */
export function benchPlaywrightOneCore(): Promise<BenchRow> {
  return withStore(async ({ environmentFile, caFile }) => {
    const env = { ...process.env, SSL_CERT_FILE: caFile, TARGET_ENV: environmentFile, CI: '1' };
    const seconds: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      const startedMs = performance.now();
      const { stdout } = await run('taskset', ['-c', '0', 'npx', 'playwright', 'test'], { cwd: root, env, maxBuffer: 1e8 });
      seconds.push((performance.now() - startedMs) / 1_000);
      if (!stdout.includes(`${tests} passed`)) throw new Error(stdout.slice(-2_000));
    }
    return rowOf('Playwright: a round of all journeys on ten targets, one core', 's', seconds, goal, 'long');
  }, 'ten-targets');
}
