import type {
  Generator,
  JourneySamples,
  RunObservation,
  Samples,
  ServerMetrics,
  Wanted,
} from '../../load/verdict/observation.ts';

export interface Changes {
  readonly wanted?: Partial<Wanted>;
  readonly samples?: Partial<Samples>;
  readonly generator?: Partial<Generator>;
  readonly server?: ServerMetrics | undefined;
}

export const goodJourney: JourneySamples = {
  iterations: 100,
  failed: 0,
  unclear: 0,
  exceptions: 0,
  checks: 900,
  failedChecks: 0,
  p95Ms: 300,
};

/** A whole minute at 60 requests a second without a fault, and what a row changes of it. */
export function observed({ wanted, samples, generator, server }: Changes = {}): RunObservation {
  const startedAtMs = Date.UTC(2026, 0, 5);
  return {
    wanted: {
      scenario: 'target',
      environment: 'local',
      targets: ['westeurope', 'global'],
      targetPerSecond: 60,
      ratePerSecond: 60,
      durationSeconds: 60,
      corners: [
        { atSeconds: 0, ratePerSecond: 60 },
        { atSeconds: 60, ratePerSecond: 60 },
      ],
      journeys: { browse: 100, checkout: 100 },
      latencyP95Ms: 200,
      errorPercent: 1,
      journeyMs: 10_000,
      budgetRuPerSecond: 4000,
      budgetRuPerJourney: {},
      targetIterations: { browse: 10, checkout: 10 },
      ...wanted,
    },
    samples: {
      requests: 3600,
      failed: 0,
      unanswered: {},
      droppedIterations: 0,
      refusals: [],
      throttleRetries: 0,
      steps: {},
      mixSeconds: [],
      failureSeconds: [],
      instances: {},
      latencyP95Ms: 41,
      journeys: { browse: goodJourney, checkout: goodJourney },
      firstAtMs: startedAtMs,
      lastAtMs: startedAtMs + 60_000,
      seconds: [],
      ...samples,
    },
    generator: {
      exitCode: 0,
      signal: null,
      interrupted: false,
      errorLines: [],
      errorCount: 0,
      coresUsed: 0.3,
      cores: 2,
      machineBusy: 0.5,
      iterations: 0,
      ...generator,
    },
    server,
    startedAtMs,
    endedAtMs: startedAtMs + 61_000,
  };
}

/** Nothing came: k6 ended before its first request. */
export const nothing: Partial<Samples> = {
  requests: 0,
  latencyP95Ms: undefined,
  journeys: {},
  firstAtMs: undefined,
  lastAtMs: undefined,
};
