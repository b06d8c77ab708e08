import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { typescript } from '../../scripts/typescript.ts';
import { LockError, lockPath, takeLock } from '../../synthetics/monitor/lock.ts';
import { environmentWith } from './checks.ts';

const folder = mkdtempSync(join(tmpdir(), 'monitor-lock-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('lock', () => {
  test('is held once, and free again after its release', () => {
    const path = join(folder, 'locks', 'one');
    const release = takeLock(path);
    expect(release).toBeTypeOf('function');
    expect(takeLock(path)).toBeUndefined();
    release?.();
    expect(existsSync(path)).toBe(false);
    const again = takeLock(path);
    expect(again).toBeTypeOf('function');
    again?.();
  });

  test('of a process that was killed holds nobody back', async () => {
    const path = join(folder, 'locks', 'killed');
    const script = join(folder, 'hold.cjs');
    writeFileSync(
      script,
      `require(${JSON.stringify(join(__dirname, '../../synthetics/monitor/lock.ts'))}).takeLock(${JSON.stringify(path)}); process.send('held'); setInterval(() => {}, 1e6)`,
    );
    const child = fork(script, { execArgv: [...typescript], cwd: join(__dirname, '../..') });
    await once(child, 'message');
    expect(takeLock(path)).toBeUndefined();
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    const release = takeLock(path);
    expect(release).toBeTypeOf('function');
    release?.();
  });

  test('that the disk does not give is no overrun, and says so', () => {
    const file = join(folder, 'a-file');
    writeFileSync(file, 'no database, and longer than the header of one'.repeat(10));
    for (const path of [file, join(file, 'below')]) {
      expect(() => takeLock(path)).toThrow(LockError);
      expect(() => takeLock(path)).toThrow(`cannot take the lock ${path}: `);
    }
  });

  test('that was removed by hand is released, and not that of another', () => {
    const path = join(folder, 'locks', 'removed');
    const first = takeLock(path);
    rmSync(path);
    const second = takeLock(path);
    expect(second).toBeTypeOf('function');
    first?.();
    expect(existsSync(path)).toBe(true);
    expect(takeLock(path)).toBeUndefined();
    rmSync(path);
    second?.();
  });

  test('on a disk that can not be written to is kept in the folder for temporary files', () => {
    const path = join(folder, 'locks', `read-only-${process.pid}`);
    const readOnly = () => true;
    const release = takeLock(path, readOnly);
    expect([typeof release, existsSync(path), takeLock(path, readOnly)]).toEqual(['function', false, undefined]);
    release?.();
    // Who took it while it could be written to still has it.
    const before = takeLock(path);
    expect(takeLock(path, readOnly)).toBeUndefined();
    before?.();
    takeLock(path, readOnly)?.();
  });

  test('differs by environment and by endpoints', () => {
    const one = environmentWith();
    const paths = [one, { ...one, name: 'other' }, { ...one, stamps: one.stamps.slice(1) }].map(lockPath);
    expect(new Set(paths).size).toBe(3);
    expect(lockPath(environmentWith())).toBe(lockPath(one));
  });
});
