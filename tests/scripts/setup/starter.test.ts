import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { isAlive } from './set-up.ts';

const root = join(__dirname, '../../..');
let folder: string;
let shell: ChildProcess | undefined;
const pids = () => (existsSync(join(folder, 'pids')) ? readFileSync(join(folder, 'pids'), 'utf8').split(' ').map(Number) : []);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'starter-'));
  const note = (name: string, text: string) => `require('node:fs').writeFileSync(${JSON.stringify(join(folder, name))}, ${text})`;
  writeFileSync(
    join(folder, 'command.cjs'),
    `setInterval(() => undefined, 1_000);
     process.once('SIGTERM', () => { ${note('stopped', "'SIGTERM'")}; process.exit(0); });
     ${note('pids', "process.ppid + ' ' + process.pid")};`,
  );
});
afterEach(() => {
  shell?.kill('SIGKILL');
  for (const pid of pids()) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** As npm starts it: a shell, which waits for it and passes no signal on. */
async function started(npm: string | undefined): Promise<number[]> {
  const line = `${process.execPath} scripts/setup.mjs ${relative(root, join(folder, 'command.cjs'))}; true`;
  shell = spawn('sh', ['-c', line], { cwd: root, stdio: 'ignore', env: { ...process.env, npm_lifecycle_event: npm } });
  return vi.waitFor(() => (pids().length === 2 ? pids() : expect.fail('not started yet')), { timeout: 60_000 });
}

it('a command ends in its own way when the npm that started it is killed', async () => {
  const running = await started('local');
  shell?.kill('SIGTERM');
  await vi.waitFor(() => expect(running.filter(isAlive)).toEqual([]), { timeout: 60_000 });
  expect(readFileSync(join(folder, 'stopped'), 'utf8')).toBe('SIGTERM');
});

it('a command that no npm started outlives the shell that did', async () => {
  const running = await started(undefined);
  shell?.kill('SIGTERM');
  // Twice as long as it takes to notice.
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  expect(running.filter(isAlive)).toEqual(running);
});
