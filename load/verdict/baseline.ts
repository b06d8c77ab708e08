import { z } from 'zod';
import { median } from './breakpoint.ts';
import { tailOfT } from './student.ts';
import { percent } from './units.ts';
import { type BaselineComparison, type Judgement, type LoadVerdict, type RunMetric, withJudgement } from './verdict.ts';

/** Earlier runs of one scenario in one environment, as their file in `load/baselines` holds them. */
export const baselineSchema = z.strictObject({
  scenario: z.string(),
  environment: z.string(),
  /** Runs are compared with runs that asked the same of the same targets. */
  ratePerSecond: z.number().positive(),
  durationSeconds: z.number().positive(),
  targets: z.array(z.string()),
  /** Oldest first. */
  runs: z.array(z.strictObject({ startedAt: z.string(), metrics: z.record(z.string(), z.number()) })),
});

export type Baseline = z.infer<typeof baselineSchema>;

/** With fewer there is no spread to compare with. */
export const fewestRuns = 5;
/** Older ones tell of a store that is no longer. */
const mostRuns = 20;
/** Smaller effects are not worth a name, however sure. */
const effectPercent = 10;
/** Chance that any step of an unchanged build is called slower. */
const falseAlarms = 0.005;
/** RU follow from the requests alone, and those from the seed: what differs by more than their rounding differs. */
const ruTolerancePercent = 3;

/**
 * A spread of five runs is a guess. What all metrics of a kind share is worth as many runs again, and no spread is taken for
 * less than the floor: five runs may agree by chance (moderated t, Smyth 2004).
 */
const prior = { freedom: 4, floor: 0.02 } as const;

/** What the whole run is faster or slower by, apart from its steps. */
const allSteps = 'all steps';
/** What shares the machine with a run moves all of it by this much from one to the next, and by twice as much now and then. */
const floorOfAll = 0.05;

export const keyOf = (verdict: LoadVerdict): Omit<Baseline, 'runs'> => ({
  scenario: verdict.scenario,
  environment: verdict.environment,
  ratePerSecond: verdict.rateWantedPerSecond,
  durationSeconds: verdict.corners?.at(-1)?.atSeconds ?? 1,
  targets: verdict.targets,
});

/** The baseline with one more run; one that asked for something else begins anew. */
export function withRun(baseline: Baseline | undefined, verdict: LoadVerdict): Baseline {
  const metrics = Object.fromEntries((verdict.metrics ?? []).map(({ name, value }) => [name, round(value)]));
  const earlier = baseline && differences(baseline, verdict).length === 0 ? baseline.runs : [];
  return { ...keyOf(verdict), runs: [...earlier, { startedAt: verdict.startedAt, metrics }].slice(-mostRuns) };
}

const round = (value: number) => Number(value.toPrecision(4));

/** What a run asked for otherwise than the baseline's runs. */
export function differences(baseline: Omit<Baseline, 'runs'>, verdict: LoadVerdict): string[] {
  const now = keyOf(verdict);
  const rows: readonly (readonly [string, unknown, unknown])[] = [
    ['scenario', baseline.scenario, now.scenario],
    ['environment', baseline.environment, now.environment],
    ['rate', baseline.ratePerSecond, now.ratePerSecond],
    ['duration', baseline.durationSeconds, now.durationSeconds],
    ['targets', baseline.targets.join(', '), now.targets.join(', ')],
  ];
  return rows.flatMap(([what, before, after]) => (before === after ? [] : [`${what} ${after} instead of ${before}`]));
}

/** A run against the spread of earlier ones. */
export function compare(baseline: Baseline, verdict: LoadVerdict): BaselineComparison {
  const metrics = verdict.metrics ?? [];
  const other = differences(baseline, verdict);
  const runs = baseline.runs.length;
  const unsure = (reason: string): BaselineComparison => ({
    verdict: 'inconclusive',
    reason: `baseline: ${reason}`,
    runs,
    rows: [],
  });
  if (other.length > 0) return unsure(`its runs asked for something else (${other.join('; ')})`);
  if (metrics.length === 0 || runs === 0) return unsure('nothing to compare with');
  const latencies = latencyRows(baseline, metrics);
  const rows = [...ruRows(baseline, metrics), ...latencies];
  const worse = rows.filter(({ change }) => change === 'worse');
  const held = heldUp(verdict);
  if (held !== undefined && worse.length > 0 && worse.every(({ unit }) => unit !== 'RU'))
    return { ...unsure(`${said(worse)}, but ${held}`), rows };
  if (worse.length > 0) return { verdict: 'fail', reason: `baseline: ${said(worse)}`, runs, rows };
  if (runs < fewestRuns) return { ...unsure(`${runs} earlier runs are too few for a spread, ${fewestRuns} are needed`), rows };
  if (latencies.length === 0) return { ...unsure('no latency to compare'), rows };
  const untold = untoldMetrics(baseline, metrics);
  if (untold.length > 0) return { ...unsure(`its runs know ${untold.join(', ')}, this run doesn't`), rows };
  return { verdict: 'pass', runs, rows };
}

/** A machine this busy adds to latencies what no store did: a wait of its own on the way out, and one on the way back. */
const busyShare = 0.9;

/** Why a run's latencies are its machine's as much as the store's: no baseline, and no proof of a slower build. */
export function heldUp({ generator }: LoadVerdict): string | undefined {
  const busy = generator?.machineBusy ?? 0;
  return busy < busyShare ? undefined : `the generator's machine was ${percent(busy * 100)} busy`;
}

type Row = BaselineComparison['rows'][number];

/** The worst first, and of a step its p50 before its p95. */
function said(rows: readonly Row[]): string {
  const sorted = [...rows].sort((a, b) => b.changePercent - a.changePercent);
  return sorted
    .map(
      ({ name, changePercent, unit }) =>
        `${name} ${unit === 'RU' ? 'costs' : 'is'} ${percent(changePercent)} ${unit === 'RU' ? 'more' : 'slower'}`,
    )
    .join(', ');
}

/** Without zeros: no step takes no time, and their logarithm would hide all others. */
const valuesOf = ({ runs }: Baseline, name: string) => runs.flatMap(({ metrics }) => metrics[name] || []);

function ruRows(baseline: Baseline, metrics: readonly RunMetric[]): Row[] {
  return metrics.flatMap(({ name, value, unit }) => {
    const before = median(valuesOf(baseline, name));
    if (unit !== 'RU' || before === undefined || before === 0) return [];
    const changePercent = (value / before - 1) * 100;
    const change = changePercent > ruTolerancePercent ? 'worse' : changePercent < -ruTolerancePercent ? 'better' : 'same';
    return [{ name, unit, before, now: value, changePercent, change }];
  });
}

/**
 * Costs and usual latencies that every earlier run has and this one hasn't: a build that stops telling them isn't cheap, and a
 * step that hardly ran isn't fast. A p95 may come and go with a few requests.
 */
function untoldMetrics({ runs }: Baseline, metrics: readonly RunMetric[]): string[] {
  const now = new Set(metrics.map(({ name }) => name));
  const known = Object.keys(runs[0]?.metrics ?? {}).filter((name) => / (RU|p50)$/.test(name));
  return known.filter((name) => !now.has(name) && runs.every((run) => run.metrics[name] !== undefined));
}

interface Candidate {
  readonly name: string;
  readonly unit: string;
  readonly before: number;
  readonly now: number;
  /** Natural logarithm of now ÷ before, what the whole run shares taken off. */
  readonly effect: number;
  readonly spread: number;
  readonly freedom: number;
}

/** Latencies by their logarithms, since what slows a machine down multiplies them. */
function latencyRows(baseline: Baseline, metrics: readonly RunMetric[]): Row[] {
  if (baseline.runs.length < fewestRuns) return [];
  const known = metrics.filter(
    ({ name, unit, value }) => unit === 'ms' && value > 0 && valuesOf(baseline, name).length >= fewestRuns,
  );
  const centres = new Map(known.map(({ name }) => [name, mean(valuesOf(baseline, name).map(Math.log))]));
  const shiftOf = (values: Readonly<Record<string, number>>) =>
    median([...centres].flatMap(([name, centre]) => (values[name] ? Math.log(values[name]) - centre : []))) ?? 0;
  const now = Object.fromEntries(known.map(({ name, value }) => [name, value]));
  const shifts = baseline.runs.map((run) => shiftOf(run.metrics));
  const steps = known.map((metric): Candidate => {
    const left = baseline.runs.flatMap(({ metrics: values }, run) =>
      values[metric.name] ? Math.log(values[metric.name] ?? 1) - (shifts[run] ?? 0) : [],
    );
    const centre = mean(left);
    const effect = Math.log(metric.value) - shiftOf(now) - centre;
    return { ...metric, before: Math.exp(centre), now: metric.value, effect, spread: deviation(left), freedom: left.length - 1 };
  });
  const whole = {
    before: 1,
    now: Math.exp(shiftOf(now)),
    effect: shiftOf(now) - mean(shifts),
    spread: Math.max(floorOfAll, deviation(shifts)),
  };
  const all = { name: allSteps, unit: '×', ...whole, freedom: shifts.length - 1 };
  // With few steps their median is mostly the step itself.
  return tested([...(steps.length >= 4 ? [all] : []), ...steps]);
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);

function deviation(values: readonly number[]): number {
  const centre = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / Math.max(1, values.length - 1));
}

/** p95 varies more than p50, so each kind has a spread of its own: the last word of the name. */
const kindOf = ({ name }: Candidate) => name.slice(name.lastIndexOf(' ') + 1);
const usualSpread = (candidates: readonly Candidate[]) =>
  Math.max(prior.floor, median(candidates.map(({ spread }) => spread)) ?? prior.floor);

/** Holm's correction: the smallest p against α/m, the next against α/(m−1), until one fails; then only what is worth it. */
function tested(candidates: readonly Candidate[]): Row[] {
  const kinds = new Set(candidates.map(kindOf));
  const usual = new Map([...kinds].map((kind) => [kind, usualSpread(candidates.filter((one) => kindOf(one) === kind))]));
  const chances = candidates.map((candidate) => {
    const { effect, spread, freedom } = candidate;
    const common = usual.get(kindOf(candidate)) ?? prior.floor;
    const total = prior.freedom + freedom;
    const moderated = Math.sqrt((prior.freedom * common ** 2 + freedom * Math.max(prior.floor, spread) ** 2) / total);
    return tailOfT(Math.abs(effect) / (moderated * Math.sqrt(1 + 1 / (freedom + 1))), total);
  });
  const order = chances.map((chance, index) => ({ chance, index })).sort((a, b) => a.chance - b.chance);
  const firstDoubt = order.findIndex(({ chance }, rank) => chance > falseAlarms / (order.length - rank));
  const sure = new Set(order.slice(0, firstDoubt === -1 ? order.length : firstDoubt).map(({ index }) => index));
  return candidates.map(({ name, unit, before, now, effect }, index) => {
    const changePercent = (Math.exp(effect) - 1) * 100;
    const named = sure.has(index) && Math.abs(changePercent) >= effectPercent;
    return { name, unit, before, now, changePercent, change: named ? (effect > 0 ? 'worse' : 'better') : 'same' };
  });
}

/** The verdict with the comparison in it, as one judgement more. */
export function withComparison(verdict: LoadVerdict, comparison: BaselineComparison): LoadVerdict {
  const { verdict: outcome, reason, rows } = comparison;
  const most = Math.max(0, ...rows.map(({ changePercent }) => changePercent));
  const judgement: Judgement = {
    name: 'against the baseline',
    verdict: outcome,
    unit: '%',
    limit: effectPercent,
    samples: comparison.runs,
    source: 'earlier runs',
    ...(rows.length > 0 ? { value: most } : {}),
    ...(reason === undefined ? {} : { reason }),
  };
  return { ...withJudgement(verdict, judgement), baseline: comparison };
}
