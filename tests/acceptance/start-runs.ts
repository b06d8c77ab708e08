import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, vi } from 'vitest';
import { type Command, processesWith, root, script } from './process.ts';
import { type StartEnvironment, startEnvironment } from './start-environment.ts';

/** A run takes 15 s on an idle machine. */
export const limitMs = 150_000;

/** Runs of `npm start` in an environment of its test file's own, which is as it was after each test. */
export function startRuns(what: string) {
  let given: StartEnvironment;
  /** In the command line or the variables of every process of a run. */
  const marker = `acceptance-${what}-${process.pid}`;
  const folders: string[] = [];
  const processes = () => processesWith(marker);

  beforeAll(async () => {
    given = await startEnvironment(what);
  });
  afterEach(() => {
    // Only after a failure is there anything left to end.
    for (const line of processes()) process.kill(Number.parseInt(line, 10), 'SIGKILL');
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
    given.write(given.environment);
  });
  afterAll(() => given.close());

  return {
    given: () => given,
    processes,
    run: (name: string): Command => script(name, ['--env', given.file], { ACCEPTANCE_MARKER: marker }),
    /** Waits for the end, and takes note of the folder to remove. */
    async endOf(started: Command) {
      const { code, output } = await started.ended;
      const page = /report: (\S+report\.html)/.exec(output)?.[1];
      const folder = page && join(root, dirname(page));
      if (folder) folders.push(folder);
      return { code, output, folder: folder ?? '' };
    },
    gone: () => vi.waitFor(() => expect(processes()).toEqual([]), { timeout: 5_000, interval: 50 }),
  };
}
