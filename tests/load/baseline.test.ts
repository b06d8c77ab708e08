import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { seeded } from '../../fixtures/data/random.ts';
import { addedTo, baselineFile, readBaseline, writeBaseline } from '../../load/baselines.ts';
import { type Baseline, compare, withComparison, withRun } from '../../load/verdict/baseline.ts';
import { sideBySide } from '../../load/verdict/side-by-side.ts';
import { tailOfT } from '../../load/verdict/student.ts';
import type { LoadVerdict, RunMetric } from '../../load/verdict/verdict.ts';
import { renderComparison } from '../../pages/terminal.ts';
import { words } from '../../pages/words.ts';
import { typescript } from '../../scripts/typescript.ts';
import { sampleLoad } from '../support/sample-run.ts';

const steps = [
  'browse › open the catalogue',
  'browse › open a product',
  'search › search for it',
  'cart › fill a cart',
  'checkout › choose a product',
  'checkout › pay',
  'checkout › find the order',
  'checkout › clean up',
];
const costs = { browse: 42.7, search: 84.4, checkout: 112.5 };

/** Sum of twelve uniform numbers less six: as good as normal, and seeded. */
const normal = (random: () => number) => Array.from({ length: 12 }, random).reduce((sum, n) => sum + n, -6);

interface Build {
  /** Factor on the latency of one step. */
  readonly slower?: { readonly step: string; readonly factor: number };
  readonly ruFactor?: number;
}

/** A run as the collector would see it: the machine's mood is common to all steps, the rest is each step's own. */
function run(random: () => number, { slower, ruFactor = 1 }: Build = {}): LoadVerdict {
  const mood = Math.exp(0.05 * normal(random));
  const latencies = steps.flatMap((step, index): RunMetric[] => {
    const own = 20 * (index + 1) * mood * (slower?.step === step ? slower.factor : 1);
    return [
      { name: `${step} p50`, unit: 'ms', value: own * Math.exp(0.02 * normal(random)) },
      { name: `${step} p95`, unit: 'ms', value: 3 * own * Math.exp(0.05 * normal(random)) },
    ];
  });
  const ru = Object.entries(costs).map(([name, value]) => ({
    name: `${name} RU`,
    unit: 'RU',
    value: value * (name === 'search' ? ruFactor : 1),
  }));
  return sampleLoad({
    verdict: 'pass',
    reasons: [],
    judgements: [{ name: 'errors', verdict: 'pass', value: 0, limit: 1, unit: '%', samples: 3600, source: 'k6' }],
    corners: [
      { atSeconds: 0, ratePerSecond: 60 },
      { atSeconds: 60, ratePerSecond: 60 },
    ],
    metrics: [...latencies, ...ru],
  });
}

const runs = (count: number, seed: number, build?: Build) => {
  const random = seeded(seed);
  return Array.from({ length: count }, () => run(random, build));
};
const baselineOf = (verdicts: readonly LoadVerdict[]) =>
  verdicts.reduce<Baseline | undefined>((baseline, verdict) => withRun(baseline, verdict), undefined) as Baseline;

describe("Student's t", () => {
  // From the tables of any textbook.
  it.each([
    { t: 0, freedom: 5, chance: 0.5 },
    { t: 2.015, freedom: 5, chance: 0.05 },
    { t: 4.032, freedom: 5, chance: 0.005 },
    { t: 1.812, freedom: 10, chance: 0.05 },
    { t: -1.812, freedom: 10, chance: 0.95 },
    { t: 3.169, freedom: 10, chance: 0.005 },
    { t: 31.82, freedom: 1, chance: 0.01 },
    { t: 2.326, freedom: 100_000, chance: 0.01 },
  ])('is above $t with $freedom degrees in $chance', ({ t, freedom, chance }) => {
    expect(Math.abs(tailOfT(t, freedom) - chance)).toBeLessThan(chance * 0.003);
  });
});

describe('a comparison with earlier runs', () => {
  it.each([
    { title: 'none', count: 0 },
    { title: 'one', count: 1 },
    { title: 'four', count: 4 },
  ])('is inconclusive with too few of them: $title', ({ count }) => {
    const earlier = count === 0 ? { ...baselineOf(runs(1, 1)), runs: [] } : baselineOf(runs(count, 1));
    const compared = compare(earlier, runs(1, 2)[0] as LoadVerdict);
    expect(compared).toMatchObject({ verdict: 'inconclusive', runs: count, reason: expect.stringMatching(/^baseline: /) });
  });

  it('passes the same build', () => expect(compare(baselineOf(runs(5, 1)), runs(1, 2)[0] as LoadVerdict).verdict).toBe('pass'));

  it.each([
    { title: '30 % more', ruFactor: 1.3, count: 1, verdict: 'fail', reason: 'baseline: search RU costs 30 % more' },
    { title: '4 % more', ruFactor: 1.04, count: 5, verdict: 'fail', reason: /search RU costs 4 % more/ },
    { title: '2 % more', ruFactor: 1.02, count: 5, verdict: 'pass' },
    { title: '30 % less', ruFactor: 0.7, count: 5, verdict: 'pass' },
  ])('gates RU exactly: $title', ({ ruFactor, count, verdict, reason }) => {
    const compared = compare(baselineOf(runs(count, 3)), runs(1, 4, { ruFactor })[0] as LoadVerdict);
    expect(compared.verdict).toBe(verdict);
    if (reason) expect(compared.reason).toMatch(reason);
  });

  it.each([
    { missing: 'search RU', verdict: 'inconclusive', reason: "baseline: its runs know search RU, this run doesn't" },
    {
      missing: 'checkout › pay p50',
      verdict: 'inconclusive',
      reason: "baseline: its runs know checkout › pay p50, this run doesn't",
    },
    // A p95 needs 200 requests, and comes and goes with a few.
    { missing: 'checkout › pay p95', verdict: 'pass', reason: undefined },
  ])('is $verdict where a build stops telling $missing', ({ missing, verdict, reason }) => {
    const now = runs(1, 2)[0] as LoadVerdict;
    const silent = { ...now, metrics: (now.metrics ?? []).filter(({ name }) => name !== missing) };
    const seen = compare(baselineOf(runs(5, 3)), silent);
    expect([seen.verdict, seen.reason]).toEqual([verdict, reason]);
  });

  it.each([
    { what: 'rate', change: { rateWantedPerSecond: 30 }, reason: /rate 30 instead of 60/ },
    { what: 'duration', change: { corners: [{ atSeconds: 30, ratePerSecond: 60 }] }, reason: /duration 30 instead of 60/ },
    { what: 'targets', change: { targets: ['global'] }, reason: /targets global instead of westeurope, eastus/ },
    { what: 'environment', change: { environment: 'test' }, reason: /environment test instead of local/ },
  ])('is inconclusive where runs asked for another $what', ({ change, reason }) => {
    const compared = compare(baselineOf(runs(6, 1)), { ...(runs(1, 2)[0] as LoadVerdict), ...change });
    expect(compared.verdict).toBe('inconclusive');
    expect(compared.reason).toMatch(reason);
  });

  it.each([
    { machineBusy: 0.89, verdict: 'fail', reason: /^baseline: checkout › pay p50 is \d+(\.\d)? % slower/ },
    { machineBusy: 0.9, verdict: 'inconclusive', reason: /slower.*, but the generator's machine was 90 % busy$/ },
  ])('blames no build for a busy machine: $machineBusy', ({ machineBusy, verdict, reason }) => {
    const [slow] = runs(1, 9, { slower: { step: 'checkout › pay', factor: 1.5 } }) as [LoadVerdict];
    const compared = compare(baselineOf(runs(8, 1)), { ...slow, generator: { cores: 2, machineBusy } });
    expect(compared.verdict).toBe(verdict);
    expect(compared.reason).toMatch(reason);
  });

  it('gates RU on a busy machine as well', () => {
    const [dear] = runs(1, 4, { ruFactor: 1.3 }) as [LoadVerdict];
    expect(compare(baselineOf(runs(5, 3)), { ...dear, generator: { cores: 2, machineBusy: 1 } }).verdict).toBe('fail');
  });

  it('names a whole run that is slower as such, not its steps', () => {
    const [slow] = runs(1, 9) as [LoadVerdict];
    const metrics = slow.metrics?.map((metric) => (metric.unit === 'ms' ? { ...metric, value: metric.value * 2 } : metric)) ?? [];
    const { verdict, rows } = compare(baselineOf(runs(8, 1)), { ...slow, metrics });
    expect(verdict).toBe('fail');
    expect(rows.filter(({ change }) => change === 'worse').map(({ name }) => name)).toEqual(['all steps']);
  });

  it('leaves out steps that the baseline does not know', () => {
    const [now] = runs(1, 2) as [LoadVerdict];
    const metrics = [...(now.metrics ?? []), { name: 'wish › new p50', unit: 'ms', value: 9999 }];
    const { verdict, rows } = compare(baselineOf(runs(6, 1)), { ...now, metrics });
    expect(verdict).toBe('pass');
    expect(rows.map(({ name }) => name)).not.toContain('wish › new p50');
  });

  it.each([
    { was: 'pass', compared: 'fail', is: 'fail' },
    { was: 'pass', compared: 'inconclusive', is: 'inconclusive' },
    { was: 'fail', compared: 'inconclusive', is: 'fail' },
    { was: 'inconclusive', compared: 'pass', is: 'inconclusive' },
  ] as const)('joins the verdict: $was and $compared is $is', ({ was, compared, is }) => {
    const reason = compared === 'pass' ? {} : { reason: 'baseline: so' };
    const joined = withComparison(sampleLoad({ verdict: was }), { verdict: compared, ...reason, runs: 6, rows: [] });
    expect(joined.verdict).toBe(is);
    expect(joined.reasons.includes('baseline: so')).toBe(compared !== 'pass');
    if (compared === 'fail') expect(joined.reasons[0]).toBe('baseline: so');
  });
});

describe('1,000 comparisons of resampled runs', () => {
  const slowStep = 'checkout › pay';
  const good = runs(12, 101);
  const slow = runs(12, 202, { slower: { step: slowStep, factor: 1.2 } });

  /** Whole runs, drawn with replacement: a baseline of `size`, and one run to compare. */
  function drawn(from: readonly LoadVerdict[], now: readonly LoadVerdict[], size: number, seed: number) {
    const random = seeded(seed);
    const pick = (list: readonly LoadVerdict[]) => list[Math.floor(random() * list.length)] as LoadVerdict;
    return compare(baselineOf(Array.from({ length: size }, () => pick(from))), pick(now));
  }

  it.each([5, 8, 12])('call at most one in a hundred unchanged builds slower: %d earlier runs', (size) => {
    const alarms = Array.from({ length: 1000 }, (_, seed) => drawn(good, good, size, seed)).filter(
      ({ verdict }) => verdict === 'fail',
    );
    expect(alarms.length).toBeLessThanOrEqual(10);
  });

  it.each([5, 8, 12])('find a step that is a fifth slower by name: %d earlier runs', (size) => {
    const all = Array.from({ length: 1000 }, (_, seed) => drawn(good, slow, size, seed));
    const found = all.filter(({ verdict, reason = '' }) => verdict === 'fail' && reason.includes(slowStep));
    expect(found.length).toBeGreaterThanOrEqual(950);
    const others = all.filter(({ rows }) => rows.some(({ name, change }) => change === 'worse' && !name.startsWith(slowStep)));
    expect(others.length).toBeLessThanOrEqual(10);
  });
});

describe('one run against one other', () => {
  const [first, same] = runs(2, 31) as [LoadVerdict, LoadVerdict];
  const [slower] = runs(1, 32, { slower: { step: 'checkout › pay', factor: 1.5 } }) as [LoadVerdict];
  const [dearer] = runs(1, 33, { ruFactor: 1.3 }) as [LoadVerdict];
  it.each([
    {
      title: 'is inconclusive without a spread',
      second: slower,
      baseline: undefined,
      verdict: 'inconclusive',
      reason: /too few for a spread/,
    },
    {
      title: 'is inconclusive with a spread of four',
      second: slower,
      baseline: baselineOf(runs(4, 41)),
      verdict: 'inconclusive',
    },
    {
      title: 'takes the spread of the saved runs',
      second: slower,
      baseline: baselineOf(runs(8, 41)),
      verdict: 'fail',
      reason: /checkout › pay p50 is/,
    },
    { title: 'passes what lies within it', second: same, baseline: baselineOf(runs(8, 41)), verdict: 'pass' },
    {
      title: 'needs no spread for RU',
      second: dearer,
      baseline: undefined,
      verdict: 'fail',
      reason: /search RU costs 30 % more/,
    },
    {
      title: 'compares nothing that asked otherwise',
      second: { ...same, rateWantedPerSecond: 9 },
      baseline: undefined,
      verdict: 'inconclusive',
      reason: /rate 9 instead of 60/,
    },
  ])('$title', ({ second, baseline, verdict, reason }) => {
    const compared = sideBySide(first, second, baseline);
    expect(compared.verdict).toBe(verdict);
    if (reason) expect(compared.reason).toMatch(reason);
    expect(renderComparison(compared, false).split('\n')[0]).toBe(
      `${words[compared.verdict].symbol} ${compared.reason ?? 'no worse'}`,
    );
  });

  it('compares no run with one that asked otherwise, whatever the baseline', () => {
    const other = { ...first, rateWantedPerSecond: 9 };
    const { verdict, reason } = sideBySide(other, same, baselineOf(runs(8, 41)));
    expect([verdict, reason]).toEqual(['inconclusive', expect.stringContaining('rate 60 instead of 9')]);
  });

  it('shows every figure all the same', () => {
    const { rows } = sideBySide(first, slower, undefined);
    expect(rows).toHaveLength(first.metrics?.length ?? 0);
    expect(renderComparison(sideBySide(first, slower, undefined), false)).toMatch(/checkout › pay p50 .* \+\d+(\.\d)? %/);
  });
});

describe('npm run compare', () => {
  const folder = mkdtempSync(join(tmpdir(), 'compare-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const saved = (name: string, verdict: LoadVerdict) => {
    const file = join(folder, `${name}.json`);
    writeFileSync(file, JSON.stringify({ ...verdict, environment: 'nowhere' }));
    return file;
  };
  const [good, dear] = [
    saved('good', runs(1, 51)[0] as LoadVerdict),
    saved('dear', runs(1, 52, { ruFactor: 1.3 })[0] as LoadVerdict),
  ];
  it.each([
    { title: 'a dearer build', args: [good, dear], code: 1, says: /search RU costs 30 % more/ },
    { title: 'two runs without a spread', args: [good, good], code: 2, says: /too few for a spread/ },
    { title: 'one run', args: [good], code: 3, says: /got 1 runs; allowed: two/ },
    { title: 'a run that is not there', args: [good, 'nowhere'], code: 3, says: /nowhere: got nothing there/ },
    { title: 'a folder without a verdict', args: [good, folder], code: 3, says: /no verdict of a load run/ },
  ])('exits $code for $title', ({ args, code, says }) => {
    const ended = spawnSync(process.execPath, [...typescript, 'scripts/compare.ts', ...args], {
      cwd: join(__dirname, '../..'),
      encoding: 'utf8',
    });
    expect(ended.stdout + ended.stderr).toMatch(says);
    expect(ended.status).toBe(code);
  });
});

describe('a baseline file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'baselines-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('reads as it was written, a line a run', () => {
    const file = baselineFile('local', 'target', folder);
    const baseline = baselineOf(runs(3, 1));
    writeBaseline(file, baseline);
    expect(readBaseline(file)).toEqual(baseline);
    expect(
      readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line.includes('"startedAt"')),
    ).toHaveLength(3);
  });

  it('is undefined where there is none', () => expect(readBaseline(join(folder, 'no.json'))).toBeUndefined());

  it.each(['{', '[]', '{"runs":1}'])('is told when it holds something else: %s', (text) => {
    const file = join(folder, 'odd.json');
    writeFileSync(file, text);
    expect(() => readBaseline(file)).toThrow(/odd\.json has a fault:[\s\S]*what --save-baseline writes/);
  });

  it('keeps the last twenty, and begins anew for another rate', () => {
    const full = baselineOf(runs(23, 1));
    expect(full.runs).toHaveLength(20);
    const [next] = runs(1, 2) as [LoadVerdict];
    const slow = { ...next, rateWantedPerSecond: 30 };
    expect(withRun(full, slow).runs).toHaveLength(1);
    expect(addedTo('it', full, slow)).toBe('begun anew in it, whose 20 runs asked for something else (rate 30 instead of 60)');
    expect([addedTo('it', full, next), addedTo('it', undefined, next)]).toEqual(['added to it', 'added to it']);
  });
});
