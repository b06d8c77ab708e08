import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { typescript } from '../../scripts/typescript.ts';
import { environmentAt } from './live.ts';

describe('npm run load', () => {
  // Nobody listens there, and nobody may be asked: wrong usage is told before.
  const nowhere = 'http://127.0.0.1:1';
  it.each([
    { args: ['smash'], says: /<scenario>: got "smash"/ },
    { args: ['target', '--duration=soon'], says: /--duration: got "soon"; allowed: a number above 0, seconds/ },
    { args: ['target', '--rate', 'Infinity'], says: /--rate: got "Infinity"; allowed: a number above 0, requests a second/ },
    {
      args: ['target', '--rate', '1e9'],
      says: /rate × duration: got 1000000000 requests\/s for 60 s; allowed: 100000000 requests/,
    },
    { args: ['target', '--samples', 'here'], says: /--samples: got "here"; allowed: beside --distributed <runners>/ },
    { args: ['target', '--distributed', ''], says: /--distributed: got ""; allowed: --distributed <value>/ },
    { args: ['target', '--target', 'mars'], says: /target: got mars/ },
    { args: ['soak'], production: true, says: /--window: got nothing[\s\S]*--confirm: got nothing/ },
    { args: ['target', '--confirm', 'local', '--window', 'tonight'], production: true, says: /--window: got tonight/ },
  ])('exits 3 on wrong usage: $args', ({ args, says, production = false }) => {
    const live = environmentAt(nowhere, { production });
    const words = [...typescript, 'scripts/load.ts', ...args, '--env', live.environmentFile];
    const ended = spawnSync(process.execPath, words, { cwd: join(__dirname, '../..'), encoding: 'utf8' });
    live.close();
    expect(ended.stdout + ended.stderr).toMatch(says);
    expect(ended.status).toBe(3);
  });
});
