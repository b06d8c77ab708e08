import { describe, expect, it } from 'vitest';
import { chargeSources, type RequestUnits, requestUnits } from '../../../fixtures/contoso/azure/cosmos/request-units.ts';
import { sized, startAccount, type TestAccount } from './account.ts';

const KB = 1024;
const units = requestUnits();

describe('request units: documented points, within 10 %', () => {
  // learn.microsoft.com/azure/cosmos-db/key-value-store-cost and …/request-units
  const rows: [string, number, (u: RequestUnits) => number][] = [
    ['point read of 1 KB', 1, (u) => u.read(KB)],
    ['point read of 100 KB', 10, (u) => u.read(100 * KB)],
    ['insert of 1 KB without indexing', 5.5, (u) => u.insert(KB, 0)],
    ['replace = 2 x insert, without indexing', 11, (u) => u.replace(KB, 0)],
    [
      'query that returns one item of 10 KB',
      3.19,
      (u) => u.query({ returnedBytes: [10 * KB], scannedDocuments: 0, physicalPartitions: 1 }),
    ],
    [
      '1,000 items of 1 KB returned',
      1000,
      (u) => u.query({ returnedBytes: Array(1000).fill(KB), scannedDocuments: 0, physicalPartitions: 1 }),
    ],
  ];
  it.each(rows)('%s: %d RU', (_, documentedRu, charge) => {
    expect(Math.abs(charge(units) - documentedRu) / documentedRu).toBeLessThanOrEqual(0.1);
  });
});

describe('request units: our formulas between the points', () => {
  const rows: [string, number, number, number][] = [
    // [rule, charge, at least, at most]
    ['a read under 1 KB costs as 1 KB', units.read(10), 1, 1],
    ['a read of 50.5 KB costs half way', units.read(50.5 * KB), 5.49, 5.51],
    ['insert of 1 KB, ten indexed properties: 6 to 10', units.insert(KB, 10), 6, 10],
    ['an insert grows with size: 10 KB', units.insert(10 * KB, 0), 40, 55],
    ['a delete costs about an insert', units.remove(KB, 0), 5, 6],
    ['a patch costs about a replace', units.patch(KB, 10), units.replace(KB, 10), units.replace(KB, 10)],
    ['an empty query costs 2.3 to 3', units.query({ returnedBytes: [], scannedDocuments: 0, physicalPartitions: 1 }), 2.3, 3],
    [
      '… on each physical partition it touches',
      units.query({ returnedBytes: [], scannedDocuments: 0, physicalPartitions: 4 }),
      9.2,
      12,
    ],
    [
      'a scan costs per document looked at',
      units.query({ returnedBytes: [], scannedDocuments: 1000, physicalPartitions: 1 }),
      20,
      25,
    ],
  ];
  it.each(rows)('%s', (_, charge, least, most) => {
    expect(charge).toBeGreaterThanOrEqual(least);
    expect(charge).toBeLessThanOrEqual(most);
  });

  it('labels every number as documented or ours, with its source', () => {
    for (const [name, { basis, source }] of Object.entries(chargeSources)) {
      expect(basis === 'ours' || /learn\.microsoft\.com/.test(source), name).toBe(true);
      expect(source.length, name).toBeGreaterThan(20);
    }
  });
});

describe('request units: as the SDK sees them', () => {
  const item = sized(KB, { id: 'p1', name: 'shoe' });
  const container = (account: TestAccount) => account.container('products');
  const indexed = 3 * chargeSources.indexedPropertyRu.value;
  const rows: [string, number, (account: TestAccount) => Promise<{ requestCharge: number }>][] = [
    ['read', 1, (a) => container(a).item('p1', 'p1').read()],
    ['read of nothing', 1, (a) => container(a).item('p2', 'p2').read()],
    ['create', 5.5 + indexed, (a) => container(a).items.create({ ...item, id: 'p2' })],
    ['replace', 2 * (5.5 + indexed), (a) => container(a).item('p1', 'p1').replace(item)],
    ['upsert that inserts', 5.5 + indexed, (a) => container(a).items.upsert({ ...item, id: 'p2' })],
    ['upsert that replaces', 2 * (5.5 + indexed), (a) => container(a).items.upsert(item)],
    ['delete', 5.5 + indexed, (a) => container(a).item('p1', 'p1').delete()],
    [
      'query by id and partition key: no point read',
      2.37,
      (a) => container(a).items.query("SELECT * FROM c WHERE c.id = 'p1'", { partitionKey: 'p1' }).fetchAll(),
    ],
  ];
  it.each(rows)('%s', async (_, expectedRu, act) => {
    const account = await startAccount();
    account.cosmos.load('shop', 'products', [item]);
    expect((await act(account)).requestCharge).toBeCloseTo(expectedRu, 2);
    const used = account.cosmos.snapshot().containers.find((each) => each.container === 'products')?.partitions[0]?.usedRu;
    expect(used).toBeCloseTo(expectedRu, 2);
  });

  it('loads free of charge', async () => {
    const account = await startAccount();
    account.cosmos.load('shop', 'products', [item]);
    expect(account.operations).toEqual([]);
    expect(account.cosmos.snapshot().containers.every(({ partitions }) => partitions.every(({ usedRu }) => usedRu === 0))).toBe(
      true,
    );
  });

  it('charges what a user has measured instead', async () => {
    const account = await startAccount({ charges: { read1KbRu: 1.25, indexedPropertyRu: 1 } });
    account.cosmos.load('shop', 'products', [item]);
    expect((await container(account).item('p1', 'p1').read()).requestCharge).toBe(1.25);
    expect((await container(account).items.create({ ...item, id: 'p2' })).requestCharge).toBeCloseTo(8.5, 2);
  });

  it('charges a refused write too', async () => {
    const account = await startAccount();
    account.cosmos.load('shop', 'products', [item]);
    await expect(container(account).items.create(item)).rejects.toMatchObject({ code: 409 });
    expect(account.operations.at(-1)).toMatchObject({ operationType: 'Create', statusCode: 409, requestCharge: 1 });
  });
});
