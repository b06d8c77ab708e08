import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Courier } from '../../synthetics/monitor/courier.ts';
import { Keeper } from '../../synthetics/monitor/keeper.ts';
import { closeExporter } from '../../telemetry/application-insights.ts';
import { deliver } from '../../telemetry/deliver.ts';
import { openOutbox } from '../../telemetry/outbox.ts';
import { acceptAll, type Behaviour, type Ingestion, idOf, startIngestion } from '../support/ingestion.ts';
import { aResult, results } from '../support/results.ts';
import { SimulatedClock } from './clock.ts';
import { drainOutage } from './outage.ts';

const start = Date.UTC(2026, 10, 23, 12);
const quiet = { info: () => undefined, warn: () => undefined };

let ingestion: Ingestion;
let folder: string;
let made = 0;
beforeAll(async () => {
  ingestion = await startIngestion();
});
afterAll(async () => {
  await closeExporter();
  await ingestion.close();
});
afterEach(() => {
  ingestion.behave(acceptAll);
  ingestion.requests.length = 0;
  ingestion.accepted.length = 0;
  rmSync(folder, { recursive: true, force: true });
});

function path(): string {
  folder = mkdtempSync(join(tmpdir(), 'delivery-'));
  return join(folder, 'outbox.db');
}

/** A result that begins at a moment of the simulated day. */
const resultAt = (ms: number) => aResult(made++, { startedAt: new Date(ms).toISOString() });
const unavailable: Behaviour = () => ({ status: 503 });

describe('delivery beside the rounds', () => {
  test('drains an outage of hours with original times, while fresh results keep arriving', async () => {
    folder = mkdtempSync(join(tmpdir(), 'delivery-'));
    const { kept, latestFreshMs, ...seen } = await drainOutage(2, ingestion);
    expect(kept).toBeGreaterThanOrEqual(2 * 60 * 40);
    expect(seen).toMatchObject({ arrived: kept, withOriginalTime: kept, repeats: 0, waiting: 0, isOldestFirst: true });
    expect(seen.fresh).toBeGreaterThan(0);
    expect(latestFreshMs).toBeLessThan(120_000);
  });

  test('without asking for fresh ones all go oldest first', async () => {
    const outbox = openOutbox(path(), { now: () => start });
    outbox.add(results(1_200));
    const now = () => Date.UTC(2026, 10, 23, 12, 0, 1);
    await deliver(outbox, { connectionString: ingestion.connectionString, now, deadlineMs: 20_000 });
    const all = ingestion.accepted.map(({ time }) => Date.parse(time));
    expect(all).toEqual(all.toSorted((a, b) => a - b));
    expect(all).toHaveLength(1_200);
    outbox.close();
  });

  test('sends nothing twice where backlog and fresh meet', async () => {
    const outbox = openOutbox(path(), { now: () => start });
    outbox.add(results(3_000));
    const now = () => Date.UTC(2026, 10, 23, 12, 0, 4);
    await deliver(outbox, { connectionString: ingestion.connectionString, now, deadlineMs: 20_000, freshForMs: 2_000 });
    expect(ingestion.accepted).toHaveLength(3_000);
    expect(new Set(ingestion.accepted.map(idOf)).size).toBe(3_000);
    outbox.close();
  });

  /** A courier whose deliveries are told by their time, and don't leave the process. */
  function couriered() {
    const clock = new SimulatedClock(start);
    const file = path();
    const keeper = new Keeper({
      open: () => openOutbox(file, { now: clock.now }),
      memoryRows: 10,
      nowMs: clock.now,
      log: quiet,
      onDisk: () => undefined,
    });
    keeper.open();
    keeper.add(resultAt(start));
    const tries: number[] = [];
    const endpoint = { isDown: false };
    const courier = new Courier({
      keeper,
      connectionString: () => 'any',
      clock,
      log: quiet,
      onDelivery: () => undefined,
      deliver: () => {
        tries.push(clock.now());
        return Promise.resolve({ accepted: 0, undelivered: endpoint.isDown ? 1 : 0, parked: 0, late: 0, reason: 'down' });
      },
    });
    courier.start();
    const stop = async () => {
      void courier.stop(1_000);
      await clock.pass(1_000);
      keeper.close();
    };
    return { clock, courier, tries, endpoint, stop };
  }

  test('tries an endpoint that fails again within half a minute', async () => {
    const { clock, tries, endpoint, stop } = couriered();
    endpoint.isDown = true;
    await clock.pass(10 * 60_000);
    const gaps = tries.slice(1).map((ms, index) => ms - (tries[index] ?? 0));
    expect(Math.max(...gaps)).toBe(30_000);
    endpoint.isDown = false;
    await clock.pass(60_000);
    const before = tries.length;
    await clock.pass(60_000);
    expect(tries.length - before).toBe(30);
    await stop();
  });

  test('sends what is news within a quarter of a second, together, but no more often to an endpoint that takes nothing', async () => {
    const { clock, courier, tries, endpoint, stop } = couriered();
    await clock.pass(2_500);
    expect(tries).toEqual([start + 2_000]);
    for (let news = 0; news < 5; news += 1) {
      courier.hurry();
      await clock.pass(40);
    }
    await clock.pass(300);
    expect(tries.slice(1)).toEqual([start + 2_750]);
    endpoint.isDown = true;
    await clock.pass(60_000);
    const before = tries.length;
    for (let news = 0; news < 20; news += 1) {
      courier.hurry();
      await clock.pass(1_000);
    }
    expect(tries.length - before).toBeLessThanOrEqual(1);
    await stop();
  });

  test('says one reason for file and memory together', async () => {
    const clock = new SimulatedClock(start);
    const lines: string[] = [];
    const note = (event: string) => void lines.push(event);
    const [file, memory] = [path(), ':memory:'].map((where) => openOutbox(where, { now: clock.now }));
    const courier = new Courier({
      keeper: { outboxes: () => [file, memory] } as unknown as Keeper,
      connectionString: () => 'any',
      clock,
      log: { info: note, warn: note },
      onDelivery: () => undefined,
      deliver: (outbox, { deadlineMs }) => {
        void clock.pass(400);
        const undelivered = outbox === file ? deadlineMs : 0;
        return Promise.resolve({ accepted: 0, undelivered, parked: 0, late: 0, reason: 'down' });
      },
    });
    expect([await courier.deliverAll(1_000), await courier.deliverAll(1_000)]).toEqual([false, false]);
    expect(lines).toEqual(['undelivered']);
    for (const outbox of [file, memory]) outbox?.close();
  });

  test('says what can be read no more, at the start and when there is more of it', async () => {
    const clock = new SimulatedClock(start);
    const lines: unknown[] = [];
    const log = { info: () => undefined, warn: (event: string, fields?: object) => void lines.push([event, fields]) };
    const outbox = openOutbox(path(), { now: clock.now });
    const keeper = { outboxes: () => [outbox] } as unknown as Keeper;
    const connectionString = () => ingestion.connectionString;
    const courier = new Courier({ keeper, connectionString, clock, log, onDelivery: () => undefined });
    const said = (parked: number) => {
      const reasons = [{ items: parked, reason: expect.stringMatching(/^can't be read by this version: durationMs: /) }];
      return ['refused or unreadable', { parked, reasons }];
    };
    outbox.add([aResult(0, { durationMs: -1 }), aResult(1)]);
    // All that can be delivered is.
    expect([await courier.deliverAll(5_000), await courier.deliverAll(5_000)]).toEqual([true, true]);
    expect(lines).toEqual([said(1)]);
    outbox.add([aResult(2, { durationMs: -1 })]);
    expect(await courier.deliverAll(5_000)).toBe(true);
    expect(lines).toEqual([said(1), said(2)]);
    outbox.close();
  });

  test('says a reason once, and when it is over', async () => {
    const clock = new SimulatedClock(start);
    const file = path();
    const lines: string[] = [];
    const log = {
      info: (event: string) => void lines.push(event),
      warn: (event: string, fields?: object) => void lines.push(`${event} ${JSON.stringify(fields)}`),
    };
    const keeper = new Keeper({
      open: () => openOutbox(file, { now: clock.now }),
      memoryRows: 10,
      nowMs: clock.now,
      log,
      onDisk: () => undefined,
    });
    keeper.open();
    keeper.add(resultAt(clock.now()));
    let connectionString: string | undefined = 'InstrumentationKey=nonsense';
    const courier = new Courier({ keeper, connectionString: () => connectionString, clock, log, onDelivery: () => undefined });
    expect(await courier.deliverAll(1_000)).toBe(false);
    expect(await courier.deliverAll(1_000)).toBe(false);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^undelivered .*malformed/);
    expect(lines[0]).not.toContain('nonsense');
    ingestion.behave(unavailable);
    connectionString = ingestion.connectionString;
    expect(await courier.deliverAll(500)).toBe(false);
    ingestion.behave(acceptAll);
    expect(await courier.deliverAll(5_000)).toBe(true);
    expect(lines.at(-1)).toBe('delivery works again');
    keeper.close();
  });
});
