import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { typescript } from '../../scripts/typescript.ts';

const local = join(__dirname, '../../.local');
const file = join(local, `register-test-${process.pid}.ts`);
const kept = join(local, 'transpiled', `.local+${basename(file)}.js`);
const withCompiler = `console.log(Object.keys(require.cache).some((path) => path.includes('ts-node')) ? 'compiled' : 'kept');`;

beforeAll(() => mkdirSync(local, { recursive: true }));
afterAll(() => {
  for (const path of [file, kept]) rmSync(path, { force: true });
});

function run(text: string) {
  writeFileSync(file, text);
  const { status, stdout, stderr } = spawnSync(process.execPath, [...typescript, file], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

it('transpiles a file once, and again when it has changed', () => {
  const first = `const word: string = 'first';\nconsole.log(word);\n${withCompiler}`;
  expect(run(first)).toEqual({ status: 0, stdout: 'first\ncompiled\n', stderr: '' });
  expect(run(first)).toEqual({ status: 0, stdout: 'first\nkept\n', stderr: '' });
  expect(run(first.replace('first', 'second'))).toEqual({ status: 0, stdout: 'second\ncompiled\n', stderr: '' });
  expect(readdirSync(join(local, 'transpiled')).filter((name) => name.startsWith(basename(kept)))).toEqual([basename(kept)]);
});

it('transpiles anew where what is kept was made from something else', () => {
  const text = `console.log('right');\n${withCompiler}`;
  run(text);
  writeFileSync(kept, readFileSync(kept, 'utf8').replace(/^.*/, 'from something else').replace('right', 'wrong'));
  expect(run(text).stdout).toBe('right\ncompiled\n');
});

it("names the source's lines in a stack, from what is kept too", () => {
  const text = `interface Gone { readonly a: 1 }\n\n\nthrow new Error('broken' satisfies string);`;
  for (const time of [1, 2]) {
    const { status, stderr } = run(text);
    expect(`${time}: ${status} ${stderr}`).toMatch(/^\d: 1 .*Error: broken\n\s+at .*\/register-test-\d+\.ts:4:7/s);
  }
});
