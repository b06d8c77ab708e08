import { thresholds } from '../../health/thresholds.ts';
import type { AutoscaleRules, Stage } from '../k6/autoscale.ts';
import type { AutoscaleReading, RunObservation, ServerPoint } from './observation.ts';
import type { ServerSeries } from './verdict.ts';

/** One step of the load, and what the plan did about it; wall times in milliseconds. */
export interface Step {
  readonly stage: Stage;
  readonly fromMs: number;
  readonly toMs: number;
  /** CPU came over the limit, and stayed. */
  readonly crossedMs?: number | undefined;
  readonly decidedMs?: number | undefined;
  /** The first answer of an instance that wasn't there before. */
  readonly servedMs?: number | undefined;
}

/** The run on one axis: the load's stages, CPU, queue and instances of the plan, its scale actions, first answers. */
export interface Timeline {
  readonly settings: AutoscaleRules;
  readonly minuteMs: number;
  readonly startMs: number;
  readonly fallMs: number;
  readonly endMs: number;
  readonly steps: readonly Step[];
  readonly cpu: readonly ServerPoint[];
  readonly queue: readonly ServerPoint[];
  readonly instances: readonly ServerPoint[];
  readonly actions: AutoscaleReading['actions'];
}

/** Undefined where nobody knows when the run began, or what the servers did. */
export function timelineOf(run: RunObservation, cpuLimit: number): Timeline | undefined {
  const { wanted, samples, server } = run;
  const { autoscale: plan } = wanted;
  const startMs = samples.firstAtMs;
  if (!plan || startMs === undefined || !server?.autoscale) return undefined;
  const { stages, minuteMs } = plan;
  const atSeconds = (seconds: number) => startMs + seconds * 1000;
  const pointsOf = (kind: ServerSeries['kind']) =>
    (server.series ?? [])
      .filter((one) => one.kind === kind && one.of === plan.plan)
      .flatMap(({ points }) => points.flatMap(({ atMs, value }) => (value === undefined ? [] : [{ atMs, value }])));
  const [cpu, queue, instances] = [pointsOf('cpu'), pointsOf('queue'), pointsOf('instances')];
  const { actions } = server.autoscale;
  const common = { cpu, cpuLimit, minuteMs, actions, met: samples.instances };
  const bounds = stages.map(({ fromSeconds }) => atSeconds(fromSeconds));
  const [, firstMs = startMs, secondMs = startMs, fallMs = startMs] = bounds;
  const endMs = atSeconds(plan.durationSeconds);
  const first = stepOf(common, stages[1], firstMs, secondMs, firstMs);
  const second = stepOf(common, stages[2], secondMs, fallMs, firstMs);
  return {
    settings: server.autoscale.rules,
    minuteMs,
    startMs,
    fallMs,
    endMs,
    steps: [first, second],
    cpu,
    queue,
    instances,
    actions,
  };
}

interface Common {
  readonly cpu: readonly ServerPoint[];
  readonly cpuLimit: number;
  readonly minuteMs: number;
  readonly actions: AutoscaleReading['actions'];
  readonly met: Readonly<Record<string, number>>;
}

function stepOf(common: Common, stage: Stage | undefined, fromMs: number, toMs: number, loadMs: number): Step {
  if (!stage) throw new RangeError('a run against autoscale has four stages');
  const { cpu, cpuLimit, minuteMs, actions, met } = common;
  const crossedMs = crossingOf(
    cpu.filter(({ atMs }) => atMs + minuteMs > fromMs && atMs < toMs),
    cpuLimit,
    fromMs,
  );
  const isSecond = stage.name === 'second step';
  const outward = actions.filter(({ direction, atMs }) => direction === 'Increase' && atMs + minuteMs > loadMs);
  // Each step takes the next action; one that came before the load of its step was early, and is not waited for.
  const decision = outward[isSecond ? 1 : 0];
  const decidedMs = decision && Math.max(crossedMs ?? fromMs, decision.atMs);
  const newcomers = Object.values(met)
    .filter((atMs) => outward[0] !== undefined && atMs >= outward[0].atMs)
    .sort((a, b) => a - b);
  const servedMs = decision && newcomers[isSecond ? 1 : 0];
  return { stage, fromMs, toMs, crossedMs, decidedMs, servedMs };
}

/** Where the first stretch begins whose mean is over the limit: one busy minute is no load that a plan has to grow for. */
function crossingOf(cpu: readonly ServerPoint[], limit: number, fromMs: number): number | undefined {
  const { windowMinutes } = thresholds.cpuPercent;
  for (let i = 0; i + windowMinutes <= cpu.length; i += 1) {
    const stretch = cpu.slice(i, i + windowMinutes);
    // A minute that began before the step shows it in part, so the stretch may begin with it, but not before.
    if (stretch.reduce((sum, { value }) => sum + value, 0) / windowMinutes >= limit)
      return Math.max(fromMs, stretch.find(({ value }) => value >= limit)?.atMs ?? fromMs);
  }
  return undefined;
}
