import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../fixtures/environments/errors.ts';
import { thresholds } from '../../health/thresholds.ts';
import { type AutoscaleRules, autoscalePlan, autoscaleProfile, minutesIn, type Scaled } from '../../load/k6/autoscale.ts';
import { differencesOf } from '../../load/verdict/autoscale-rules.ts';
import { judge } from '../../load/verdict/judge.ts';
import type { AutoscaleReading, RunObservation, ServerMetrics } from '../../load/verdict/observation.ts';
import { describePlan } from '../../scripts/autoscale-plan.ts';
import { scaleIn, scaleOut } from '../support/autoscale-rules.ts';
import { type Changes, goodJourney, observed } from './sample-load.ts';

const rules: AutoscaleRules = { minimum: 1, maximum: 4, rules: [scaleOut, scaleIn] };
const environment = (change: Partial<Scaled['plans'][number]> = {}): Scaled => ({
  name: 'preprod',
  local: { timeScale: 60 },
  stamps: [{ name: 'westeurope', plan: 'plan', role: 'active' }],
  plans: [{ name: 'plan', ratePerInstance: 50, autoscale: rules, ...change }],
});

describe('the stages of a run against autoscale', () => {
  it('follow from window, grain, job, start-up and cool-down', () => {
    const plan = autoscalePlan(environment());
    expect(plan.stages.map(({ name, minutes }) => [name, minutes])).toEqual([
      ['rest', 5],
      ['first step', 9],
      ['second step', 14],
      ['after', 15],
    ]);
    expect(plan).toMatchObject({ durationSeconds: 43, minuteMs: 1000, expectedInstances: 3, stamp: 'westeurope' });
    expect(describePlan(plan)).toContain('first step       40/s  needs 2      9 min = window 5 + grain 1 + job 1 + start-up 2');
    expect(describePlan(plan)).toContain('in all 43 min, 43 s of real time');
  });

  it('wait for a long cool-down, out and in', () => {
    const long = [
      { ...scaleOut, cooldown: 'PT30M' },
      { ...scaleIn, cooldown: 'PT10M' },
    ];
    const { stages } = autoscalePlan(environment({ autoscale: { ...rules, rules: long } }));
    expect(stages.map(({ minutes }) => minutes)).toEqual([5, 9, 28 + 1 + 2 + 5, 5 + 1 + 1 + 11 + 2]);
  });

  it('load each step over the CPU at which a plan counts as loaded, and no plan over all it has', () => {
    for (const { ratePerSecond, name, instances } of autoscalePlan(environment()).stages) {
      if (!name.endsWith('step')) continue;
      const cpu = (ratePerSecond / ((instances - 1) * 50)) * 100;
      expect(cpu).toBeGreaterThan(thresholds.cpuPercent.degradedAt);
      expect(cpu).toBeLessThan(100);
    }
  });

  it('become corners, with a step of no length between two', () => {
    const { corners, ratePerSecond, durationSeconds } = autoscaleProfile(autoscalePlan(environment()));
    expect([ratePerSecond, durationSeconds]).toEqual([80, 43]);
    expect(corners(43)).toEqual([
      [0, 0.0625],
      [5, 0.0625],
      [5, 0.5],
      [14, 0.5],
      [14, 1],
      [28, 1],
      [28, 0.0625],
      [43, 0.0625],
    ]);
  });

  it.each([
    ['no autoscale', { autoscale: undefined }, 'an active stamp whose plan has autoscale: there is none'],
    ['no rule out', { autoscale: { ...rules, rules: [scaleIn] } }, 'no rule that scales out'],
    ['nobody knows what an instance carries', { ratePerInstance: undefined }, 'plans[0].ratePerInstance'],
  ])('are refused where there is %s', (_, change, said) => {
    expect(() => autoscalePlan(environment(change as object))).toThrow(ConfigurationError);
    expect(() => autoscalePlan(environment(change as object))).toThrow(said);
  });

  it.each([
    ['PT5M', 5],
    ['PT1H30M', 90],
    ['PT90S', 1.5],
    ['P1DT1H', 1_500],
    ['P1D', 1_440],
  ])('read %s', (text, minutes) => expect(minutesIn(text)).toBe(minutes));

  it.each(['', 'P', 'PT', 'P1DT', '5', 'PT5', 'PT-5M', '5 minutes', 'PT0.5M', '00:05:00'])(
    'refuse %j, which is no duration',
    (text) => {
      expect(() => minutesIn(text)).toThrow(`${JSON.stringify(text)}: expected an ISO 8601 duration, such as PT5M`);
    },
  );

  it.each(['timeWindow', 'cooldown'] as const)('are refused by their place where a %s is no duration', (field) => {
    const unreadable = { ...rules, rules: [...rules.rules, { ...scaleIn, [field]: '5 minutes' }] };
    const stages = () => autoscalePlan(environment({ autoscale: unreadable }));
    expect(stages).toThrow(ConfigurationError);
    expect(stages).toThrow(new RegExp(`plans\\[0\\]\\.autoscale\\.rules\\[2\\]\\.${field}.*5 minutes.*such as PT5M`, 's'));
  });
});

const startMs = Date.UTC(2026, 0, 5);
const at = (minute: number) => startMs + minute * 1000;
/** Of each minute of the run, what a right-sized plan shows: 80 % on one and on two instances, 53 % on three. */
const good = {
  cpu: [10, 10, 10, 10, 10, 80, 80, 80, 80, 80, 80, 80, 40, 40, ...times(9, 80), ...times(5, 53), ...times(15, 5)],
  instances: [...times(10, 1), ...times(9, 2), ...times(16, 3), ...times(6, 2), 1, 1],
  out: [10, 19],
  in: [35, 41],
  met: [0, 12, 21],
};
type Course = typeof good;
function times(n: number, value: number): number[] {
  return Array.from({ length: n }, () => value);
}

interface Row {
  readonly title: string;
  readonly course?: Partial<Course>;
  readonly rules?: AutoscaleRules;
  readonly reading?: Partial<AutoscaleReading>;
  readonly server?: ServerMetrics;
  readonly failedFrom?: number;
  /** Of the load, so much was sent. */
  readonly share?: number;
  /** And of its last second. */
  readonly lastShare?: number;
  readonly p95?: (minute: number) => number;
  readonly generator?: Changes['generator'];
  readonly samples?: Partial<RunObservation['samples']>;
  readonly verdict: 'pass' | 'fail' | 'inconclusive';
  readonly says: RegExp;
}

function courseOf({
  course,
  rules: own = rules,
  reading,
  server,
  failedFrom = 99,
  share = 1,
  lastShare = 1,
  p95 = () => 40,
  generator,
  samples,
}: Row): RunObservation {
  const plan = autoscalePlan(environment({ autoscale: own }));
  const { cpu, instances, out, in: inward, met } = { ...good, ...course };
  const minutes = Array.from({ length: plan.durationSeconds }, (_, i) => i);
  const series = (kind: 'cpu' | 'instances' | 'queue', values: readonly number[]) => {
    const points = minutes.map((i) => {
      const value = values[Math.min(i, values.length - 1)] ?? Number.NaN;
      return Number.isNaN(value) ? { atMs: at(i) } : { atMs: at(i), value };
    });
    return { kind, of: 'plan', everyMs: 1000, points };
  };
  const rateAt = (second: number) => plan.stages.findLast(({ fromSeconds }) => fromSeconds <= second)?.ratePerSecond ?? 0;
  const seconds = minutes.map((i) => {
    const requests = Math.round(rateAt(i) * share * (i === 27 ? lastShare : 1));
    const lost = i >= failedFrom && i < 28 ? Math.ceil(requests / 5) : 0;
    return {
      atMs: at(i),
      requests,
      failed: lost,
      p50Ms: 20,
      p95Ms: p95(i),
    };
  });
  const refusal = { name: 'GET /x', status: 500, layer: '', code: 'x', external: '', byApp: true, retried: false };
  const failureSeconds = seconds.flatMap(({ atMs, failed: lost }) =>
    lost === 0 ? [] : [{ atMs, failed: lost, unanswered: {}, refusals: [{ ...refusal, count: lost }] }],
  );
  const requests = seconds.reduce((sum, one) => sum + one.requests, 0);
  const failed = seconds.reduce((sum, one) => sum + one.failed, 0);
  const actions = [
    ...out.map((minute) => ({ atMs: at(minute), direction: 'Increase' as const })),
    ...inward.map((minute) => ({ atMs: at(minute), direction: 'Decrease' as const })),
  ].sort((a, b) => a.atMs - b.atMs);
  return observed({
    wanted: {
      scenario: 'autoscale',
      autoscale: plan,
      durationSeconds: plan.durationSeconds,
      ratePerSecond: requests / plan.durationSeconds,
      corners: autoscaleProfile(plan)
        .corners(0)
        .map(([atSeconds, share]) => ({ atSeconds, ratePerSecond: share * 80 })),
      journeys: { browse: 100 },
    },
    samples: {
      requests,
      failed,
      seconds,
      journeys: { browse: goodJourney },
      instances: Object.fromEntries(met.map((minute, i) => [`plan-${i}`, at(minute)])),
      firstAtMs: startMs,
      lastAtMs: at(plan.durationSeconds),
      refusals: failed === 0 ? [] : [{ ...refusal, count: failed }],
      failureSeconds,
      ...samples,
    },
    ...(generator ? { generator } : {}),
    server: server ?? {
      series: [series('cpu', cpu), series('instances', instances), series('queue', [0])],
      autoscale: { rules: own, actions, vaultRefused: 0, ...reading },
    },
  });
}

const long: AutoscaleRules = { ...rules, rules: [{ ...scaleOut, cooldown: 'PT30M' }, scaleIn] };
const high: AutoscaleRules = { ...rules, rules: [{ ...scaleOut, threshold: 95 }, scaleIn] };
const onOne = { cpu: [...times(5, 10), ...times(9, 80), ...times(60, 100)], instances: [1], out: [], in: [], met: [0] };
const onTwo = {
  cpu: [...good.cpu.slice(0, 14), ...times(60, 80)],
  instances: [...times(10, 1), 2],
  out: [10],
  in: [],
  met: [0, 12],
};

const rows: readonly Row[] = [
  { title: 'a right-sized plan', verdict: 'pass', says: /^$/ },
  {
    title: 'a cool-down too long',
    rules: long,
    course: {
      ...onTwo,
      out: [10, 41],
      instances: [...times(10, 1), ...times(31, 2), ...times(20, 3), 1],
      met: [0, 12, 43],
      in: [64],
    },
    verdict: 'fail',
    says: /^second step: decided 27 min after CPU was over 70 %, limit 10 min: the cool-down of PT30M/,
  },
  {
    title: 'a threshold too high',
    rules: high,
    course: { ...onOne, cpu: [...times(5, 10), ...times(60, 80)] },
    verdict: 'fail',
    says: /^first step: never decided .*the threshold of 95 % was not crossed: CPU was 80 % over PT5M/,
  },
  {
    title: 'a maximum too low',
    rules: { ...rules, maximum: 2 },
    course: onTwo,
    verdict: 'fail',
    says: /^second step: never decided .*: the maximum of 2 instances is reached/,
  },
  {
    title: 'slow start-up',
    course: { met: [0, 18, 27] },
    verdict: 'fail',
    says: /^first step: the new instance served 8 min after the decision, limit 5 min: slow start-up/,
  },
  {
    title: 'an instance that never starts',
    course: { met: [0] },
    verdict: 'fail',
    says: /^first step: the new instance never served in 18 min: slow start-up/,
  },
  {
    title: 'new instances that never serve without Key Vault',
    course: { met: [0] },
    reading: { vaultRefused: 7 },
    verdict: 'fail',
    says: /^first step: the new instance never served .*can't read Key Vault: it refused 7 reads/,
  },
  {
    title: 'new instances that serve errors without Key Vault',
    reading: { vaultRefused: 7 },
    failedFrom: 12,
    verdict: 'fail',
    says: /^errors [\d.]+ % while it grows .*new instances can't read Key Vault/,
  },
  {
    title: 'a window too long',
    rules: { ...rules, rules: [{ ...scaleOut, timeWindow: 'PT15M' }, scaleIn] },
    course: { cpu: [...times(15, 10), ...times(60, 80)], instances: [...times(31, 1), 2], out: [31], in: [], met: [0, 33] },
    verdict: 'fail',
    says: /^first step: decided 16 min after .*the rule looks back PT15M/,
  },
  {
    title: 'latency that never recovers',
    p95: (minute) => (minute > 6 && minute < 28 ? 900 : 40),
    verdict: 'fail',
    says: /^latency p95 900 ms while it grows is over 500 ms/,
  },
  {
    title: 'latency that never comes back under its objective',
    p95: (minute) => (minute > 6 && minute < 28 ? 450 : 40),
    verdict: 'fail',
    says: /^objectives were never met again under the load: latency p95 450 ms/,
  },
  { title: 'a load that ends within its last second', lastShare: 0.4, verdict: 'pass', says: /^$/ },
  {
    title: 'flapping',
    course: { in: [16, 35, 41], out: [10, 19] },
    verdict: 'fail',
    says: /^flapping: the plan scaled in after 16 min against the load/,
  },
  {
    title: 'a scale-in that is not seen',
    course: { instances: [...times(10, 1), ...times(9, 2), 3], in: [] },
    verdict: 'inconclusive',
    says: /^scale-in was not seen: 3 instances 15 min after the load/,
  },
  {
    title: 'instances whose CPU has not arrived in the last minute',
    course: { instances: [...times(10, 1), ...times(9, 2), ...times(16, 3), ...times(7, 2), 1], in: [35] },
    verdict: 'inconclusive',
    says: /^scale-in: 3 instances came to 1, of which autoscale's 1 actions explain a part alone/,
  },
  {
    title: 'rules that differ in Azure',
    reading: { rules: { ...rules, maximum: 3 } },
    verdict: 'inconclusive',
    says: /^autoscale rules differ: maximum: 4 in the environment file, 3 in Azure/,
  },
  {
    title: 'a load that is too small',
    course: { cpu: [40], out: [], in: [], instances: [1], met: [0] },
    verdict: 'inconclusive',
    says: /^first step: not due: CPU came to 40 % at most, and was not over 70 % for long/,
  },
  {
    title: 'a step whose load was not sent',
    course: onTwo,
    share: 0.5,
    verdict: 'inconclusive',
    says: /^first step: load: 50 % of it was sent, which shows nothing of the plan/,
  },
  {
    title: 'no metrics at all',
    server: { missing: 'no server metrics (503)' },
    verdict: 'inconclusive',
    says: /^autoscale: no server metrics \(503\)/,
  },
  {
    title: 'metrics an hour old',
    course: { cpu: [Number.NaN], instances: [Number.NaN] },
    verdict: 'inconclusive',
    says: /^first step: not due: no CPU was measured/,
  },
  {
    title: 'metrics with holes',
    course: { cpu: good.cpu.map((value, i) => (i % 3 === 0 ? Number.NaN : value)) },
    verdict: 'inconclusive',
    says: /^server metrics: cpu of plan came for 65\.\d % of the run/,
  },
  {
    title: 'autoscale that nobody read',
    server: { series: [] },
    verdict: 'inconclusive',
    says: /^autoscale: nothing of Azure Monitor’s autoscale was read/,
  },
  {
    title: 'a k6 killed half-way',
    generator: { exitCode: null, signal: 'SIGKILL' },
    verdict: 'inconclusive',
    says: /^k6 was killed by SIGKILL/,
  },
  {
    title: 'a generator slowed to saturation',
    generator: { coresUsed: 1.9 },
    verdict: 'inconclusive',
    says: /^rate [\d.]+\/s was reached, but the generator was saturated \(k6 used 1\.9 of 2 cores\)/,
  },
  {
    title: 'iterations that no virtual user was free for',
    samples: { droppedIterations: 12 },
    verdict: 'inconclusive',
    says: /but 12 iterations were dropped/,
  },
  {
    title: 'an exception before the first check',
    samples: { requests: 0, seconds: [], firstAtMs: undefined, lastAtMs: undefined, journeys: {} },
    generator: { errorCount: 3, errorLines: ['boom'] },
    verdict: 'inconclusive',
    says: /^k6 sent no request/,
  },
];

describe('the autoscale verdict', () => {
  it.each(rows)('of $title is $verdict', (row) => {
    const { verdict, reasons } = judge(courseOf(row));
    expect(reasons[0] ?? '').toMatch(row.says);
    expect(verdict).toBe(row.verdict);
  });

  it('gives each stretch its own value', () => {
    const of = Object.fromEntries(judge(courseOf(rows[0] as Row)).judgements.map(({ name, value }) => [name, value]));
    expect(of).toMatchObject({
      'first step: decided': 5,
      'first step: new instance serves': 2,
      'second step: decided': 5,
      'second step: new instance serves': 2,
      'instances reached': 3,
      'errors while it grows': 0,
      'latency p95 while it grows': 40,
      'objectives met again': 0,
      'scale-in after the load': 13,
      flapping: 0,
    });
  });

  it('says each difference between file and Azure', () => {
    const azure = { ...rules, minimum: 2, rules: [{ ...scaleOut, threshold: 80 }] };
    const said = differencesOf(rules, azure);
    expect(said).toContain('minimum: 1 in the environment file, 2 in Azure');
    expect(said).toContain('rules[0].threshold: 70 in the environment file, 80 in Azure');
    expect(said).toContain('rules[1].direction: Decrease in the environment file, nothing in Azure');
    expect(differencesOf(rules, { ...rules })).toEqual([]);
  });
});
