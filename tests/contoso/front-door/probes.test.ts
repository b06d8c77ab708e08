import { afterEach, describe, expect, it, vi } from 'vitest';
import { soon } from '../../support/soon.ts';
import { settableFaults, world } from '../app-service/doubles.ts';
import { recordingWatcher } from '../app-service/simulated.ts';
import { frontDoorsOfTests } from './support.ts';

const { origin, frontDoor, send, share } = frontDoorsOfTests();
afterEach(() => void vi.useRealTimers());

describe('probes', () => {
  it('are HEAD requests on connections of their own, marked as probes', async () => {
    const a = await origin('a');
    await frontDoor([a]);
    await soon(() => expect(a.seen.length).toBeGreaterThan(2));
    expect(a.seen[0]).toMatchObject({
      method: 'HEAD',
      url: '/api/health',
      headers: { 'user-agent': 'Edge Health Probe', 'x-fd-healthprobe': '1' },
    });
    expect(new Set(a.seen.map((r) => r.socket)).size).toBe(a.seen.length);
  });

  // Only 200 is healthy (Front Door, "Health probes").
  it.each([204, 301, 401, 500, 503])('take an origin out that answers %i, and bring it back', async (status) => {
    const [a, b] = [await origin('a'), await origin('b')];
    const front = await frontDoor([a, b]);
    const healthy = () => front.origins().map((o) => `${o.name} ${o.healthy}`);
    a.health = status;
    await soon(() => expect(healthy()).toEqual(['a false', 'b true']));
    expect(await share(front, 6)).toEqual({ b: 6 });
    a.health = 200;
    await soon(() => expect(healthy()).toEqual(['a true', 'b true']));
    expect(await share(front, 6)).toEqual({ a: 3, b: 3 });
  });

  it('take an origin out by samples: one bad of four is still healthy, two are not', async () => {
    const a = await origin('a');
    const front = await frontDoor([a]);
    a.health = 503;
    await soon(() => expect(front.origins()[0]?.healthy).toBe(false));
    const bad = a.seen.filter((r) => r.url === '/api/health').length;
    expect(bad).toBeGreaterThanOrEqual(2);
  });

  // Documented: edges without user traffic probe less often. Ours: a twelfth, after five minutes of the control plane.
  it('come less often while nobody uses this edge, and at full pace once somebody does', async () => {
    let now = 0;
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const { watcher, told } = recordingWatcher();
    const faults = settableFaults();
    // Of an origin that is cut off, a probe is known at once.
    faults.set('region-partitioned', { stamp: 'a' }, { reset: true });
    const front = await frontDoor([await origin('a')], { faults, watcher, world: { ...world(600), now: () => now } });
    const probesIn = (minutes: number) => {
      const before = told.originProbe.length;
      vi.advanceTimersByTime(minutes * 100);
      return told.originProbe.length - before;
    };
    expect(probesIn(30)).toBe(5);
    await send(front);
    expect(probesIn(30)).toBe(60);
    now += 5 * 100 + 1;
    expect(probesIn(30)).toBe(5);
  });

  it('are not forgotten when a weight or a priority changes', async () => {
    const [a, b] = [await origin('a'), await origin('b')];
    a.health = 503;
    // One probe an origin is a second away: what is healthy after a change is so by what was found before.
    const front = await frontDoor([a, b], { probe: { sampleSize: 1, successfulSamplesRequired: 1 }, world: world(300) });
    await soon(() => expect(front.origins().map(({ healthy }) => healthy)).toEqual([false, true]));
    for (const change of [{ weight: 900 }, { priority: 2 }]) {
      front.changeOrigin('a', change);
      expect(front.origins()[0]).toMatchObject({ ...change, healthy: false });
    }
  });

  it('go on after an answer that broke half-way, which counts as none', async () => {
    const { watcher, told } = recordingWatcher();
    const a = await origin('a');
    a.answer = (_req, res) => {
      res.writeHead(200, { 'content-length': '100' });
      res.write('half', () => res.destroy());
    };
    await frontDoor([a], { watcher, probe: { method: 'GET', path: '/api/other' } });
    await soon(() => expect(told.originProbe.length).toBeGreaterThan(2));
    expect(told.originProbe.slice(0, 3).map(({ status, healthy }) => [status, healthy])).toEqual(Array(3).fill([0, false]));
  });

  it('that all fail count as all healthy', async () => {
    const [a, b] = [await origin('a'), await origin('b')];
    a.health = b.health = 503;
    const front = await frontDoor([a, b]);
    await soon(() => expect(front.origins().some((o) => o.healthy)).toBe(false));
    expect(await share(front, 4)).toEqual({ a: 2, b: 2 });
  });
});
