import { expect, it } from 'vitest';
import { situations } from '../situations.ts';
import { wrongByKql } from './agreement.ts';

it('KQL answers the states written by hand', { timeout: 600_000 }, async () => {
  expect(situations.length).toBeGreaterThanOrEqual(60);
  expect(await wrongByKql(situations)).toEqual([]);
});
