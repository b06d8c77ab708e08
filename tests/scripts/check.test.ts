import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Check, checkWorkflows, runChecks } from '../../scripts/check.ts';

const folder = mkdtempSync(join(tmpdir(), 'check-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const good: Check = { name: 'good', run: async () => '' };
const bad: Check = { name: 'bad', run: async () => 'line 3 is wrong' };
const absent: Check = { name: 'absent', run: async () => ({ skipped: 'its tool is missing: install it' }) };

describe('checks', () => {
  it.each([
    ['pass', [good, good], false, { passed: 2, failed: 0, skipped: 0 }, ['✓ good', '✓ good']],
    ['fail with what is wrong', [good, bad], false, { passed: 1, failed: 1, skipped: 0 }, ['✓ good', '✗ bad\nline 3 is wrong']],
    [
      'are never green where left out',
      [absent],
      false,
      { passed: 0, failed: 0, skipped: 1 },
      ['– absent: skipped, its tool is missing: install it'],
    ],
    [
      'fail in CI where left out',
      [absent, good],
      true,
      { passed: 1, failed: 1, skipped: 0 },
      ['✗ absent: skipped, its tool is missing: install it', '✓ good'],
    ],
  ])('%s', async (_, wanted, ci, counts, lines) => {
    const said: string[] = [];
    expect(await runChecks({ fix: false, ci, say: (line) => said.push(line) }, wanted)).toEqual(counts);
    expect(said).toEqual(lines);
  });
});

describe('workflows', () => {
  const workflows = join(folder, 'workflows');
  const bin = join(folder, 'bin');
  const actionlint = join(bin, 'actionlint');
  beforeAll(() => {
    for (const path of [workflows, bin]) mkdirSync(path);
    writeFileSync(join(workflows, 'ci.yml'), 'name: ci\n');
  });
  const withTool = (script: string) => {
    writeFileSync(actionlint, `#!/bin/sh\n${script}\n`);
    chmodSync(actionlint, 0o755);
  };

  it('are skipped where the tool is missing', async () => {
    expect(await checkWorkflows(workflows, bin)).toEqual({ skipped: 'actionlint is missing: node scripts/setup.mjs --tests' });
  });
  it('are wrong where there are none', async () => expect(await checkWorkflows(bin, bin)).toContain('no workflow'));
  it('are each given to actionlint', async () => {
    withTool(`test "$2" = ${join(workflows, 'ci.yml')}`);
    expect(await checkWorkflows(workflows, bin)).toBe('');
  });
  it('are wrong by what actionlint says', async () => {
    withTool('echo "ci.yml:1:1: unexpected key"; exit 1');
    expect(await checkWorkflows(workflows, bin)).toBe('ci.yml:1:1: unexpected key');
  });
  it('are wrong where actionlint fails without a word', async () => {
    withTool('exit 3');
    expect(await checkWorkflows(workflows, bin)).toMatch(/actionlint ended with 3$/);
  });
});
