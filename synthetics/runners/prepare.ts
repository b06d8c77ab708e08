import { randomBytes } from 'node:crypto';
import type { Environment } from '../../fixtures/environments/schema.ts';
import type { Target } from '../../fixtures/environments/targets.ts';
import { type Conditions, journeys, notRunBecause } from '../journeys/index.ts';
import { type Plan, peersOf, pickBy, planRun } from '../journeys/plan.ts';
import type { JourneyRecord } from '../journeys/run.ts';
import type { Journey } from '../journeys/shopper.ts';
import { resultOfOne } from '../one-attempt.ts';
import type { AvailabilityResult } from '../result.ts';

export interface Check {
  readonly journey: Journey;
  readonly target: Target;
}

/** Every journey on every target, and what is left out with the reason. */
export function checksOf(
  environment: Environment,
  targets: readonly Target[],
): { checks: Check[]; leftOut: (Check & { reason: string })[] } {
  const all = targets.flatMap((target) =>
    journeys.map((journey) => ({ journey, target, reason: notRunBecause(journey, conditionsOf(environment, target)) })),
  );
  return {
    checks: all.filter(({ reason }) => reason === undefined).map(({ journey, target }) => ({ journey, target })),
    leftOut: all.flatMap(({ reason, ...check }) => (reason === undefined ? [] : [{ ...check, reason }])),
  };
}

const conditionsOf = (environment: Environment, target: Target): Conditions => ({
  payment: environment.payment,
  allowLiveCheckout: environment.allowLiveCheckout,
  peers: peersOf(environment.stamps, target).map((peer) => peer.name),
});

interface Prepared extends Plan, Check {
  readonly environment: Environment;
  readonly startedAtMs: number;
}

export interface Given {
  readonly environment: Environment;
  readonly check: Check;
  /** On whose behalf; journeys that run at the same time should not share one. */
  readonly shopperId: string;
  /** Default: the trace id, new with each run. */
  readonly runId?: string;
  readonly nowMs?: () => number;
}

/** Gives a run its ids: one trace a result, whose id is the parent of the server's spans. */
export function prepareRun({ environment, check, shopperId, runId, nowMs = Date.now }: Given): Prepared {
  const traceId = randomBytes(16).toString('hex');
  const resultId = randomBytes(8).toString('hex');
  const id = runId ?? traceId;
  const { target } = check;
  return {
    ...check,
    ...planRun({ environment, target, shopperId, runId: id, traceId, resultId, pick: pickBy(id) }),
    environment,
    startedAtMs: nowMs(),
  };
}

/** The engine's record, with where and when it was made. */
export function resultOf(prepared: Prepared, record: Omit<JourneyRecord, 'journey'>): AvailabilityResult {
  const { environment, target, journey, route, startedAtMs: startMs } = prepared;
  const { durationMs, outcome, failure, servedBy } = record;
  const ids = { id: route.resultId, traceId: route.traceId };
  const steps = record.steps.map((step) => ({ ...step }));
  const warnings = [...record.warnings];
  const attempt = { ids, journey: journey.name, target, startMs, durationMs, outcome, failure, steps, warnings };
  const result = resultOfOne(environment, attempt);
  if (servedBy) result.servedBy = servedBy;
  return result;
}
