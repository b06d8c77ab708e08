import { expect, test } from 'vitest';
import { Keeper } from '../../synthetics/monitor/keeper.ts';
import { openOutbox } from '../../telemetry/outbox.ts';
import { aResult } from '../support/results.ts';

test('a number that the file does not give is unknown, and results go to memory', () => {
  const now = () => Date.UTC(2026, 10, 23, 12);
  const faults: (string | undefined)[] = [];
  const keeper = new Keeper({
    open: () => {
      const unreadable = openOutbox(':memory:', { now });
      unreadable.close();
      return unreadable;
    },
    memoryRows: 10,
    nowMs: now,
    log: { info: () => undefined, warn: () => undefined },
    onDisk: (fault) => faults.push(fault),
  });
  keeper.open();
  expect(keeper.note('last round')).toBeUndefined();
  expect(faults).toEqual([expect.stringMatching(/not open|closed|finalized/)]);
  keeper.add(aResult(1));
  expect(keeper.onDisk).toBe(false);
});
