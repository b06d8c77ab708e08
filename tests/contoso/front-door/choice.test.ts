import { describe, expect, it } from 'vitest';
import { debug, frontDoorsOfTests, quiet } from './support.ts';

const { origin, frontDoor, send, share } = frontDoorsOfTests();

describe('the choice of an origin', () => {
  it.each([
    [
      { a: 50, b: 50 },
      { a: 50, b: 50 },
    ],
    [
      { a: 90, b: 10 },
      { a: 90, b: 10 },
    ],
    [{ a: 1_000, b: 1 }, { a: 100 }],
    // Blue and green in one region: 10, 50 and 100 %, kept within 3 % (here exactly: the turns are smooth).
    [
      { blue: 900, green: 100 },
      { blue: 90, green: 10 },
    ],
    [
      { blue: 500, green: 500 },
      { blue: 50, green: 50 },
    ],
    [
      { a: 10, b: 30 },
      { a: 25, b: 75 },
    ],
  ])('follows the weights %o', async (weights, expected) => {
    const front = await frontDoor([], { probe: quiet });
    for (const [name, weight] of Object.entries(weights)) front.setOrigin({ name, url: (await origin(name)).url, weight });
    expect(await share(front, 100)).toEqual(expected);
  });

  it('takes the lowest priority first', async () => {
    const [a, b] = [await origin('a'), await origin('b')];
    const front = await frontDoor([], { probe: quiet });
    front.setOrigin({ name: 'a', url: a.url, priority: 2 });
    front.setOrigin({ name: 'b', url: b.url, priority: 1 });
    expect(await share(front, 4)).toEqual({ b: 4 });
  });

  // With a sensitivity of 0 the weights are practically ignored; within it they hold.
  it.each([
    [0, { a: 4 }],
    [49, { a: 4 }],
    [50, { a: 2, b: 2 }],
  ])('with a latency sensitivity of %i ms is %o', async (latencySensitivityMs, expected) => {
    const [a, b] = [await origin('a'), await origin('b')];
    const front = await frontDoor([], { probe: quiet, latencySensitivityMs });
    front.setOrigin({ name: 'a', url: a.url, latencyMs: 10 });
    front.setOrigin({ name: 'b', url: b.url, latencyMs: 60 });
    expect(await share(front, 4)).toEqual(expected);
  });

  it('changes at run time: origins join, leave and come back', async () => {
    const [a, b] = [await origin('a'), await origin('b')];
    const front = await frontDoor([a], { probe: quiet });
    expect(await share(front, 2)).toEqual({ a: 2 });
    front.setOrigin({ name: 'b', url: b.url });
    expect(await share(front, 4)).toEqual({ a: 2, b: 2 });
    front.setOrigin({ name: 'a', url: a.url, enabled: false });
    expect(await share(front, 4)).toEqual({ b: 4 });
  });

  it('shifts by the weights as they change, blue to green, and keeps what is not named', async () => {
    const [blue, green] = [await origin('blue'), await origin('green')];
    const front = await frontDoor([], { probe: quiet });
    front.setOrigin({ name: 'blue', url: blue.url, weight: 900 });
    front.setOrigin({ name: 'green', url: green.url, weight: 100 });
    expect(await share(front, 50)).toEqual({ blue: 45, green: 5 });
    expect(front.changeOrigin('green', { weight: 900 })).toBe(true);
    expect(await share(front, 50)).toEqual({ blue: 25, green: 25 });
    front.changeOrigin('blue', { enabled: false });
    expect(await share(front, 50)).toEqual({ green: 50 });
    expect(front.origins()).toMatchObject([
      { name: 'blue', enabled: false, weight: 900, priority: 1 },
      { name: 'green', enabled: true, weight: 900, priority: 1 },
    ]);
    expect(front.changeOrigin('red', { enabled: true })).toBe(false);
  });

  it('without any origin is 503', async () => {
    const answer = await send(await frontDoor([]), { headers: debug });
    expect([answer.status, answer.headers['x-azure-externalerror']]).toEqual([503, 'NoHealthyOrigin']);
  });
});
