import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { k6Path } from '../../load/generator.ts';
import { command, root, script } from './process.ts';
import { type StartEnvironment, startEnvironment } from './start-environment.ts';

let given: StartEnvironment;

beforeAll(async () => {
  given = await startEnvironment('k6');
});
afterAll(() => given.close());

/** `export PATH="…" SSL_CERT_FILE="…" TARGET_ENV="…"` as a shell would take it. */
function variablesOf(output: string): Record<string, string> {
  const [line = ''] = /export PATH=.*/.exec(output) ?? [];
  const pairs = [...line.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value] as const);
  return Object.fromEntries(pairs.map(([name, value]) => [name, value.replace('$PATH', process.env.PATH ?? '')]));
}

const k6 = (variables: Record<string, string>, file = 'k6') =>
  command(file, ['run', '--no-color', '--no-usage-report', '--address', '', 'load/scenarios/target.ts'], {
    SSL_CERT_FILE: undefined,
    ...variables,
  }).ended;

describe('k6 run by hand', () => {
  it('without a store aborts in its setup and says the line to export, as npm run local does', async () => {
    const aborted = await k6({ TARGET_ENV: given.file }, k6Path());
    // 108: aborted by the script.
    expect(aborted.code).toBe(108);
    expect(aborted.output).toContain('westeurope: no answer from https://localhost:');
    expect(aborted.output).toContain('Start the store with npm run local');
    const told = variablesOf(aborted.output.replaceAll('\\"', '"'));
    expect(told).toMatchObject({
      SSL_CERT_FILE: expect.stringContaining(`ca-${given.environment.name}.pem`),
      TARGET_ENV: given.file,
      PATH: expect.stringContaining(`${root}/.local/bin:`),
    });
  });

  it('with the line that npm run local prints runs the scenario, its thresholds and its summary', async () => {
    const local = script('local', ['--env', given.file]);
    try {
      const printed = await new Promise<string>((resolve, reject) => {
        void local.ended.then(({ output }) => reject(new Error(output)));
        local.child.stdout?.on('data', () => local.output().includes('Ctrl-C stops it') && resolve(local.output()));
      });
      const run = await k6(variablesOf(printed));
      expect([run.code, run.code === 0 ? '' : run.output]).toEqual([0, '']);
      for (const part of ['requests, ', 'p95 ', ' journeys, 0 dropped', '✓ http_req_']) expect(run.output).toContain(part);
      expect(run.output).not.toContain('level=error');
      const missed = await k6({
        ...variablesOf(printed),
        LOAD_RATE_PER_SECOND: '2',
        LOAD_DURATION_SECONDS: '2',
        LOAD_TARGET: 'nowhere',
      });
      expect([missed.code, missed.output]).toEqual([107, expect.stringContaining('nowhere')]);
    } finally {
      local.child.kill('SIGINT');
      await local.ended;
    }
  });
});
