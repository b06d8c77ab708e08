import { complete, type LoadVerdict } from '../../load/verdict/verdict.ts';
import type { RunReport } from '../../pages/report/run-report.ts';
import type { AvailabilityResult, Failure, Outcome } from '../../synthetics/result.ts';

const startedAt = '2026-11-22T14:03:00.000Z';

const targets = [
  { kind: 'stamp', name: 'westeurope', endpoint: 'https://localhost:8444', stamp: 'westeurope', region: 'westeurope' },
  { kind: 'global', name: 'global', endpoint: 'https://localhost:8443' },
  {
    kind: 'slot',
    name: 'westeurope-staging',
    endpoint: 'https://localhost:8445',
    stamp: 'westeurope',
    region: 'westeurope',
    slot: 'staging',
  },
] as const;

/** A result with everything a consumer reads; fields can be replaced. */
export function sampleResult(change: Partial<AvailabilityResult> = {}): AvailabilityResult {
  const outcome = change.outcome ?? 'passed';
  return {
    id: '00f067aa0ba902b7',
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    environment: 'local',
    journey: 'browse',
    target: targets[0],
    location: 'local',
    startedAt,
    durationMs: 123.4,
    outcome,
    attempts: [{ startedAt, durationMs: 123.4, outcome }],
    servedBy: { region: 'westeurope', stamp: 'westeurope', instance: 'web-1', build: 'good' },
    steps: [{ name: 'list', durationMs: 120, outcome, status: 200, requests: 1, requestCharge: 3.2 }],
    warnings: [],
    ...change,
  };
}

export const payFailure: Failure = { step: 'pay', rule: 'status 201', seen: '503 after 812 ms', cause: 'http' };

/** One journey passed everywhere, one failed in a stamp, one inconclusive. */
export function sampleResults(): AvailabilityResult[] {
  const failed = (journey: string, outcome: Outcome, failure: Failure) =>
    sampleResult({ id: '00f067aa0ba902b8', journey, outcome, failure, durationMs: 1812 });
  return [
    ...targets.map((target, i) => sampleResult({ id: `00f067aa0ba9020${i}`, target })),
    failed('checkout', 'failed', payFailure),
    failed('cart', 'inconclusive', { step: 'sign in', rule: 'a token', seen: 'the identity provider refused', cause: 'auth' }),
  ];
}

export function sampleLoad(change: Partial<LoadVerdict> = {}): LoadVerdict {
  return {
    scenario: 'target',
    environment: 'local',
    targets: ['westeurope', 'eastus'],
    startedAt,
    endedAt: '2026-11-22T14:04:00.000Z',
    verdict: 'fail',
    reasons: ['latency p95 312 ms is over 200 ms (3,512 samples)'],
    rateWantedPerSecond: 60,
    rateReachedPerSecond: 59.7,
    requests: 3582,
    judgements: [
      complete({
        name: 'latency p95',
        verdict: 'fail',
        value: 312,
        limit: 200,
        unit: 'ms',
        samples: 3512,
        reason: 'over the limit',
      }),
      complete({ name: 'errors', verdict: 'pass', value: 0.1, limit: 1, unit: '%', samples: 3512 }),
      complete({ name: 'checkout', verdict: 'inconclusive', unit: 'checks', samples: 0, reason: 'no samples' }),
    ],
    seconds: Array.from({ length: 60 }, (_, i) => ({
      atMs: i * 1000,
      requests: 55 + (i % 9),
      failed: i === 30 ? 4 : 0,
      ...(i === 40 ? {} : { p50Ms: 12, p95Ms: 40 + i * 4 }),
    })),
    ...change,
  };
}

export function sampleReport(change: Partial<RunReport> = {}): RunReport {
  return {
    run: '2026-11-22T14-03-00Z',
    environment: 'local',
    startedAt,
    endedAt: '2026-11-22T14:04:30.000Z',
    faults: [],
    notes: [],
    results: sampleResults(),
    delivery: { accepted: 5, undelivered: 0, parked: 0 },
    load: sampleLoad(),
    exitCode: 1,
    ...change,
  };
}
