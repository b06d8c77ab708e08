import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { type Command, root } from './process.ts';
import { limitMs, startRuns } from './start-runs.ts';

const { given, processes, run, endOf, gone } = startRuns('interrupt');

describe('Ctrl-C', () => {
  const count = (what: string) => processes().filter((line) => line.includes(what)).length;
  const runs = (what: string) => () => count(what) > 0;
  const ran = (what: string) => {
    let seen = false;
    return () => {
      const isThere = count(what) > 0;
      seen ||= isThere;
      return seen && !isThere;
    };
  };
  const moments: [string, (started: Command) => boolean, 'group' | 'parent'][] = [
    ['while the store starts', () => count('--env') > 1, 'group'],
    ['when Playwright starts', runs('@playwright/test/cli'), 'parent'],
    ['during journeys', () => count('playwright') > 1, 'group'],
    ['when k6 starts', runs('target.ts'), 'parent'],
    ['during load', (started) => /\/s of 20\/s/.test(started.output()), 'group'],
    ['while the report is written', ran('target.ts'), 'parent'],
  ];

  it.each(moments)(
    '%s leaves no process behind',
    async (when, come, whom) => {
      // Long enough for a line of progress.
      const { load } = given().environment;
      if (when === 'during load') given().write({ ...given().environment, load: { ...load, durationSeconds: 30 } });
      const started = run('start');
      const pid = started.child.pid ?? 0;
      await vi.waitFor(() => expect(come(started)).toBe(true), { timeout: 100_000, interval: 20 });
      const before = performance.now();
      process.kill(whom === 'group' ? -pid : pid, 'SIGINT');
      const { code, output } = await endOf(started);
      expect(performance.now() - before).toBeLessThan(10_000);
      // With its last line written, a run may have ended by itself.
      expect(when === 'while the report is written' ? [130, 0] : [130]).toContain(code);
      expect(output).not.toContain('Error:');
      await gone();
      expect(existsSync(join(root, '.local', `ca-${given().environment.name}.pem`))).toBe(false);
    },
    limitMs,
  );
});
