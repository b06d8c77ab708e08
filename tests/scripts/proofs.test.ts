import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { oldProofs } from '../../scripts/proofs.ts';
import { atMost, exactly } from '../proofs/proof.ts';

let folder: string;
const git = (...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.com', '-c', 'commit.gpgsign=false', ...args], {
    cwd: folder,
    encoding: 'utf8',
    stdio: 'pipe',
  }).trim();
const commit = (file: string) => {
  mkdirSync(join(folder, file, '..'), { recursive: true });
  writeFileSync(join(folder, file), String(Math.random()));
  git('add', '.');
  git('commit', '-q', '-m', file);
  return git('rev-parse', 'HEAD');
};
const keep = (proof: unknown) => {
  mkdirSync(join(folder, 'docs/proofs'), { recursive: true });
  writeFileSync(join(folder, 'docs/proofs/area.json'), JSON.stringify(proof));
};
const areas = { area: { title: 'an area', covers: ['code'], prove: () => Promise.resolve([]) } };
const listed = () => oldProofs(folder, areas);
const holding = [{ holds: true }];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'proofs-'));
  git('init', '-q');
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('proofs that are older than their code', () => {
  it('are listed with the commits since', () => {
    keep({ commit: commit('code/a'), rows: holding });
    expect(listed()).toEqual([]);
    commit('docs/other');
    expect(listed()).toEqual([]);
    commit('code/b');
    expect(listed()).toEqual(['area: 1 commit newer than the proof']);
    commit('code/a');
    expect(listed()).toEqual(['area: 2 commits newer than the proof']);
  });

  it.each([
    ['missing', undefined, 'area: no proof yet, npm run prove -- area'],
    ['not holding', { rows: [{ holds: true }, { holds: false }] }, 'area: the proof does not hold'],
    ['of no row', { rows: [] }, 'area: the proof does not hold'],
    ['of another history', { commit: 'a'.repeat(40), rows: holding }, 'area: its commit is not in this history'],
  ])('says a proof that is %s', (_, proof, line) => {
    const head = commit('code/a');
    if (proof) keep({ commit: head, ...proof });
    expect(listed()).toEqual([line]);
  });
});

describe('rows of a proof', () => {
  it.each([
    [0.5, true],
    [0.500_1, false],
    [Number.NaN, false],
  ])('%d s of at most 0.5 s holds: %s', (seen, holds) => expect(atMost('idle', seen, 0.5, 's').holds).toBe(holds));

  it('must be the very value', () => {
    expect([exactly('code', 0, 0).holds, exactly('code', '0', 0).holds, exactly('code', null, 0).seen]).toEqual([
      true,
      false,
      'null',
    ]);
  });
});
