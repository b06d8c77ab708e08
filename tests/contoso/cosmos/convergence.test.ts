import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Container } from '../../../fixtures/contoso/azure/cosmos/container.ts';
import { Throughput } from '../../../fixtures/contoso/azure/cosmos/throughput.ts';

const regions = ['a', 'b', 'c'];
const key = '["p"]';

interface Step {
  readonly region: number;
  readonly id: number;
  readonly remove: boolean;
  readonly waitMs: number;
}

const steps = fc.array(
  fc.record<Step>({
    region: fc.integer({ min: 0, max: 2 }),
    id: fc.integer({ min: 0, max: 2 }),
    remove: fc.boolean(),
    waitMs: fc.integer({ min: 0, max: 2000 }),
  }),
  { maxLength: 30 },
);

/** Runs writes in several regions at once, with lags that differ, and gives what each region holds in the end. */
function play(script: readonly Step[], multiRegionWrites: boolean) {
  let now = 1_700_000_000_000;
  let drawn = 0;
  const container = new Container({
    database: 'd',
    definition: { id: 'c', partitionKey: '/k' },
    rid: Buffer.alloc(8),
    regions,
    throughput: new Throughput('manual', 400, 1),
    multiRegionWrites,
    world: { now: () => now, random: () => 0.5, timeScale: 1 },
    lagMs: () => (drawn++ * 997) % 3000,
    isCutOff: () => false,
  });
  for (const { region, id, remove, waitMs } of script) {
    const name = regions[multiRegionWrites ? region : 0] ?? '';
    const previous = container.replica(name, now).find(key, `i${id}`, now);
    const document = remove ? undefined : container.prepare({ id: `i${id}`, k: 'p' }, name, now, previous);
    if (previous !== undefined || document !== undefined) container.commit(name, key, `i${id}`, document, previous, now);
    now += waitMs;
  }
  now += 100_000;
  return regions.map((region) => {
    const documents = container.replica(region, now).partitions.get(key)?.documents ?? new Map();
    return {
      documents: [...documents].map(([id, { etag }]) => `${id} ${etag}`).sort(),
      progress: container.replica(region, now).progress,
    };
  });
}

describe('replication: where writes have stopped', () => {
  it('all regions hold what the one write region holds', () => {
    fc.assert(
      fc.property(steps, (script) => {
        const [first, ...others] = play(script, false);
        for (const other of others) expect(other).toEqual(first);
      }),
      { seed: 4, numRuns: 300 },
    );
  });

  it('all regions have seen every write, wherever it was taken', () => {
    fc.assert(
      fc.property(steps, (script) => {
        const [first, ...others] = play(script, true);
        for (const other of others) expect(other.progress).toEqual(first?.progress);
      }),
      { seed: 4, numRuns: 300 },
    );
  });

  it('all regions agree after updates in several', () => {
    fc.assert(
      fc.property(steps, (script) => {
        const [first, ...others] = play(
          script.map((step) => ({ ...step, remove: false })),
          true,
        );
        for (const other of others) expect(other.documents).toEqual(first?.documents);
      }),
      { seed: 4, numRuns: 300 },
    );
  });

  it('all regions agree after updates and deletes in several', () => {
    fc.assert(
      fc.property(steps, (script) => {
        const [first, ...others] = play(script, true);
        for (const other of others) expect(other.documents).toEqual(first?.documents);
      }),
      { seed: 4, numRuns: 300 },
    );
  });
});
