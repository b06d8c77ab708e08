import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadEnvironment } from '../../fixtures/environments/load.ts';
import type { Environment } from '../../fixtures/environments/schema.ts';
import { typescript } from '../../scripts/typescript.ts';

const root = join(__dirname, '..', '..');
const local = loadEnvironment('local', {});
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'of-round-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Round {
  readonly environment: Environment;
  /** What it hands on; absent where nothing. */
  readonly handed?: string;
  readonly readFile: boolean;
}

/** A process of a round: what it takes for the environment, and whether it loaded what reads files. */
function round(variables: Record<string, string>): Round {
  const script = `
    const environment = require('./fixtures/environments/of-round.ts').environmentOfRound();
    const readFile = Object.keys(require.cache).some((file) => file.includes('zod'));
    console.log(JSON.stringify({ environment, handed: process.env.ROUND_ENVIRONMENT, readFile }));`;
  const env = { ...process.env, TEST_WORKER_INDEX: '', ...variables };
  return JSON.parse(execFileSync(process.execPath, [...typescript, '-e', script], { cwd: root, env, encoding: 'utf8' })) as Round;
}

describe('the environment of a Playwright round', () => {
  test('is read by the main process, and handed to workers, who read nothing', () => {
    const main = round({ TARGET_ENV: 'local' });
    expect(main).toEqual({ environment: local, handed: JSON.stringify(local), readFile: true });
    const worker = round({ TEST_WORKER_INDEX: '0', ROUND_ENVIRONMENT: main.handed ?? '', TARGET_ENV: 'of-no-such-name' });
    expect(worker).toEqual({ environment: local, handed: main.handed, readFile: false });
  });

  test('is read anew by a main process, whatever a round before has handed on', () => {
    const { environment } = round({ TARGET_ENV: 'local', ROUND_ENVIRONMENT: '{"name":"of before"}' });
    expect(environment).toEqual(local);
  });

  test('is read by each worker where it is too large for a variable', () => {
    const [stamp] = local.stamps;
    const stamps = Array.from({ length: 200 }, (_, index) => ({
      ...stamp,
      name: `stamp-${index}`,
      endpoint: `https://localhost:${10_000 + index}`,
      slots: [],
    }));
    const file = join(folder, 'large.json');
    writeFileSync(file, JSON.stringify({ ...local, stamps }));
    const main = round({ TARGET_ENV: file, ROUND_ENVIRONMENT: '{"name":"of before"}' });
    expect([main.environment.stamps.length, main.handed]).toEqual([200, undefined]);
    expect(round({ TEST_WORKER_INDEX: '0', TARGET_ENV: file }).environment).toEqual(main.environment);
  });
});
