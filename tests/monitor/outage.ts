import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Keeper } from '../../synthetics/monitor/keeper.ts';
import { deliver } from '../../telemetry/deliver.ts';
import { openOutbox } from '../../telemetry/outbox.ts';
import { acceptAll, type Ingestion, idOf } from '../support/ingestion.ts';
import { aResult } from '../support/results.ts';
import { SimulatedClock } from './clock.ts';

const minuteMs = 60_000;
/** One request of the drain takes so long of the simulated day, and results go on coming in meanwhile. */
const requestTakesMs = 5_000;
const freshForMs = 120_000;

interface Drained {
  readonly kept: number;
  readonly arrived: number;
  /** Accepted more than once. */
  readonly repeats: number;
  readonly waiting: number;
  /** Of those that arrived, with the time at which they began. */
  readonly withOriginalTime: number;
  readonly isOldestFirst: boolean;
  readonly fresh: number;
  /** From its begin to its receipt, the latest of those that came in during the drain. */
  readonly latestFreshMs: number;
}

/** A monitor's results pile up through an outage of so many simulated hours, forty a minute; then the endpoint comes back, slowly. */
export async function drainOutage(hours: number, ingestion: Ingestion): Promise<Drained> {
  const folder = mkdtempSync(join(tmpdir(), 'outage-'));
  const start = Date.UTC(2026, 10, 23, 12);
  const clock = new SimulatedClock(start);
  const quiet = { info: () => undefined, warn: () => undefined };
  const open = () => openOutbox(join(folder, 'outbox.db'), { now: clock.now });
  const keeper = new Keeper({ open, memoryRows: 10, nowMs: clock.now, log: quiet, onDisk: () => undefined });
  keeper.open();
  const begun = new Map<string, number>();
  const add = (count: number) => {
    for (let i = 0; i < count; i += 1) {
      const result = aResult(begun.size, { startedAt: new Date(clock.now()).toISOString() });
      begun.set(result.id, clock.now());
      keeper.add(result);
    }
  };
  try {
    for (let minute = 0; minute < hours * 60; minute += 1) {
      add(40);
      clock.step(minuteMs);
    }
    const backMs = clock.now();
    const freshAges: number[] = [];
    // Three an eighth of a minute: what a monitor of forty checks goes on to bring.
    ingestion.behave((items, request) => {
      clock.step(requestTakesMs);
      for (const item of items) if (Date.parse(item.time) >= backMs) freshAges.push(clock.now() - Date.parse(item.time));
      if (request < 50) add(4);
      return acceptAll(items, request);
    });
    const { connectionString } = ingestion;
    const all = async () => {
      for (const outbox of keeper.outboxes())
        await deliver(outbox, { connectionString, now: clock.now, deadlineMs: 120_000, freshForMs });
    };
    await all();
    ingestion.behave(acceptAll);
    await all();
    return {
      ...countUp(ingestion, begun, backMs),
      waiting: keeper.counts().waiting,
      latestFreshMs: Math.max(...freshAges),
      fresh: freshAges.length,
    };
  } finally {
    keeper.close();
    rmSync(folder, { recursive: true });
  }
}

function countUp({ accepted }: Ingestion, begun: ReadonlyMap<string, number>, backMs: number) {
  const times = new Map(accepted.map((item) => [idOf(item), Date.parse(item.time)]));
  const backlog = accepted.map(({ time }) => Date.parse(time)).filter((ms) => ms < backMs - freshForMs);
  return {
    kept: begun.size,
    arrived: [...begun.keys()].filter((id) => times.has(id)).length,
    repeats: accepted.length - times.size,
    withOriginalTime: [...begun].filter(([id, atMs]) => times.get(id) === atMs).length,
    isOldestFirst: backlog.every((ms, i) => i === 0 || ms >= (backlog[i - 1] ?? 0)),
  };
}
