import { setTimeout as sleep } from 'node:timers/promises';
import type { Environment } from '../fixtures/environments/schema.ts';
import { lockPath, shareLock, takeLock } from '../synthetics/monitor/lock.ts';

const pollMs = 100;

/** Held by who starts the store: another command that wants it finds it running, and not half of it. Undefined after `waitMs`. */
export const startingAlone = (environment: Environment, waitMs: number) =>
  within(waitMs, () => takeLock(`${lockPath(environment)}-store-start`));

async function within(waitMs: number, lock: () => (() => void) | undefined): Promise<(() => void) | undefined> {
  const endsAt = performance.now() + waitMs;
  for (;;) {
    const release = lock();
    if (release || performance.now() >= endsAt) return release;
    await sleep(pollMs);
  }
}

const usePath = (environment: Environment) => `${lockPath(environment)}-store-use`;

/** Says that a store that another command started is in use, until it is let go of or this process ends. Undefined where it closes for `waitMs`. */
export const useOnce = (environment: Environment, waitMs: number) => within(waitMs, () => shareLock(usePath(environment)));

/** Waits until nobody uses the store any more, and keeps others from it until it is let go of; `onUsed` is called where it has to wait. */
export async function untilUnused(environment: Environment, onUsed: () => void): Promise<() => void> {
  for (let isFirst = true; ; isFirst = false) {
    const release = takeLock(usePath(environment));
    if (release) return release;
    if (isFirst) onUsed();
    await sleep(pollMs);
  }
}
