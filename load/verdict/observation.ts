import type { AutoscalePlan, AutoscaleRules } from '../k6/autoscale.ts';
import type { LoadVerdict, RunEvent, ServerSeries } from './verdict.ts';

/** What was asked of a run, from which follows how many samples there must be. */
export interface Wanted {
  readonly scenario: string;
  readonly environment: string;
  readonly targets: readonly string[];
  /** Production feels it: k6 ends the run as soon as an objective is missed. Default: no. */
  readonly guarded?: boolean;
  /** Requests per second that the scenario's profile takes as 100 %. */
  readonly targetPerSecond: number;
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
  /** RU/s that the mix may cost at the target rate, and RU that a journey may. */
  readonly budgetRuPerSecond: number;
  readonly budgetRuPerJourney: Readonly<Record<string, number>>;
  /** Iterations per second of each journey at the target rate, by the environment's own mix. */
  readonly targetIterations: Readonly<Record<string, number>>;
  /** Stages and expectations of the autoscale scenario. */
  readonly autoscale?: AutoscalePlan;
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

/** Facts of an answer that was refused, as k6 tells them; an empty text where there was nothing. */
export interface Refusal {
  /** Route: `POST /api/orders`. */
  readonly name: string;
  readonly status: number;
  /** The store's own word, `x-contoso-layer`. */
  readonly layer: string;
  /** `error.code` of the body. */
  readonly code: string;
  /** `x-azure-externalerror`: Front Door answered in place of an origin. */
  readonly external: string;
  /** The app answered, so it named its instance. */
  readonly byApp: boolean;
  /** The store's SDK had been throttled and tried again before it gave up. */
  readonly retried: boolean;
  readonly count: number;
}

/** What k6 said of one step of a journey. */
export interface StepSamples {
  readonly journey: string;
  readonly step: string;
  /** Answered requests. */
  readonly requests: number;
  readonly p50Ms?: number | undefined;
  readonly p95Ms?: number | undefined;
  /** Times that the step told its RU, in iterations that passed. */
  readonly charges: number;
  readonly ru: number;
  /** Sum of the squares, for the spread. */
  readonly ruSquared: number;
}

/** Requests of each journey in one second, for what has to be told apart by its mix. */
export interface MixSecond {
  readonly atMs: number;
  readonly requests: Readonly<Record<string, number>>;
  /** Answers by the stamp that gave them, `''` where none is named; absent where nobody asked. */
  readonly served?: Readonly<Record<string, number>>;
}

/** What failed in one second, for the layers at fault over time. */
export type FailureSecond = { readonly atMs: number } & Pick<Samples, 'failed' | 'unanswered' | 'refusals'>;

/** What came out of k6's stream of samples. */
export interface Samples {
  readonly requests: number;
  /** Requests with an unexpected status, or without an answer. */
  readonly failed: number;
  /** Of those, the ones without an answer, by k6's error code: 1212 is a refused connection. */
  readonly unanswered: Readonly<Record<string, number>>;
  readonly droppedIterations: number;
  readonly refusals: readonly Refusal[];
  /** Attempts that the store's Cosmos SDK made again after a 429. */
  readonly throttleRetries: number;
  /** By `checkout › pay`. */
  readonly steps: Readonly<Record<string, StepSamples>>;
  readonly mixSeconds: readonly MixSecond[];
  /** Seconds in which something failed or was refused, in order. */
  readonly failureSeconds: readonly FailureSecond[];
  /** When each instance first answered, wall time. */
  readonly instances: Readonly<Record<string, number>>;
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
  /** Which of several was not whole: `2 of 3`. */
  readonly runner?: string;
  /** Of a k6 that nobody saw ending: why it is not believed to be whole. */
  readonly lost?: string;
  /** We stopped it since it had shown all that it was to show. */
  readonly enough?: boolean;
  /** Error lines of its log: uncaught exceptions, the reason of an abort. k6 exits 0 on an exception in an iteration. */
  readonly errorLines: readonly string[];
  readonly errorCount: number;
  /** That k6's own summary counts; undefined where it left none. */
  readonly iterations?: number | undefined;
  /** Cores that k6 used while it sent load, on average; undefined where the system doesn't say. */
  readonly coresUsed?: number | undefined;
  readonly cores: number;
  /** Share of all cores that was busy meanwhile, with whatever. */
  readonly machineBusy?: number | undefined;
}

/** One value over a stretch of wall time. */
export interface ServerPoint {
  readonly atMs: number;
  readonly value: number;
}

/** RU of all containers in one minute of the metrics, by wall time; on a local store such a minute passes faster. */
export interface RuMinute {
  readonly fromMs: number;
  readonly toMs: number;
  readonly ru: number;
}

/** A physical partition of a container, by what Azure Monitor says of it. */
export interface PartitionUse {
  readonly container: string;
  readonly partition: string;
  /** The highest normalized RU consumption of a minute, per cent. */
  readonly peakPercent: number;
}

/** What Azure Monitor's autoscale says of a plan. */
export interface AutoscaleReading {
  /** As Azure Resource Manager has them. */
  readonly rules: AutoscaleRules;
  /** Scale actions, in order; by the minute of the metric. */
  readonly actions: readonly { readonly atMs: number; readonly direction: 'Increase' | 'Decrease' }[];
  /** Reads that Key Vault refused during the run; undefined where nobody knows the vault. */
  readonly vaultRefused?: number | undefined;
}

/** What the server's own metrics say of the run. Whoever reads them leaves out what has not arrived. */
export interface ServerMetrics {
  /** Why there are none. */
  readonly missing?: string;
  readonly ruMinutes?: readonly RuMinute[];
  /** What Cosmos DB answered during the run, and how often with 429. */
  readonly cosmosAnswers?: { readonly throttled: number; readonly all: number };
  /** RU/s without load. */
  readonly idleRuPerSecond?: number;
  readonly partitions?: readonly PartitionUse[];
  /** Per cent of the run's minutes in which any of them told it. */
  readonly partitionsPercent?: number;
  /** Over the run, for the report's time axis. */
  readonly series?: readonly ServerSeries[];
  /** What the servers say that happened to them: scale actions. */
  readonly events?: readonly RunEvent[];
  readonly autoscale?: AutoscaleReading;
  /** By plan. */
  readonly memoryPercent?: Readonly<Record<string, readonly ServerPoint[]>>;
}

/** Something that was done to the store during a run, as it went. */
export interface Move {
  /** `swap`, `westeurope leaves`, `shift to 10 %` */
  readonly name: string;
  /** The actions, in words. */
  readonly detail: string;
  /** Wall time when the first action was asked for, and when the last was done, or stopped, by Azure Resource Manager's word. */
  readonly askedAtMs: number;
  readonly endedAtMs: number;
  /** What refused or stopped it. */
  readonly failed?: string | undefined;
  /** Stamps that are to serve nothing afterwards. */
  readonly gone?: readonly string[];
  /** Weights of stamps that share what comes to them, by group: those of one region. */
  readonly weights?: readonly Readonly<Record<string, number>>[];
}

/** What a scenario did to the store through Azure's control plane. */
export interface Control {
  readonly moves: readonly Move[];
  /** Control-plane seconds in a real one: 1 on Azure. */
  readonly timeScale: number;
  /** What stands otherwise than before the run, a line each. */
  readonly notPutBack: readonly string[];
  readonly putBackAtMs?: number | undefined;
}

export interface RunObservation {
  readonly wanted: Wanted;
  readonly samples: Samples;
  readonly generator: Generator;
  readonly server?: ServerMetrics | undefined;
  /** Absent where the scenario does nothing to the store. */
  readonly control?: Control | undefined;
  /** What the run itself did to the servers, in order of time: swap, failover, shift. Default: nothing. */
  readonly events?: readonly RunEvent[] | undefined;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
}

/** Seconds that load was sent, at most the duration that was asked for. */
export function sentSeconds({ samples, wanted }: RunObservation): number {
  if (samples.firstAtMs === undefined || samples.lastAtMs === undefined) return 0;
  return Math.min(wanted.durationSeconds, (samples.lastAtMs - samples.firstAtMs) / 1000);
}
