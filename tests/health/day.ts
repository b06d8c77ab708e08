import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnvironment } from '../../fixtures/environments/load.ts';
import type { Environment } from '../../fixtures/environments/schema.ts';
import { minuteMs } from '../../health/bins.ts';
import type { Incident } from '../../health/incident.ts';
import { IncidentStore } from '../../health/incident-store.ts';
import { evaluateRound, type RoundInput, type RoundOutcome } from '../../health/round.ts';
import { ResultWindow } from '../../health/window.ts';
import type { AvailabilityResult, Cause } from '../../synthetics/result.ts';
import { hex } from '../support/results.ts';

const text = readFileSync(join(__dirname, '../../fixtures/environments/local.json'), 'utf8');

/** The local environment with sections replaced; parsed by the same loader. */
export function environmentWith(changes: Readonly<Record<string, unknown>> = {}): Environment {
  const document = { ...(JSON.parse(text) as object), ...changes };
  return parseEnvironment(JSON.stringify(document), 'test', {});
}

export const journeys = ['browse', 'search', 'reviews', 'sign-in', 'cart', 'checkout'] as const;
export const day = Date.UTC(2026, 10, 23);

export interface Check {
  readonly journey: string;
  readonly target: string;
  /** Minutes since the day began. */
  readonly minute: number;
}

export interface Broken {
  readonly cause: Cause;
  readonly step?: string;
  readonly seen?: string;
}

/** What a check meets: undefined passes; `none` is no result at all. */
export type Meets =
  | Broken
  | 'none'
  | 'retried'
  | 'inconclusive'
  | 'maintenance'
  | { readonly slowMs: number }
  | { readonly build: string }
  | undefined;

const kinds = { westeurope: 'stamp', eastus: 'stamp', global: 'global', 'westeurope-staging': 'slot' } as const;
export const targets = ['westeurope', 'eastus', 'global'] as const;

let serial = 0;

export function resultAt(check: Check, meets: Meets, offsetMs = 0, location = 'local'): AvailabilityResult {
  serial += 1;
  const { journey, target, minute } = check;
  const startedAt = new Date(day + minute * minuteMs + offsetMs).toISOString();
  const broken = typeof meets === 'object' && 'cause' in meets ? meets : undefined;
  const step = broken?.step ?? 'choose a product';
  const failure = broken && { step, rule: 'status 200', seen: broken.seen ?? `a ${broken.cause} failure`, cause: broken.cause };
  const outcome = failure ? 'failed' : meets === 'inconclusive' ? 'inconclusive' : 'passed';
  const durationMs = typeof meets === 'object' && 'slowMs' in meets ? meets.slowMs : 200;
  const attempt = { startedAt, durationMs, outcome } as const;
  const kind = kinds[target as keyof typeof kinds] ?? 'stamp';
  const build = typeof meets === 'object' && 'build' in meets ? meets.build : '1.0.0';
  return {
    id: hex(serial, 16),
    traceId: hex(serial, 32),
    environment: 'local',
    journey,
    target: {
      kind,
      name: target,
      endpoint: 'https://localhost:8443',
      ...(kind === 'global' ? {} : { region: target.replace('-staging', ''), stamp: target }),
      ...(kind === 'slot' && { slot: 'staging' }),
    },
    location,
    startedAt,
    durationMs,
    outcome,
    attempts: meets === 'retried' ? [{ ...attempt, outcome: 'failed' }, attempt] : [attempt],
    ...(failure && { failure }),
    ...(kind !== 'global' && !failure && { servedBy: { region: target, stamp: target, instance: 'i-1', build } }),
    steps: [],
    ...(meets === 'maintenance' && { marks: { maintenance: 'works' } }),
    warnings: [],
  };
}

/** Each check has its own fixed second of the minute, as in the monitor. */
export const offsetOf = (journey: string, target: string) =>
  ([...journey, ...target].reduce((sum, c) => sum * 31 + c.charCodeAt(0), 7) % 50_000) + 5_000;

interface Played {
  readonly opened: readonly Incident[];
  readonly reminded: readonly Incident[];
  readonly resolved: readonly Incident[];
  readonly last: RoundOutcome;
  readonly store: IncidentStore;
  readonly rounds: readonly RoundOutcome[];
}

interface Play extends Partial<Omit<RoundInput, 'results' | 'nowMs'>> {
  readonly minutes: number;
  readonly from?: number;
  readonly meets: (check: Check, offsetMs: number) => Meets;
  /** Called before each round, with its minute. */
  readonly before?: (minute: number, store: IncidentStore) => void;
  readonly location?: string;
}

/** Plays minutes on a simulated clock: each round's results, judged at the end of its minute. */
export function play(input: Play): Played {
  const environment = input.environment ?? environmentWith();
  const store = input.store ?? new IncidentStore(':memory:');
  const window = input.window ?? new ResultWindow(environment);
  const rounds: RoundOutcome[] = [];
  for (let minute = input.from ?? 0; minute < (input.from ?? 0) + input.minutes; minute += 1) {
    input.before?.(minute, store);
    const results = targets.flatMap((target) =>
      journeys.flatMap((journey) => {
        const offsetMs = offsetOf(journey, target);
        const meets = input.meets({ journey, target, minute }, offsetMs);
        return meets === 'none' ? [] : resultAt({ journey, target, minute }, meets, offsetMs, input.location);
      }),
    );
    const nowMs = day + minute * minuteMs + 59_000;
    rounds.push(
      evaluateRound({
        environment,
        store,
        window,
        results,
        nowMs,
        ...(input.expected && { expected: input.expected }),
        ...(input.sinceMs !== undefined && { sinceMs: input.sinceMs }),
      }),
    );
  }
  const last = rounds.at(-1);
  if (!last) throw new Error('no minutes were played');
  return {
    opened: rounds.flatMap(({ opened }) => opened),
    reminded: rounds.flatMap(({ reminded }) => reminded),
    resolved: rounds.flatMap(({ resolved }) => resolved),
    last,
    store,
    rounds,
  };
}
