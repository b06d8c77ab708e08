import { type Plan, pickBy, planRun } from '../../../synthetics/journeys/plan.ts';
import type { JourneyRecord } from '../../../synthetics/journeys/run.ts';

/** One journey on one server, as plain data that goes into every runner. */
export interface Cell {
  readonly journey: string;
  readonly server: string;
  readonly target: string;
  readonly peer: string;
  readonly traceId: string;
}

export interface Told {
  readonly rule: string;
  readonly holds: boolean;
  readonly seen: string;
  readonly step: string;
}

/** What a runner made of a cell. */
export interface Made {
  readonly cell: Cell;
  readonly record: Pick<JourneyRecord, 'outcome' | 'failure' | 'servedBy' | 'steps' | 'warnings'>;
  readonly rules: readonly Told[];
}

export const token = 'a-token';
/** On this server a request may take long, and the step that it is in may not. */
export const slowStepServer = 'timeout of a step';
/** Only where nothing is answered is there a limit to reach; elsewhere it is wide, for a machine that others keep busy. */
const budgetsOn = (server: string) => {
  if (server === 'timeout') return { requestMs: 800, stepMs: 5_000, journeyMs: 15_000 };
  if (server === slowStepServer) return { requestMs: 10_000, stepMs: 800, journeyMs: 15_000 };
  return { requestMs: 10_000, stepMs: 20_000, journeyMs: 60_000 };
};

export function planOf(cell: Cell, budgets = budgetsOn(cell.server)): Plan {
  const stamp = { name: 'westeurope', region: 'westeurope', endpoint: cell.target, headers: { 'x-of-target': 'yes' } };
  const peer = { name: 'eastus', region: 'eastus', endpoint: cell.peer, headers: {} };
  return planRun({
    environment: {
      payment: 'stub',
      syntheticHeader: { name: 'x-synthetic-test', value: 'true' },
      stamps: [stamp, peer],
      objectives: { replicationMs: 10_000 },
      budgets,
    },
    target: stamp,
    shopperId: 'synthetic-001',
    runId: cell.traceId,
    traceId: cell.traceId,
    resultId: '00000000000000aa',
    pick: pickBy(cell.traceId),
  });
}
