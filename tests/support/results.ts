import type { AvailabilityResult } from '../../synthetics/result.ts';

export const hex = (number: number, digits: number) => number.toString(16).padStart(digits, '0');

/** A passed checkout on a stamp; `number` makes ids and times that tests can foresee. */
export function aResult(number: number, changes: Partial<AvailabilityResult> = {}): AvailabilityResult {
  const startedAt = new Date(Date.UTC(2026, 10, 23, 12, 0, 0) + number).toISOString();
  return {
    id: hex(number + 0xa000, 16),
    traceId: `4bf92f35${hex(number + 0xb000, 24)}`,
    environment: 'test',
    journey: 'checkout',
    target: {
      kind: 'stamp',
      name: 'westeurope',
      endpoint: 'https://localhost:8443',
      stamp: 'westeurope',
      region: 'westeurope',
    },
    location: 'local',
    startedAt,
    durationMs: 812.4,
    outcome: 'passed',
    attempts: [{ startedAt, durationMs: 812.4, outcome: 'passed' }],
    servedBy: { region: 'westeurope', stamp: 'westeurope', instance: 'i-1', build: '1.2.3' },
    steps: [
      { name: 'fill the cart', durationMs: 300, outcome: 'passed', status: 201, requests: 2, requestCharge: 12.5 },
      { name: 'pay', durationMs: 512.4, outcome: 'passed', status: 201, requests: 1 },
    ],
    warnings: [],
    ...changes,
  };
}

export const results = (count: number, from = 0) => Array.from({ length: count }, (_, index) => aResult(from + index));
