import { vi } from 'vitest';

/**
 * Looks every 10 ms until what is seen holds, and answers what was seen. The limit of a minute is for a machine that is busy with
 * other tests: what passes never waits for it.
 */
export const soon = <T>(look: () => T | Promise<T>) => vi.waitFor(look, { timeout: 60_000, interval: 10 });
