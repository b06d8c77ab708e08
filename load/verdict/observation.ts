import type { LoadVerdict } from './verdict.ts';

/** What was asked of a run, from which follows how many samples there must be. */
export interface Wanted {
  readonly scenario: string;
  readonly environment: string;
  readonly targets: readonly string[];
  /** On average over the run. */
  readonly ratePerSecond: number;
  readonly durationSeconds: number;
  /** The rate over time, straight lines between. */
  readonly corners: readonly { readonly atSeconds: number; readonly ratePerSecond: number }[];
  /** Iterations of each journey of the mix. */
  readonly journeys: Readonly<Record<string, number>>;
  readonly latencyP95Ms: number;
  readonly errorPercent: number;
  readonly journeyMs: number;
}

/** What k6 said of one journey. */
export interface JourneySamples {
  readonly iterations: number;
  readonly failed: number;
  /** Iterations that tell nothing of the store, such as one without a token. */
  readonly unclear: number;
  /** Iterations that threw something that is no failed expectation: a bug of the test, not of the store. */
  readonly exceptions: number;
  readonly checks: number;
  readonly failedChecks: number;
  /** Of the iterations that passed, clean-up included. */
  readonly p95Ms?: number | undefined;
  /** Rule of the first failed check. */
  readonly firstFailure?: string | undefined;
}

/** What came out of k6's stream of samples. */
export interface Samples {
  readonly requests: number;
  /** Requests with an unexpected status, or without an answer. */
  readonly failed: number;
  /** Of those, the ones without an answer, by k6's error code: 1212 is a refused connection. */
  readonly unanswered: Readonly<Record<string, number>>;
  readonly droppedIterations: number;
  /** p95 over the answered requests: k6 counts a refused connection as one of 0 ms. */
  readonly latencyP95Ms?: number | undefined;
  readonly journeys: Readonly<Record<string, JourneySamples>>;
  readonly firstAtMs?: number | undefined;
  readonly lastAtMs?: number | undefined;
  readonly seconds: LoadVerdict['seconds'];
}

/** How the k6 process fared. */
export interface Generator {
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** We stopped it, on Ctrl-C. */
  readonly interrupted: boolean;
  /** Error lines of its log: uncaught exceptions, the reason of an abort. k6 exits 0 on an exception in an iteration. */
  readonly errorLines: readonly string[];
  readonly errorCount: number;
  /** Cores that k6 used while it sent load, on average; undefined where the system doesn't say. */
  readonly coresUsed?: number | undefined;
  readonly cores: number;
  /** Share of all cores that was busy meanwhile, with whatever. */
  readonly machineBusy?: number | undefined;
}

export interface RunObservation {
  readonly wanted: Wanted;
  readonly samples: Samples;
  readonly generator: Generator;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
}

/** Seconds that load was sent, at most the duration that was asked for. */
export function sentSeconds({ samples, wanted }: RunObservation): number {
  if (samples.firstAtMs === undefined || samples.lastAtMs === undefined) return 0;
  return Math.min(wanted.durationSeconds, (samples.lastAtMs - samples.firstAtMs) / 1000);
}
