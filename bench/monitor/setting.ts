import type { Environment } from '../../fixtures/environments/schema.ts';
import { environmentWith } from '../../tests/monitor/checks.ts';

const targets = 1_000;
export const latencyMs = 20;

/**
 * Five journeys each minute on each of a thousand targets, which differ in name and are one server; a sixth, which the
 * configuration can't leave out, hourly. Without retries: a start is then a check's.
 */
export function environmentAt({ endpoint, connectionString }: Pick<Served, 'endpoint' | 'connectionString'>): Environment {
  const retries = { count: 0, spacingMs: 0 };
  const { global: _, local: __, ...environment } = environmentWith({ everyMinutes: { health: 60 }, retries });
  const [stamp] = environment.stamps;
  if (!stamp) throw new Error('no stamp');
  return {
    ...environment,
    auth: { kind: 'variable', token: 'a-token' },
    // Leaves checkout out, and without another region nothing is compared across them.
    payment: 'live',
    telemetry: { connectionString },
    stamps: Array.from({ length: targets }, (_target, index) => ({ ...stamp, name: `stamp-${index}`, endpoint, slots: [] })),
  };
}

/** What the store and the ingestion endpoint tell of themselves. */
export interface Served {
  readonly endpoint: string;
  /** PEM. */
  readonly ca: readonly string[];
  readonly connectionString: string;
}

/** Milliseconds since the epoch. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What the servers saw of the checks that were due within a span. */
export interface Tally {
  /** Checks due, by the schedule. */
  readonly due: number;
  /** Of those, with exactly one result that arrived and whose requests the store saw. */
  readonly seen: number;
  readonly delayP99Ms: number;
  /** Since the start: results of journeys that arrived, each once, and journeys that the store saw. */
  readonly results: number;
  readonly journeys: number;
  readonly requests: number;
}

/** What the monitor says of itself, from its start to its end. */
export interface Own {
  readonly span: Span;
  readonly started: number;
  /** Missed and overruns. */
  readonly notStarted: number;
  readonly finished: number;
  readonly passed: number;
  readonly undelivered: number;
  /** Of one core, over the span. */
  readonly cpuPercent: number;
  /** Most resident memory of each minute of the span. */
  readonly memoryMb: readonly number[];
}
