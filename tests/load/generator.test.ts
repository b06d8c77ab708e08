import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Collector } from '../../load/collector.ts';
import { runGenerator } from '../../load/generator.ts';

const folder = mkdtempSync(join(tmpdir(), 'generator-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('how k6 is started', { timeout: 40_000 }, () => {
  const k6 = join(folder, 'k6');
  writeFileSync(k6, '#!/bin/sh\necho "collects at $GOGC" >&2\n', { mode: 0o755 });
  const logFile = join(folder, 'k6.log');
  const usual = { k6, script: 'none.ts', durationSeconds: 1, logFile, everySecond: () => undefined };

  it.each([
    ['at three times what lives', {}, '200'],
    ['as GOGC says where someone set it', { GOGC: '50' }, '50'],
  ])('collects garbage %s', async (_, variables, seen) => {
    const { exitCode } = await runGenerator({ ...usual, variables }, new Collector('target'));
    expect(exitCode).toBe(0);
    expect(readFileSync(logFile, 'utf8')).toBe(`collects at ${seen}\n`);
  });
});
