import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { environmentSchema } from '../../fixtures/environments/schema.ts';
import { type Target, targetsOf } from '../../fixtures/environments/targets.ts';
import { activity, worldCorners } from '../../load/k6/day.ts';
import { arrivalScenario } from '../../load/k6/executor.ts';
import { sharesOf } from '../../load/k6/mix.ts';
import { profiles, requestsOfJourneys } from '../../load/k6/profiles.ts';
import { journeysOf, type TrafficWish, trafficOf } from '../../load/k6/traffic.ts';
import { type Scenario, scenarios, wantedOf } from '../../load/run.ts';

const folder = join(__dirname, '../../load/scenarios');
const environment = environmentSchema.parse(
  JSON.parse(readFileSync(join(__dirname, '../../fixtures/environments/local.json'), 'utf8')),
);
const targets: Target[] = targetsOf(environment).slice(0, 3);
const traffic = (scenario: Scenario, wish: Partial<TrafficWish> = {}) => trafficOf({ scenario, environment, targets, ...wish });

describe('scenarios', () => {
  it('have a file each, whose first comment asks their question', () => {
    expect(readdirSync(folder).sort()).toEqual(
      Object.keys(profiles)
        .map((name) => `${name}.ts`)
        .sort(),
    );
    for (const name of scenarios) {
      const text = readFileSync(join(folder, `${name}.ts`), 'utf8');
      expect(text).toMatch(/^\/\/ [A-Z][^\n]*\?/);
      expect(text).toContain(`scenarioOf('${name}')`);
    }
  });

  it.each([
    { scenario: 'smoke', seconds: 20, mean: 5, peak: 5 },
    { scenario: 'target', seconds: 60, mean: 60, peak: 60 },
    { scenario: 'spike', seconds: 120, mean: 33, peak: 60 },
    { scenario: 'breakpoint', seconds: 300, mean: 97.5, peak: 180 },
    { scenario: 'soak', seconds: 3600, mean: 42, peak: 42 },
    { scenario: 'hot-product', seconds: 120, mean: 60, peak: 60 },
    { scenario: 'cosmos-ru', seconds: 720, mean: 45, peak: 60 },
  ] as const)('send what their arithmetic says: $scenario', ({ scenario, seconds, mean, peak }) => {
    const { durationSeconds, ratePerSecond, corners, iterations, arrivals } = traffic(scenario);
    expect(durationSeconds).toBe(seconds);
    expect(ratePerSecond).toBeCloseTo(mean, 6);
    expect(Math.max(...corners.map(([, rate]) => rate))).toBeCloseTo(peak, 6);
    expect(iterations * arrivals.requestsPerIteration).toBeCloseTo(mean * seconds, -1);
    expect(Object.values(journeysOf(traffic(scenario))).reduce((sum, n) => sum + n, 0)).toBe(iterations);
  });

  it('follow flags before their own figures', () => {
    const wanted = wantedOf({ environment, scenario: 'smoke', ratePerSecond: 20, durationSeconds: 10 });
    expect(wanted).toMatchObject({ ratePerSecond: 20, durationSeconds: 10 });
    expect(wanted.corners).toEqual([
      { atSeconds: 0, ratePerSecond: 20 },
      { atSeconds: 10, ratePerSecond: 20 },
    ]);
  });

  it('send the mix as it is where they say nothing else', () => {
    const { iterations } = traffic('target');
    const counts = journeysOf(traffic('target'));
    for (const [name, share] of sharesOf(environment.load.mix))
      expect(Math.abs((counts[name] ?? 0) - share * iterations)).toBeLessThan(4);
  });

  it('run each journey alike in a smoke test', () => {
    const counts = Object.values(journeysOf(traffic('smoke')));
    expect(counts).toHaveLength(5);
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(3);
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(2);
  });

  it('want one shoe alone in a flash sale', () => expect(traffic('hot-product').zipfExponent).toBe(30));
});

describe('rates over time', () => {
  it.each([
    { title: 'a spike climbs tenfold in ten seconds', seconds: 120, at: [0, 30, 40, 90, 100, 120] },
    { title: 'a short one in a sixth of its time', seconds: 12, at: [0, 3, 5, 9, 11, 12] },
  ])('$title', ({ seconds, at }) => {
    const { corners } = traffic('spike', { durationSeconds: seconds });
    expect(corners.map(([second]) => second)).toEqual(at);
    for (const [index, rate] of [6, 6, 60, 60, 6, 6].entries()) expect(corners[index]?.[1]).toBeCloseTo(rate, 6);
  });

  it('become stages that k6 takes', () => {
    const scenario = arrivalScenario(traffic('breakpoint', { durationSeconds: 30 }));
    expect(scenario).toMatchObject({ executor: 'ramping-arrival-rate', timeUnit: '1h', stages: [{ duration: '30000ms' }] });
    const { startRate, stages } = scenario as { startRate: number; stages: { target: number }[] };
    expect((stages[0]?.target ?? 0) / startRate).toBeCloseTo(12, 3);
  });

  it('stay a constant rate where nothing changes', () => {
    expect(arrivalScenario(traffic('target'))).toMatchObject({
      executor: 'constant-arrival-rate',
      rate: 62_646,
      timeUnit: '1h',
      duration: '60s',
      maxVUs: 72,
    });
    expect(arrivalScenario(traffic('target', { ratePerSecond: 0.0001 }))).toMatchObject({ rate: 1 });
  });
});

describe('a mix that varies on purpose', () => {
  const names = Object.keys(environment.load.mix);
  const windowOf = (varied: ReturnType<typeof traffic>, windowSeconds: number) => {
    const windows: string[][] = [];
    // As k6 starts them: the area under the line of starts.
    let [at, before] = [0, 0];
    for (const [index, [to, rate]] of varied.starts.entries()) {
      const [from = 0, last = 0] = varied.starts[index - 1] ?? [];
      const upTo = before + ((last + rate) / 2) * (to - from);
      for (; at < upTo - 1e-6; at += 1) {
        const window = Math.floor(from / windowSeconds);
        windows[window] = [...(windows[window] ?? []), varied.journeyOf(at)];
      }
      before = upTo;
    }
    return windows;
  };

  it('gives each journey a window that is mostly its own', () => {
    const windows = windowOf(traffic('cosmos-ru', { durationSeconds: 24, windowSeconds: 4 }), 4);
    const shares = windows.map((journeys) =>
      Object.fromEntries(names.map((name) => [name, journeys.filter((one) => one === name).length / journeys.length])),
    );
    expect(shares).toHaveLength(6);
    expect(shares[0]?.browse).toBeCloseTo(0.6, 1);
    for (const [index, name] of names.entries()) expect(shares[index + 1]?.[name]).toBeGreaterThan(0.7);
    expect(shares[2]?.browse).toBeCloseTo(0.15, 1);
  });

  it('holds the rate of requests while the iterations change with the mix', () => {
    const varied = traffic('cosmos-ru', { windowSeconds: 10, durationSeconds: 120 });
    const requestsOf = requestsOfJourneys(environment.load.zipfExponent);
    const windows = windowOf(varied, 10);
    expect(windows).toHaveLength(12);
    for (const [index, journeys] of windows.entries()) {
      const requests = journeys.reduce((sum, name) => sum + (requestsOf[name] ?? 0), 0) / 10;
      // Each mix once at the whole rate, and once at half of it.
      expect(requests / (index < 6 ? 60 : 30)).toBeGreaterThan(0.95);
      expect(requests / (index < 6 ? 60 : 30)).toBeLessThan(1.05);
    }
    expect(arrivalScenario(varied)).toMatchObject({ executor: 'ramping-arrival-rate' });
    const { stages } = arrivalScenario(varied) as { stages: { target: number; duration: string }[] };
    // A window and a jump in turn.
    expect(stages.map(({ duration }) => duration).slice(0, 3)).toEqual(['10000ms', '0ms', '10000ms']);
  });

  it.each([
    { title: 'a minute, as the metrics have it', local: undefined, seconds: 720 },
    { title: 'five seconds on a local store, whose minutes are short', local: environment.local, seconds: 60 },
  ])('lets each mix have two turns of $title', ({ local, seconds }) => {
    expect(wantedOf({ environment: { ...environment, local }, scenario: 'cosmos-ru' }).durationSeconds).toBe(seconds);
  });

  it('has nothing to vary with one journey', () => {
    const one = { ...environment, load: { ...environment.load, mix: { browse: 1 } } };
    expect(trafficOf({ scenario: 'cosmos-ru', environment: one, targets }).mixes).toEqual([{ browse: 1 }]);
  });
});

describe('a day by geography', () => {
  it.each([
    { region: 'westeurope', utcHour: 19, share: 1 },
    { region: 'eastus', utcHour: 1, share: 1 },
    { region: 'southeastasia', utcHour: 12, share: 1 },
    { region: 'centralindia', utcHour: 14.5, share: 1 },
    { region: 'westeurope', utcHour: 2, share: 0.08 },
    { region: 'westeurope', utcHour: 18.5, share: 0.975 },
  ])('has its evening where its shoppers are: $region at $utcHour', ({ region, utcHour, share }) => {
    expect(activity(region, utcHour)).toBeCloseTo(share, 6);
  });

  it('names the regions that it knows for one that it does not', () => {
    expect(() => activity('mars', 0)).toThrow(/no time zone is known for mars.*westeurope/);
  });

  it('reaches the wanted rate at the peak of all regions together', () => {
    const corners = worldCorners(['westeurope', 'eastus'], 240);
    expect(corners).toHaveLength(25);
    expect(Math.max(...corners.map(([, share]) => share))).toBe(1);
    expect(corners[0]?.[1]).toBeCloseTo(corners[24]?.[1] ?? 0, 10);
  });

  it('moves the traffic with the sun', () => {
    const day = traffic('day', { durationSeconds: 24, ratePerSecond: 2000 });
    const shareOf = (hour: number) => {
      const at = Array.from({ length: day.iterations }, (_, i) => i).filter(
        (i) => Math.floor((i / day.iterations) * 24) === hour,
      );
      const chosen = at.map((iteration) => targets[day.targetOf(iteration)]?.name);
      return chosen.filter((name) => name === 'eastus').length / chosen.filter((name) => name !== 'global').length;
    };
    expect(shareOf(6)).toBeLessThan(0.45);
    expect(shareOf(1)).toBeGreaterThan(0.6);
  });

  it('goes to the one target that is asked for', () => {
    const global = targets.filter(({ kind }) => kind === 'global');
    const day = trafficOf({ scenario: 'day', environment, targets: global });
    expect([0, 500, 900].map((iteration) => day.targetOf(iteration))).toEqual([0, 0, 0]);
  });
});
