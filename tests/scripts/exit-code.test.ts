import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ConfigurationError, UsageError } from '../../fixtures/environments/errors.ts';
import { type ExitCode, exitOf, parseFlags, worstExit } from '../../scripts/exit-code.ts';
import { LocalStoreError } from '../../scripts/local-store.ts';
import { typescript } from '../../scripts/typescript.ts';
import { ConnectionStringError } from '../../telemetry/connection-string.ts';
import { OutboxError } from '../../telemetry/outbox-file.ts';

const root = join(__dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'exit-code-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the worst part of a run', () => {
  it.each<[ExitCode[], ExitCode]>([
    [[], 0],
    [[0, 0], 0],
    [[0, 2], 2],
    [[2, 1], 1],
    [[1, 2, 0], 1],
    [[0, 3], 3],
    [[1, 3], 3],
    [[2, 3, 1, 0], 3],
  ])('of %j is %i', (codes, worst) => expect(worstExit(codes)).toBe(worst));
});

describe('an error that ends a command', () => {
  it.each([
    ['wrong usage', new UsageError('use it so')],
    ['a configuration', new ConfigurationError('shop.json', [{ path: 'name', seen: '1', allowed: 'a name' }])],
    ['the local store', new LocalStoreError('port taken')],
    ['a connection string', new ConnectionStringError('no key')],
    ['the outbox', new OutboxError('no right to it')],
  ])('is told by its message alone, as 3: %s', (_, error) => {
    const said: unknown[] = [];
    expect(exitOf(error, (what) => said.push(what))).toBe(3);
    expect(said).toEqual([error.message]);
    expect(error.name).toBe(error.constructor.name);
  });

  it('is told whole, as a failure, where nobody expected it', () => {
    const said: unknown[] = [];
    const error = new TypeError('x is not a function');
    expect(exitOf(error, (what) => said.push(what))).toBe(1);
    expect(said).toEqual([error]);
  });
});

const options = { rate: { type: 'string' }, publish: { type: 'boolean' } } as const;

describe('flags', () => {
  it('are read, --env among them', () => {
    const { values } = parseFlags(options, ['--rate', '5', '--publish', '--env=devtest']);
    expect({ ...values }).toEqual({ rate: '5', publish: true, env: 'devtest' });
  });

  it('leave positional arguments to commands that name them', () => {
    expect(parseFlags(options, ['target', '--rate=5'], 'the scenario').positionals).toEqual(['target']);
  });

  it.each<[string, string[], string[]]>([
    ['an unknown one, with what is allowed', ['--colour'], ['--colour: got an unknown flag', '--env, --rate, --publish']],
    ['a misspelt one, with the nearest', ['--raet', '5'], ['--rate (did you mean it?), or one of']],
    ['a short one', ['-x'], ['-x: got an unknown flag']],
    ['two at once', ['--one', '--two'], ['2 faults', '--one', '--two']],
    ['a positional argument', ['target'], ['got "target"; allowed: flags alone: --env, --rate, --publish']],
    ['a missing value', ['--rate'], ['--rate: got no value; allowed: --rate <value>']],
    ['an empty value', ['--rate', ''], ['--rate: got ""; allowed: --rate <value>']],
    ['an empty value after an equals sign', ['--rate='], ['--rate: got ""; allowed: --rate <value>']],
    ['a flag in the place of a value', ['--rate', '--publish'], ['--rate: got "--publish", which looks like a flag']],
    ['a negative number', ['--rate', '-5'], ['--rate: got "-5", which looks like a flag; allowed: --rate <value>']],
    ['a value of a switch', ['--publish=yes'], ['--publish: got "yes"; allowed: the flag alone']],
  ])('refuse %s', (_, args, parts) => {
    let message = '';
    try {
      parseFlags(options, args);
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigurationError);
      message = (error as Error).message;
    }
    for (const part of parts) expect(message).toContain(part);
  });
});

/** A command of one line, run as a process of its own. */
function command(name: string, body: string) {
  const file = join(folder, `${name}.cjs`);
  const errors = join(root, 'fixtures/environments/errors.ts');
  writeFileSync(
    file,
    `const { UsageError } = require(${JSON.stringify(errors)});
     const { runCommand } = require(${JSON.stringify(join(root, 'scripts/exit-code.ts'))});
     void runCommand(async ({ signal }) => { ${body} });`,
  );
  const child = spawn(process.execPath, [...typescript, file], { cwd: root });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, text }));
  const said = (what: string) =>
    new Promise<void>((resolve) => {
      const look = () => text.includes(what) && resolve();
      child.stdout.on('data', look);
      look();
    });
  return { child, ended, said };
}

describe('a command', () => {
  it.each([
    ['passes', 'return 0;', 0, /^$/],
    ['is inconclusive', 'return 2;', 2, /^$/],
    ['was used wrongly', "throw new UsageError('use it so');", 3, /^use it so\n$/],
    ['breaks', "throw new Error('broken');", 1, /Error: broken\n\s+at /],
  ])('ends with its code when it %s', async (name, body, code, text) => {
    const ended = await command(name.replaceAll(' ', '-'), body).ended;
    expect(ended.code).toBe(code);
    expect(ended.text).toMatch(text);
  });

  const waiting = `console.log('up');
    await new Promise((resolve) => { const held = setInterval(() => undefined, 1e6);
      signal.addEventListener('abort', () => { clearInterval(held); resolve(0); }); });
    console.log('torn down');`;

  it.each([['SIGINT'], ['SIGTERM']] as const)('tears down at %s and ends with 130', async (signal) => {
    const { child, said, ended } = command(`waits-${signal}`, `${waiting} return 0;`);
    await said('up');
    // Twice, as npm and the terminal send it: still one interruption.
    child.kill(signal);
    child.kill(signal);
    expect(await ended).toEqual({ code: 130, text: 'up\ntorn down\n' });
  });

  it('says nothing of what breaks while it is torn down', async () => {
    const { child, said, ended } = command('breaks-late', `${waiting} throw new Error('socket closed');`);
    await said('up');
    child.kill('SIGINT');
    expect(await ended).toEqual({ code: 130, text: 'up\ntorn down\n' });
  });

  it('ends at once at a second Ctrl-C', async () => {
    const deaf = `console.log('up'); signal.addEventListener('abort', () => console.log('heard'));
      await new Promise(() => setInterval(() => undefined, 1e6)); return 0;`;
    const { child, said, ended } = command('deaf', deaf);
    await said('up');
    child.kill('SIGINT');
    await said('heard');
    const again = setInterval(() => child.kill('SIGINT'), 100);
    expect((await ended).code).toBe(130);
    clearInterval(again);
  });
});

describe('our commands', () => {
  const commands = ['start', 'synthetics', 'load', 'publish', 'cleanup', 'local', 'check', 'bench', 'fault'];
  it.each([['start'], ['synthetics', '--publish'], ['load', 'target'], ['gate', '--env', 'local-preprod'], ['publish']])(
    'refuse with 3, before anything is run, a connection string that leads nowhere: %s',
    async (name, ...args) => {
      const bad = { APPLICATIONINSIGHTS_CONNECTION_STRING: 'InstrumentationKey=s3cret' };
      const child = spawn(process.execPath, [...typescript, join(root, 'scripts', `${name}.ts`), ...args], {
        cwd: root,
        env: { ...process.env, ...bad },
        timeout: 60_000,
      });
      let text = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
      const [code] = await once(child, 'close');
      expect(text.trim().split('\n')).toEqual([expect.stringContaining('APPLICATIONINSIGHTS_CONNECTION_STRING')]);
      expect(text).not.toContain('s3cret');
      expect(code).toBe(3);
    },
  );

  it.each(commands)('refuse an unknown flag with 3, without a stack: %s', async (name) => {
    const child = spawn(process.execPath, [...typescript, join(root, 'scripts', `${name}.ts`), '--colour'], {
      cwd: root,
    });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
    const [code] = await once(child, 'close');
    expect(text).toContain('--colour: got an unknown flag; allowed: ');
    expect(text).toContain('--env');
    expect(text).not.toMatch(/^\s+at /m);
    expect(code).toBe(3);
  });
});
