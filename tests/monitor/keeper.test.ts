import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Keeper } from '../../synthetics/monitor/keeper.ts';
import { closeExporter } from '../../telemetry/application-insights.ts';
import { deliver } from '../../telemetry/deliver.ts';
import { openOutbox } from '../../telemetry/outbox.ts';
import { type Ingestion, startIngestion } from '../support/ingestion.ts';
import { aResult, results } from '../support/results.ts';

const start = Date.UTC(2026, 10, 23, 12);
const quiet = { info: () => undefined, warn: () => undefined };

let ingestion: Ingestion;
let folder: string;
beforeAll(async () => {
  ingestion = await startIngestion();
});
afterAll(async () => {
  await closeExporter();
  await ingestion.close();
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keeper-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const path = () => join(folder, 'outbox.db');

describe('keeper', () => {
  const keeperAt = (file: string, memoryRows: number, faults: (string | undefined)[]) =>
    new Keeper({
      open: () => openOutbox(file, { now: () => start }),
      memoryRows,
      nowMs: () => start,
      log: quiet,
      onDisk: (fault) => faults.push(fault),
    });

  test('works from memory where the file can not be made, until it can', async () => {
    const file = join(path(), 'below', 'a-file');
    writeFileSync(join(folder, 'outbox.db'), 'a file where a folder should be');
    const faults: (string | undefined)[] = [];
    const keeper = keeperAt(file, 100, faults);
    keeper.open();
    keeper.add(aResult(1));
    expect(keeper.onDisk).toBe(false);
    expect(faults).toEqual([expect.stringMatching(/EEXIST|ENOTDIR/)]);
    // Straight from memory, with receipts.
    const [memory] = keeper.outboxes();
    if (!memory) throw new Error('no memory');
    const delivery = await deliver(memory, { connectionString: ingestion.connectionString, now: () => start, deadlineMs: 5_000 });
    expect(delivery.accepted).toBe(1);
    keeper.add(aResult(2));
    rmSync(join(folder, 'outbox.db'));
    mkdirSync(join(folder, 'outbox.db'));
    keeper.recover();
    expect(keeper.onDisk).toBe(true);
    expect(faults.at(-1)).toBeUndefined();
    keeper.close();
    const outbox = openOutbox(file, { now: () => start });
    expect(outbox.waiting(10).map(({ id }) => id)).toEqual([aResult(2).id]);
    outbox.close();
  });

  test('is not delivered from a file that could not keep what arrived, and counts what waits there', () => {
    const file = openOutbox(path(), { now: () => start });
    let isBroken = false;
    const add = file.add.bind(file);
    file.add = (each) => {
      if (isBroken) throw new Error('database or disk is full');
      return add(each);
    };
    const keeper = new Keeper({ open: () => file, memoryRows: 10, nowMs: () => start, log: quiet, onDisk: () => undefined });
    keeper.open();
    keeper.add(aResult(1));
    expect(keeper.outboxes()).toEqual([file]);
    isBroken = true;
    keeper.add(aResult(2));
    expect(keeper.outboxes().map((outbox) => outbox.path)).toEqual([':memory:']);
    expect(keeper.counts()).toMatchObject({ waiting: 2 });
    isBroken = false;
    keeper.recover();
    expect(keeper.outboxes()).toEqual([file]);
    expect(file.waiting(10).map(({ id }) => id)).toEqual([aResult(1).id, aResult(2).id]);
    keeper.close();
  });

  test('moves to the file whatever became of it in memory, with its evidence and its losses', () => {
    const file = join(path(), 'below', 'a-file');
    writeFileSync(join(folder, 'outbox.db'), 'a file where a folder should be');
    const keeper = keeperAt(file, 4, []);
    keeper.open();
    const evidence = { request: { method: 'GET', url: 'https://shop/', headers: {} }, error: 'reset' };
    // One that this version can't read is moved like the others.
    for (const result of results(6)) keeper.add(result.id === aResult(5).id ? { ...result, durationMs: -1 } : result, evidence);
    const [memory] = keeper.outboxes();
    memory?.mark([
      { id: aResult(2).id, state: 'delivered' },
      { id: aResult(3).id, state: 'parked', reason: 'too large' },
      { id: aResult(4).id, state: 'waiting', reason: 'throttled' },
    ]);
    const counts = keeper.counts();
    expect(counts).toEqual({ waiting: 2, parked: 1, lost: 2 });
    rmSync(join(folder, 'outbox.db'));
    mkdirSync(join(folder, 'outbox.db'));
    keeper.recover();
    expect(keeper.counts()).toEqual(counts);
    keeper.close();
    const outbox = openOutbox(file, { now: () => start });
    expect(outbox.rows(10).map(({ id, state, reason }) => [id, state, reason])).toEqual([
      [aResult(2).id, 'delivered', undefined],
      [aResult(3).id, 'parked', 'too large'],
      [aResult(4).id, 'waiting', 'throttled'],
      [aResult(5).id, 'waiting', undefined],
    ]);
    expect(outbox.evidenceOf(aResult(5).id)).toEqual(evidence);
    outbox.close();
  });

  test('keeps memory within its bound, drops the oldest, and counts them', () => {
    const file = join(path(), 'below');
    writeFileSync(join(folder, 'outbox.db'), '');
    const keeper = keeperAt(file, 50, []);
    keeper.open();
    for (const result of results(80)) keeper.add(result);
    expect(keeper.counts()).toEqual({ waiting: 50, parked: 0, lost: 30 });
    const [memory] = keeper.outboxes();
    expect(memory?.waiting(1)[0]?.id).toBe(aResult(30).id);
    keeper.close();
  });

  test('keeps evidence beside a result, and numbers beyond the process', () => {
    const file = path();
    const keeper = keeperAt(file, 10, []);
    keeper.open();
    keeper.add(aResult(1), { request: { method: 'GET', url: 'https://shop/', headers: {} }, error: 'reset' });
    keeper.setNote('last round', 42);
    keeper.close();
    const outbox = openOutbox(file, { now: () => start });
    expect(outbox.evidenceOf(aResult(1).id)).toMatchObject({ error: 'reset' });
    expect(outbox.find(aResult(1).id)?.journey).toBe('checkout');
    expect(outbox.find('0000000000000000')).toBeUndefined();
    expect(outbox.evidenceOf('0000000000000000')).toBeUndefined();
    expect([outbox.note('last round'), outbox.note('other')]).toEqual([42, 0]);
    outbox.close();
  });

  test('bounds what it keeps as evidence', () => {
    const outbox = openOutbox(path(), { now: () => start });
    for (let number = 0; number < 1_010; number += 1) outbox.keepEvidence(`id-${number}`, number);
    expect(outbox.evidenceOf('id-9')).toBeUndefined();
    expect(outbox.evidenceOf('id-10')).toBe(10);
    outbox.close();
  });

  test('a number that the file does not give is unknown, and results go to memory', () => {
    const faults: (string | undefined)[] = [];
    const keeper = new Keeper({
      open: () => {
        const unreadable = openOutbox(':memory:', { now: () => start });
        unreadable.close();
        return unreadable;
      },
      memoryRows: 10,
      nowMs: () => start,
      log: quiet,
      onDisk: (fault) => faults.push(fault),
    });
    keeper.open();
    expect(keeper.note('last round')).toBeUndefined();
    expect(faults).toEqual([expect.stringMatching(/not open|closed|finalized/)]);
    keeper.add(aResult(1));
    expect(keeper.onDisk).toBe(false);
  });
});
