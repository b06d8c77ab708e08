import { thresholds } from '../../health/thresholds.ts';
import { rulesOf } from '../k6/autoscale.ts';
import { type Attribution, attributedSeconds } from './attribution.ts';
import { causeOfLateDecision, causeOfLateStart } from './autoscale-cause.ts';
import { judgeRules } from './autoscale-rules.ts';
import { type Step, type Timeline, timelineOf } from './autoscale-timeline.ts';
import { everySecond, median, missedIn, sum as sumOf } from './breakpoint.ts';
import type { RunObservation } from './observation.ts';
import { saturated } from './rate.ts';
import { count, ms, percent } from './units.ts';
import type { Judgement } from './verdict.ts';

/** CPU at which a plan counts as loaded, and so has to grow. */
const cpuLimit = thresholds.cpuPercent.degradedAt;

/**
 * Limits in minutes of the control plane, ours. Rules of five minutes decide after window, grain and job, which is seven; a
 * container is up after two or three. Twice that is what shoppers are asked to wait.
 */
const limits = { decision: 10, start: 5, recovery: 15, scaleIn: 20 } as const;
/** Seconds of real time that have to be well in a row. */
const calmSeconds = 3;
/** The run is timed from its first sample, which comes a part of a second after k6 has begun: the load's last second is no whole one. */
const unevenMs = 1_000;

type Base = Omit<Judgement, 'verdict'>;

/** Of all that k6 doesn't see. */
const source = 'Azure Monitor';

const name = (step: Step, what: string) => `${step.stage.name}: ${what}`;
const minutesText = (value: number) => `${Number(value.toFixed(1))} min`;

/** Judgements of the autoscale scenario: the rules, each step from CPU to new instance, what shoppers felt, and the way back. */
export function judgeAutoscale(run: RunObservation, attribution: Attribution): Judgement[] {
  const line = timelineOf(run, cpuLimit);
  const base = { name: 'autoscale', unit: '', samples: run.samples.requests, source };
  if (!line) {
    const why =
      run.server?.missing ??
      (run.samples.firstAtMs === undefined ? 'no samples' : 'nothing of Azure Monitor’s autoscale was read');
    return [{ ...base, verdict: 'inconclusive', reason: `autoscale: ${why}` }];
  }
  return [
    judgeRules(run, line.settings),
    ...line.steps.flatMap((step) => judgeStep(run, step, line)),
    judgeReached(run, line),
    ...judgeGap(run, line, attribution),
    judgeQueue(run, line),
    judgeScaleIn(run, line),
    judgeFlapping(line),
  ];
}

/** Of a step's load less than this was sent: whoever held the generator up, the plan did not see the step. */
const sentEnough = 0.75;

function sentShare({ samples }: RunObservation, { stage, fromMs, toMs }: Step): number {
  const own = samples.seconds.filter(({ atMs }) => atMs >= fromMs && atMs + 1000 <= toMs);
  const sent = own.reduce((sum, { requests }) => sum + requests, 0);
  return own.length === 0 ? 0 : sent / (own.length * stage.ratePerSecond);
}

/** From CPU over the limit to the decision, and from there to the new instance's first answer. */
function judgeStep(run: RunObservation, step: Step, line: Timeline): Judgement[] {
  const base = { unit: 'min', samples: line.cpu.length, source };
  const decision = { ...base, name: name(step, 'decided'), limit: limits.decision };
  const sent = sentShare(run, step);
  if (sent < sentEnough) {
    const reason = `${name(step, 'load')}: ${percent(sent * 100)} of it was sent, which shows nothing of the plan`;
    return [{ ...decision, verdict: 'inconclusive', reason }];
  }
  if (step.crossedMs === undefined) {
    const seen = line.cpu.filter(({ atMs }) => atMs >= step.fromMs && atMs < step.toMs).map(({ value }) => value);
    // A plan that had grown before its load came has nothing left to decide.
    if (step.servedMs !== undefined && seen.length > 0) return [{ ...decision, value: 0, verdict: 'pass' }];
    const most = seen.length === 0 ? 'no CPU was measured' : `CPU came to ${percent(Math.max(...seen))} at most`;
    const reason = `${name(step, 'not due')}: ${most}, and was not over ${cpuLimit} % for long; see plans[].ratePerInstance`;
    return [{ ...decision, verdict: 'inconclusive', reason }];
  }
  return [judgeDecision(step, line, step.crossedMs, decision), ...judgeStart(run, step, line)];
}

function judgeDecision(step: Step, line: Timeline, crossedMs: number, base: Base): Judgement {
  const cause = () => causeOfLateDecision(step, line);
  if (step.decidedMs === undefined) {
    const waited = (step.toMs - crossedMs) / line.minuteMs;
    const reason = `${name(step, 'never decided')} in the ${minutesText(waited)} that CPU was over ${cpuLimit} %: ${cause()}`;
    return { ...base, verdict: 'fail', reason };
  }
  const value = (step.decidedMs - crossedMs) / line.minuteMs;
  if (value <= limits.decision) return { ...base, value, verdict: 'pass' };
  const reason = `${name(step, 'decided')} ${minutesText(value)} after CPU was over ${cpuLimit} %, limit ${limits.decision} min: ${cause()}`;
  return { ...base, value, verdict: 'fail', reason };
}

function judgeStart({ server, samples }: RunObservation, step: Step, line: Timeline): Judgement[] {
  if (step.decidedMs === undefined) return [];
  const base = {
    name: name(step, 'new instance serves'),
    limit: limits.start,
    unit: 'min',
    samples: samples.requests,
    source: `${source} and k6`,
  };
  const cause = causeOfLateStart(server?.autoscale?.vaultRefused, limits.start);
  if (step.servedMs === undefined) {
    const waited = (line.fallMs - step.decidedMs) / line.minuteMs;
    return [
      { ...base, verdict: 'fail', reason: `${name(step, 'the new instance never served')} in ${minutesText(waited)}: ${cause}` },
    ];
  }
  const value = Math.max(0, (step.servedMs - step.decidedMs) / line.minuteMs);
  if (value <= limits.start) return [{ ...base, value, verdict: 'pass' }];
  const reason = `${name(step, 'the new instance served')} ${minutesText(value)} after the decision, limit ${limits.start} min: ${cause}`;
  return [{ ...base, value, verdict: 'fail', reason }];
}

function judgeReached(run: RunObservation, line: Timeline): Judgement {
  const { wanted } = run;
  const limit = wanted.autoscale?.expectedInstances ?? 0;
  const during = line.instances.filter(({ atMs }) => atMs >= (line.steps[0]?.fromMs ?? 0) && atMs < line.fallMs);
  const base = { name: 'instances reached', limit, atLeast: true, unit: 'instances', samples: during.length, source } as const;
  if (during.length === 0) return { ...base, verdict: 'inconclusive', reason: 'instances reached: nobody counted them' };
  const value = Math.max(...during.map((point) => point.value));
  if (value >= limit) return { ...base, value, verdict: 'pass' };
  const missing = line.steps.find(({ stage }) => stage.instances > value) ?? line.steps[1];
  // Load that was too small for a step, or was not sent, is no fault of the plan.
  if (missing?.crossedMs === undefined || line.steps.some((step) => sentShare(run, step) < sentEnough))
    return { ...base, value, verdict: 'inconclusive', reason: `${value} of ${limit} instances reached: the load was too small` };
  const cause = causeOfLateDecision(missing, line);
  return { ...base, value, verdict: 'fail', reason: `${value} of ${limit} instances reached: ${cause}` };
}

/** Once it has grown nobody waits for a core any more. */
function judgeQueue(run: RunObservation, line: Timeline): Judgement {
  const { degradedAt: limit } = thresholds.queueLength;
  const last = line.queue.filter(({ atMs }) => atMs >= line.fallMs - 3 * line.minuteMs && atMs + line.minuteMs <= line.fallMs);
  const base = { name: 'queue at the end of the load', limit, unit: 'requests', samples: last.length, source };
  const value = median(last.map((point) => point.value));
  if (value === undefined) return { ...base, verdict: 'inconclusive', reason: 'queue at the end of the load: not measured' };
  if (value < limit) return { ...base, value, verdict: 'pass' };
  return {
    ...base,
    value,
    verdict: 'fail',
    reason: `${Number(value.toFixed(1))} requests an instance still wait at the end of the load, limit ${limit}${becauseOfVault(run)}`,
  };
}

/** An instance that came up without its secrets serves errors, or leaves rotation: either way it carries nothing. */
function becauseOfVault({ server }: RunObservation): string {
  const refused = server?.autoscale?.vaultRefused ?? 0;
  return refused > 0 ? `: ${causeOfLateStart(refused, limits.start)}` : '';
}

/** What shoppers felt between the first crossing and the end of the load. */
function judgeGap(run: RunObservation, line: Timeline, attribution: Attribution): Judgement[] {
  const { samples, wanted } = run;
  const fromMs = line.steps[0]?.crossedMs ?? line.steps[0]?.fromMs ?? line.startMs;
  const gap = everySecond(attributedSeconds(samples, run.generator, attribution)).filter(
    ({ atMs }) => atMs >= fromMs && atMs + 1000 <= line.fallMs - unevenMs,
  );
  const requests = gap.reduce((sum, second) => sum + second.requests, 0);
  const lost = gap.reduce((sum, { layers: { generator: _, ...others } = {} }) => sum + sumOf(Object.values(others)), 0);
  const errors = { name: 'errors while it grows', limit: wanted.errorPercent, unit: '%', samples: requests };
  const late = {
    name: 'latency p95 while it grows',
    limit: Math.max(thresholds.responseMs.unhealthyAt, wanted.latencyP95Ms),
    unit: 'ms',
    samples: requests,
  };
  const again = { name: 'objectives met again', limit: limits.recovery, unit: 'min', samples: gap.length };
  if (requests === 0)
    return [errors, late, again].map(
      (base): Judgement => ({ ...base, verdict: 'inconclusive', reason: `${base.name}: no samples` }),
    );
  return [
    judgeLost(run, errors, lost, attribution),
    judgeLate(run, late, median(gap.flatMap(({ p95Ms }) => p95Ms ?? []))),
    unlessSaturated(run, judgeRecovered(run, line, gap, fromMs, again)),
  ];
}

function judgeLost(
  run: RunObservation,
  base: Base & { readonly limit: number },
  lost: number,
  { failed }: Attribution,
): Judgement {
  const value = (lost / base.samples) * 100;
  if (value <= base.limit) return { ...base, value, verdict: 'pass' };
  const own = count(failed.application + failed['app-service']);
  const reason = `errors ${percent(value)} while it grows are over ${percent(base.limit)} (${count(lost)} of ${count(base.samples)}, ${own} by App Service and the application)${becauseOfVault(run)}`;
  return { ...base, value, verdict: 'fail', reason };
}

function judgeLate(run: RunObservation, base: Base & { readonly limit: number }, value: number | undefined): Judgement {
  if (value === undefined) return { ...base, verdict: 'inconclusive', reason: `${base.name}: no answers` };
  if (value < base.limit) return { ...base, value, verdict: 'pass' };
  const reason = `latency p95 ${ms(value)} while it grows is over ${ms(base.limit)}${becauseOfVault(run)}`;
  return unlessSaturated(run, { ...base, value, verdict: 'fail', reason });
}

/** What waits inside a saturated k6 counts as the store's latency. */
function unlessSaturated({ generator }: RunObservation, judgement: Judgement): Judgement {
  const why = saturated(generator);
  if (why === undefined || judgement.verdict !== 'fail') return judgement;
  return { ...judgement, verdict: 'inconclusive', reason: `${judgement.reason}, but ${why}` };
}

function judgeRecovered(
  run: RunObservation,
  line: Timeline,
  gap: RunObservation['samples']['seconds'],
  fromMs: number,
  base: Base,
): Judgement {
  let lastMissed: { readonly untilMs: number; readonly said: string } | undefined;
  for (let i = 0; i + calmSeconds <= gap.length; i += 1) {
    const window = gap.slice(i, i + calmSeconds);
    const missed = missedIn(window, run.wanted, line.startMs);
    if (missed) lastMissed = { untilMs: (window.at(-1)?.atMs ?? fromMs) + 1000, said: missed.said };
  }
  if (!lastMissed) return { ...base, value: 0, verdict: 'pass' };
  // Each step may take its time: what counts is how long after its own crossing all is well.
  const crossed = line.steps.flatMap(({ crossedMs }) => crossedMs ?? []).filter((atMs) => atMs <= (lastMissed?.untilMs ?? 0));
  const value = (lastMissed.untilMs - (crossed.at(-1) ?? fromMs)) / line.minuteMs;
  if (line.steps.some((step) => sentShare(run, step) < sentEnough))
    return {
      ...base,
      value,
      verdict: 'inconclusive',
      reason: `objectives met again: the load was not sent (${lastMissed.said})`,
    };
  if (lastMissed.untilMs + 1000 > line.fallMs - unevenMs)
    return {
      ...base,
      value,
      verdict: 'fail',
      reason: `objectives were never met again under the load: ${lastMissed.said}${becauseOfVault(run)}`,
    };
  if (value <= limits.recovery) return { ...base, value, verdict: 'pass' };
  const reason = `objectives were met again ${minutesText(value)} after CPU was over ${cpuLimit} %, limit ${limits.recovery} min (${lastMissed.said})`;
  return { ...base, value, verdict: 'fail', reason };
}

function judgeScaleIn({ wanted }: RunObservation, line: Timeline): Judgement {
  const minimum = wanted.autoscale?.settings.minimum ?? 0;
  const after = line.instances.filter(({ atMs }) => atMs >= line.fallMs);
  const base = { name: 'scale-in after the load', limit: limits.scaleIn, unit: 'min', samples: after.length, source };
  const highest = Math.max(0, ...line.instances.filter(({ atMs }) => atMs < line.fallMs).map((point) => point.value));
  if (highest <= minimum) return { ...base, verdict: 'inconclusive', reason: 'scale-in: there was nothing to take back' };
  const back = after.find(({ value }) => value <= minimum);
  if (!back) {
    const seen = after.at(-1)?.value;
    const reason = `scale-in was not seen: ${seen === undefined ? 'nobody counted the instances' : `${seen} instances`} ${minutesText((line.endMs - line.fallMs) / line.minuteMs)} after the load`;
    return { ...base, verdict: 'inconclusive', reason };
  }
  // Instances are counted by their CPU, which arrives one by one: those that are late look as if they had gone.
  const [rule] = rulesOf(line.settings, 'Decrease');
  const inward = line.actions.filter(({ atMs, direction }) => direction === 'Decrease' && atMs <= back.atMs + line.minuteMs);
  if (inward.length * (rule?.change ?? 0) < highest - back.value) {
    const reason = `scale-in: ${highest} instances came to ${back.value}, of which autoscale's ${inward.length} actions explain a part alone`;
    return { ...base, verdict: 'inconclusive', reason };
  }
  const value = Math.max(0, (back.atMs - line.fallMs) / line.minuteMs);
  if (value <= limits.scaleIn) return { ...base, value, verdict: 'pass' };
  return {
    ...base,
    value,
    verdict: 'fail',
    reason: `back at ${minimum} instances ${minutesText(value)} after the load, limit ${limits.scaleIn} min`,
  };
}

/** In while load grows, or out once it has gone and the rule's window has forgotten it. */
function judgeFlapping(line: Timeline): Judgement {
  const { minuteMs, fallMs, actions, steps } = line;
  const forgottenMs = fallMs + limits.decision * minuteMs;
  const loadMs = steps[0]?.fromMs ?? line.startMs;
  const wrong = actions.filter(({ atMs, direction }) =>
    direction === 'Decrease' ? atMs >= loadMs && atMs + minuteMs <= fallMs : atMs > forgottenMs,
  );
  const base = { name: 'flapping', value: wrong.length, limit: 0, unit: 'actions', samples: actions.length, source };
  if (wrong.length === 0) return { ...base, verdict: 'pass' };
  const said = wrong.map(
    ({ direction, atMs }) => `${direction === 'Decrease' ? 'in' : 'out'} after ${minutesText((atMs - line.startMs) / minuteMs)}`,
  );
  return { ...base, verdict: 'fail', reason: `flapping: the plan scaled ${said.join(', ')} against the load` };
}
