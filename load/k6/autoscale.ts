import type { Environment } from '../../fixtures/environments/schema.ts';
import { refusal } from './permit.ts';
import type { Corner, Profile, Scenario } from './profiles.ts';

type Rule = Pick<
  NonNullable<Environment['plans'][number]['autoscale']>['rules'][number],
  'metric' | 'operator' | 'threshold' | 'direction' | 'change' | 'timeWindow' | 'cooldown'
>;

/** The fields of autoscale settings that stages and verdict follow from. */
export interface AutoscaleRules {
  readonly minimum: number;
  readonly maximum: number;
  readonly rules: readonly Rule[];
}

/** What of an environment a run against autoscale follows from. */
export interface Scaled {
  readonly name: string;
  readonly stamps: readonly Pick<Environment['stamps'][number], 'name' | 'plan' | 'role'>[];
  readonly plans: readonly {
    readonly name: string;
    readonly autoscale?: AutoscaleRules | undefined;
    readonly ratePerInstance?: number | undefined;
  }[];
  readonly local?: Pick<NonNullable<Environment['local']>, 'timeScale'> | undefined;
}

export interface Stage {
  readonly name: 'rest' | 'first step' | 'second step' | 'after';
  /** Control-plane minutes. */
  readonly minutes: number;
  /** `window 5 + grain 1 + job 1 + start-up 2` */
  readonly sum: string;
  readonly ratePerSecond: number;
  /** Instances that this rate needs. */
  readonly instances: number;
  readonly fromSeconds: number;
}

/** What a run against autoscale sends, and what should come of it. */
export interface AutoscalePlan {
  readonly plan: string;
  readonly stamp: string;
  readonly settings: AutoscaleRules;
  readonly stages: readonly Stage[];
  readonly durationSeconds: number;
  /** Wall time of a minute of the control plane. */
  readonly minuteMs: number;
  /** Instances that the load of the second step needs. */
  readonly expectedInstances: number;
}

/** Of the capacity of what runs: above the 70 % of CPU at which a plan counts as loaded (health/thresholds.ts), and below all. */
const loadedShare = 0.8;
const restShare = 0.1;
/** A metric's minute has to end before a rule sees it; the job runs at least once a minute (Azure Monitor, "Understand autoscale settings"). */
const grain = 1;
const job = 1;
/** Image pull, start and warm-up of an instance, as the verdict expects it. */
export const startMinutes = 2;
/** The metrics' last minute comes this much later. */
const lag = 2;

const iso8601 = /^P(?=.)(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/;
export const isDuration = (text: string): boolean => iso8601.test(text);
export const durationWanted = 'an ISO 8601 duration, such as PT5M';

/** `PT1H30M` in minutes; ARM writes a day as `P1D`. @throws RangeError on what is none: as 0 it would be a rule that never waits */
export function minutesIn(duration: string): number {
  const match = iso8601.exec(duration);
  if (!match) throw new RangeError(`${JSON.stringify(duration)}: expected ${durationWanted}`);
  const [, days = 0, hours = 0, minutes = 0, seconds = 0] = match.map((n) => Number(n ?? 0));
  return days * 1_440 + hours * 60 + minutes + seconds / 60;
}

const longest = (rules: readonly Rule[], of: 'timeWindow' | 'cooldown') =>
  Math.max(0, ...rules.map((rule) => minutesIn(rule[of])));
export const rulesOf = ({ rules }: AutoscaleRules, direction: Rule['direction']) =>
  rules.filter((rule) => rule.direction === direction);

/** The stamp that load goes to: the one that is named, else the first active one whose plan scales. */
export function scaledStamp(environment: Scaled, wanted?: string): { readonly stamp: string; readonly plan: string } {
  const scales = (name: string) => environment.plans.some((plan) => plan.name === name && plan.autoscale);
  const active = environment.stamps.filter((stamp) => stamp.role !== 'standby' && scales(stamp.plan));
  const found = wanted === undefined ? active[0] : active.find(({ name }) => name === wanted);
  if (found) return { stamp: found.name, plan: found.plan };
  const allowed = `an active stamp whose plan has autoscale: ${active.map(({ name }) => name).join(', ') || 'there is none'}`;
  throw refusal(environment.name, { path: 'target', seen: wanted ?? 'none', allowed });
}

/**
 * Stages of a run that two steps out and as many in are due in, from the rules alone; minutes of the control plane.
 *
 * rest         the window: what was before is forgotten.
 * first step   0.8 × the capacity of the minimum: window + grain + job until the decision, start-up until it is felt.
 * second step  0.8 × the capacity of minimum + change. The cool-down of the first step began with its decision; what is left of
 *              it, or a new window, whichever is longer, + job + start-up + one window in which all is well again.
 * after        a tenth of the minimum's capacity: window + grain + job until the first step in, cool-down + job for each of the
 *              others, and the metrics' lag.
 * By 5 / 5 / 5 minutes (window, cool-down out and in), from 1 instance by 1: 5 + 9 + 14 + 15 = 43 minutes.
 */
export function autoscalePlan(environment: Scaled, wanted?: string): AutoscalePlan {
  const { stamp, plan } = scaledStamp(environment, wanted);
  const known = scalingOf(environment, plan);
  const { settings, out, ratePerInstance } = known;
  const perMinute = environment.local?.timeScale ?? 1;
  let at = 0;
  const stages = stageRows(known).map(({ name, instances, carried, parts }): Stage => {
    const minutes = parts.reduce((sum, [, one]) => sum + one, 0);
    const fromSeconds = at;
    at += (minutes * 60) / perMinute;
    const sum = parts.map(([part, one]) => `${part} ${Number(one.toFixed(1))}`).join(' + ');
    return { name, minutes, sum, instances, ratePerSecond: carried * ratePerInstance, fromSeconds };
  });
  const expectedInstances = settings.minimum + 2 * out.change;
  return { plan, stamp, settings, stages, durationSeconds: Math.ceil(at), minuteMs: 60_000 / perMinute, expectedInstances };
}

interface Scaling {
  readonly settings: AutoscaleRules;
  /** The first rule that scales out. */
  readonly out: Rule;
  readonly ratePerInstance: number;
}

/** @throws ConfigurationError where the plan has no rule to follow, or nobody says what an instance carries */
function scalingOf(environment: Scaled, plan: string): Scaling {
  const index = environment.plans.findIndex(({ name }) => name === plan);
  const { autoscale: settings, ratePerInstance } = environment.plans[index] ?? {};
  const [out] = settings ? rulesOf(settings, 'Increase') : [];
  const refused = (field: string, seen: string, allowed: string) =>
    refusal(environment.name, { path: `plans[${index}].${field}`, seen, allowed });
  if (!settings || !out) throw refused('autoscale', 'no rule that scales out', 'at least one');
  if (ratePerInstance === undefined) {
    const allowed =
      'requests a second that one instance carries at full CPU: npm run load -- breakpoint, divided by its instances';
    throw refused('ratePerInstance', 'nothing', allowed);
  }
  for (const [i, rule] of settings.rules.entries())
    for (const field of ['timeWindow', 'cooldown'] as const)
      if (!isDuration(rule[field])) throw refused(`autoscale.rules[${i}].${field}`, rule[field], durationWanted);
  return { settings, out, ratePerInstance };
}

interface StageRow extends Pick<Stage, 'name' | 'instances'> {
  /** Load, in instances at full CPU. */
  readonly carried: number;
  readonly parts: readonly (readonly [string, number])[];
}

function stageRows({ settings, out }: Scaling): StageRow[] {
  const { minimum } = settings;
  const afterFirst = minimum + out.change;
  const last = afterFirst + out.change;
  const inward = rulesOf(settings, 'Decrease');
  const [windowOut, coolOut] = [longest(rulesOf(settings, 'Increase'), 'timeWindow'), minutesIn(out.cooldown)];
  const [windowIn, coolIn] = [longest(inward, 'timeWindow'), longest(inward, 'cooldown')];
  const stepsIn = Math.ceil((last - minimum) / Math.min(...inward.map(({ change }) => change), out.change));
  const coolLeft = Math.max(windowOut + grain, coolOut - startMinutes);
  const decided = [
    ['grain', grain],
    ['job', job],
  ] as const;
  return [
    { name: 'rest', instances: minimum, carried: minimum * restShare, parts: [['window', Math.max(windowOut, windowIn)]] },
    {
      name: 'first step',
      instances: afterFirst,
      carried: minimum * loadedShare,
      parts: [['window', windowOut], ...decided, ['start-up', startMinutes]],
    },
    {
      name: 'second step',
      instances: last,
      carried: afterFirst * loadedShare,
      parts: [
        ['window or cool-down', coolLeft],
        ['job', job],
        ['start-up', startMinutes],
        ['window', windowOut],
      ],
    },
    {
      name: 'after',
      instances: minimum,
      carried: minimum * restShare,
      parts: [
        ['window', windowIn],
        ...decided,
        [`${stepsIn - 1} × cool-down and job`, (stepsIn - 1) * (coolIn + job)],
        ['lag', lag],
      ],
    },
  ];
}

/** The stages as corners; the rate of the second step is the profile's 100 %. */
export function autoscaleProfile({ stages, durationSeconds }: AutoscalePlan): Profile {
  const ratePerSecond = Math.max(...stages.map((stage) => stage.ratePerSecond));
  const ends = stages.map((_, i) => stages[i + 1]?.fromSeconds ?? durationSeconds);
  const corners = stages.flatMap(({ ratePerSecond: rate, fromSeconds }, i): Corner[] => [
    [fromSeconds, rate / ratePerSecond],
    [ends[i] ?? durationSeconds, rate / ratePerSecond],
  ]);
  return { corners: () => corners, durationSeconds, ratePerSecond };
}

/** A profile that follows from the environment; undefined where the scenario's own holds. */
export function profileFor(scenario: Scenario, environment: Scaled, target?: string): Profile | undefined {
  return scenario === 'autoscale' ? autoscaleProfile(autoscalePlan(environment, target)) : undefined;
}

/** Load on the stamp whose plan is to scale, and on nothing else; the other scenarios' targets are as they are. */
export const scaledTarget = (scenario: Scenario, environment: Scaled, wanted?: string): string | undefined =>
  scenario === 'autoscale' ? scaledStamp(environment, wanted).stamp : wanted;
