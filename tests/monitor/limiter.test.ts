import { describe, expect, test } from 'vitest';
import { Limiter } from '../../synthetics/monitor/limiter.ts';
import { settled } from './clock.ts';

/** Starts one act a target named, and tells who runs at any time. */
function occupied(limiter: Limiter, targets: readonly string[]) {
  const running: string[] = [];
  const started: string[] = [];
  const ends: (() => void)[] = [];
  for (const target of targets)
    void limiter.run(target, async () => {
      running.push(target);
      started.push(target);
      await new Promise<void>((resolve) => ends.push(resolve));
      running.splice(running.indexOf(target), 1);
    });
  return { running, started, end: (index: number) => ends[index]?.() };
}

describe('limiter', () => {
  test.each([
    { overall: 2, perTarget: 2, targets: ['a', 'b', 'c'], running: ['a', 'b'] },
    { overall: 10, perTarget: 1, targets: ['a', 'a', 'b'], running: ['a', 'b'] },
    { overall: 10, perTarget: 2, targets: ['a', 'a', 'a', 'b'], running: ['a', 'a', 'b'] },
    { overall: 1, perTarget: 5, targets: ['a', 'a'], running: ['a'] },
    { overall: 4, perTarget: 4, targets: ['a', 'b'], running: ['a', 'b'] },
  ])('lets $running run of $targets, $overall overall and $perTarget per target', async ({ targets, running, ...limits }) => {
    const seen = occupied(new Limiter(limits), targets);
    await settled();
    expect(seen.running).toEqual(running);
  });

  test('serves who waits in order, and passes by who can not run yet', async () => {
    const seen = occupied(new Limiter({ overall: 2, perTarget: 1 }), ['a', 'b', 'a', 'c', 'a']);
    await settled();
    seen.end(1);
    await settled();
    expect(seen.started).toEqual(['a', 'b', 'c']);
    seen.end(0);
    await settled();
    expect(seen.started).toEqual(['a', 'b', 'c', 'a']);
  });

  test('frees its place when an act fails', async () => {
    const limiter = new Limiter({ overall: 1, perTarget: 1 });
    await expect(limiter.run('a', () => Promise.reject(new Error('broke')))).rejects.toThrow('broke');
    expect(await limiter.run('a', () => Promise.resolve('ran'))).toBe('ran');
  });

  test('starts more at once when the limits are raised', async () => {
    const limiter = new Limiter({ overall: 1, perTarget: 1 });
    const seen = occupied(limiter, ['a', 'b', 'a']);
    limiter.setLimits({ overall: 3, perTarget: 1 });
    await settled();
    expect(seen.running).toEqual(['a', 'b']);
  });
});
