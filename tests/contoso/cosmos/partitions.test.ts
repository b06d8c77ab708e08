import { describe, expect, it } from 'vitest';
import {
  partitionKeyRanges,
  partitionKeyText,
  pathSegments,
  rangeIndexOf,
} from '../../../fixtures/contoso/azure/cosmos/partitions.ts';
import { startAccount } from './account.ts';

describe('partitions: ranges', () => {
  it.each([1, 2, 3, 7])('%d ranges cover everything, without gap or overlap', (count) => {
    const ranges = partitionKeyRanges(count);
    expect(ranges.map(({ id }) => id)).toEqual(Array.from({ length: count }, (_, index) => String(index)));
    expect([ranges[0]?.minInclusive, ranges.at(-1)?.maxExclusive]).toEqual(['', 'FF']);
    for (const [index, range] of ranges.slice(1).entries()) expect(range.minInclusive).toBe(ranges[index]?.maxExclusive);
    expect([...ranges].sort((a, b) => (a.minInclusive < b.minInclusive ? -1 : 1))).toEqual(ranges);
  });

  it.each(['synthetic-', 'shoe-00', ''])('keys like "%s1" spread evenly', (prefix) => {
    const ranges = Array.from({ length: 5000 }, (_, n) => rangeIndexOf(`["${prefix}${n}"]`, 5));
    const counts = [0, 1, 2, 3, 4].map((index) => ranges.filter((range) => range === index).length);
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });

  it('the SDK sees them', async () => {
    const account = await startAccount({ physicalPartitions: 3 });
    const { resources } = await account.container('orders').readPartitionKeyRanges().fetchAll();
    expect(resources.map(({ id, minInclusive, maxExclusive }) => ({ id, minInclusive, maxExclusive }))).toEqual(
      partitionKeyRanges(3),
    );
  });

  it('a throughput over 10,000 RU/s gets more of them', async () => {
    const account = await startAccount({ ruPerSecond: 25_000 });
    expect(account.cosmos.snapshot().containers[0]?.partitions.map(({ limitRu }) => Math.round(limitRu))).toEqual([
      8333, 8333, 8333,
    ]);
  });
});

describe('partitions: keys', () => {
  const rows: [string, object, string, string][] = [
    ['a string', { s: 'a' }, '/s', '["a"]'],
    ['a number', { n: 1 }, '/n', '[1]'],
    ['null', { n: null }, '/n', '[null]'],
    ['nested', { a: { b: 'x' } }, '/a/b', '["x"]'],
    ['absent', {}, '/s', '[{}]'],
    ['absent below something else', { a: 1 }, '/a/b', '[{}]'],
  ];
  it.each(rows)('%s', (_, document, path, expected) => {
    expect(partitionKeyText(document as Record<string, unknown>, pathSegments(path))).toBe(expected);
  });

  it.each([['s'], [1], [null], [true]])('the SDK finds an item again by the key %j', async (value) => {
    const account = await startAccount({ physicalPartitions: 3 });
    account.cosmos.createContainers('shop', [{ id: 'keyed', partitionKey: '/k' }]);
    const container = account.container('keyed');
    await container.items.create({ id: 'i', k: value } as never);
    expect((await container.item('i', value as string).read()).resource).toMatchObject({ id: 'i', k: value });
  });
});
