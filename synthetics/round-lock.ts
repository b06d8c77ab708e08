import type { Environment } from '../fixtures/environments/schema.ts';
import { openOutbox, outboxPath } from '../telemetry/outbox.ts';
import { heartbeat } from './monitor/heartbeat.ts';
import { lockPath, takeLock } from './monitor/lock.ts';
import { messageOf } from './monitor/log.ts';
import { minuteMs } from './monitor/schedule.ts';

/** Exit code of a round that was not started. */
const overrunExit = 2;

/**
 * Takes the lock of plain Playwright rounds for as long as this process lives, or ends it: a scheduler that starts rounds
 * faster than they end gets an overrun, not two rounds that share a folder of traces. The overrun is also kept as a
 * heartbeat that is inconclusive, and goes with the next round's results.
 */
export function lockRoundOrExit(environment: Environment): void {
  const release = takeLock(`${lockPath(environment)}-playwright`);
  if (release) {
    process.once('exit', release);
    return;
  }
  keepOverrun(environment, outboxPath(environment.name), Date.now());
  console.error('overrun: the round before is still running against these endpoints; this one is not started');
  process.exit(overrunExit);
}

/** Leaves an inconclusive heartbeat in an outbox, in the place of the round. */
export function keepOverrun(environment: Environment, outboxFile: string, nowMs: number): void {
  const nothing = { expected: 0, finished: 0, passed: 0, failed: 0, inconclusive: 0, firstAttemptFailures: 0, missed: 0 };
  const round = { period: Math.floor(nowMs / minuteMs), ...nothing, overruns: 1, longestDelayMs: 0, probeFault: false };
  try {
    const outbox = openOutbox(outboxFile, { now: Date.now });
    try {
      outbox.add([heartbeat(environment, round, minuteMs, nowMs)]);
    } finally {
      outbox.close();
    }
  } catch (error) {
    // It is an overrun all the same.
    console.error(`the overrun is not kept: ${messageOf(error)}`);
  }
}
