import { expect, it } from 'vitest';
import { astray, isInOrder } from '../proofs/health-incidents.ts';
import { incidents } from '../proofs/past-incidents.ts';

it.each([
  ['healthy healthy degraded unhealthy healthy', 'healthy (degraded) unhealthy healthy', true],
  ['healthy unhealthy unhealthy healthy', 'healthy (degraded) unhealthy healthy', true],
  ['healthy degraded healthy', 'healthy (degraded) unhealthy healthy', false],
  ['healthy degraded healthy degraded healthy', 'healthy degraded healthy', false],
  ['healthy degraded', 'healthy degraded healthy', false],
  ['healthy', 'healthy (unknown) (healthy)', true],
] as const)('%s in the order %s: %s', (seen, order, holds) => {
  expect(isInOrder(seen.split(' '), order)).toBe(holds);
});

it('names nodes that nobody named and that changed', () => {
  const minute = (a: 'healthy' | 'degraded', b: 'healthy' | 'degraded') => ({
    states: new Map([['a', a] as const, ['b', b] as const]),
  });
  const minutes = [minute('healthy', 'healthy'), minute('degraded', 'degraded'), minute('healthy', 'healthy')];
  expect(astray(minutes, { a: 'healthy degraded healthy' })).toEqual(['b: healthy degraded healthy']);
  expect(incidents).toHaveLength(5);
});
