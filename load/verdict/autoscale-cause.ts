import { minutesIn, rulesOf } from '../k6/autoscale.ts';
import type { Step, Timeline } from './autoscale-timeline.ts';
import { percent } from './units.ts';

const iso = (minutes: number) => `${Number(minutes.toFixed(1))} min`;
const lastBefore = <T extends { readonly atMs: number }>(points: readonly T[], ms: number) =>
  points.filter(({ atMs }) => atMs < ms).at(-1);

/** Why a step out was not decided, or late: the first cause that shows, by the rules that Azure has. */
export function causeOfLateDecision(step: Step, line: Timeline): string {
  const { settings, minuteMs, actions } = line;
  const [rule] = rulesOf(settings, 'Increase');
  if (!rule) return 'no rule scales out';
  const until = step.decidedMs ?? step.toMs;
  const there = lastBefore(line.instances, until)?.value ?? 0;
  if (step.decidedMs === undefined && there >= settings.maximum) return `the maximum of ${settings.maximum} instances is reached`;
  const previous = actions.filter(({ atMs }) => atMs < (step.decidedMs ?? step.toMs) && atMs + minuteMs > line.startMs).at(-1);
  const coolMs = minutesIn(rule.cooldown) * minuteMs;
  if (previous && previous.atMs + coolMs > (step.crossedMs ?? step.fromMs) + minutesIn(rule.timeWindow) * minuteMs)
    return `the cool-down of ${rule.cooldown} after the step before held it back`;
  const most = highestMean(line, step, minutesIn(rule.timeWindow));
  if (rule.metric === 'CpuPercentage' && most !== undefined && most <= rule.threshold)
    return `the threshold of ${rule.threshold} % was not crossed: CPU was ${percent(most)} over ${rule.timeWindow}`;
  if (rule.metric !== 'CpuPercentage') return `the rule looks at ${rule.metric} alone, threshold ${rule.threshold}`;
  return `the rule looks back ${rule.timeWindow}`;
}

/** The highest mean of CPU over the rule's window, of the minutes since the load's step. */
function highestMean({ cpu, minuteMs }: Timeline, { fromMs, toMs }: Step, windowMinutes: number): number | undefined {
  const own = cpu.filter(({ atMs }) => atMs >= fromMs && atMs + minuteMs <= toMs).map(({ value }) => value);
  const means = own.flatMap((_, i) => {
    const window = own.slice(Math.max(0, i + 1 - Math.round(windowMinutes)), i + 1);
    return window.length < Math.min(windowMinutes, own.length) ? [] : [window.reduce((a, b) => a + b, 0) / window.length];
  });
  return means.length === 0 ? undefined : Math.max(...means);
}

/** Why a new instance did not serve in time, or served errors. */
export function causeOfLateStart(vaultRefused: number | undefined, limitMinutes: number): string {
  if (vaultRefused !== undefined && vaultRefused > 0)
    return `new instances can't read Key Vault: it refused ${vaultRefused} reads`;
  return `slow start-up: image pull, start and warm-up took longer than ${iso(limitMinutes)}`;
}
