import { describe, expect, it } from 'vitest';
import { gate, type Probe, type Staged, wantsMore } from '../../health/gate.ts';
import type { Health } from '../../health/model.ts';
import { worstExit } from '../../scripts/exit-code.ts';
import { exitOf } from '../../scripts/health-gate.ts';
import type { AvailabilityResult } from '../../synthetics/result.ts';
import { journeys, type Meets, resultAt } from './day.ts';

const rounds = 5;
/** Four in each of five rounds are the twenty that a p95 needs. */
const stepsPerRun = 4;
const names = ['configuration', 'cosmos-read', 'cosmos-write', 'key-vault', 'registry', 'payment'];
const probes = (broken?: string): Probe[] =>
  names.map((name) => ({ name, healthy: name !== broken, ...(name === broken && { seen: 'answered 503' }) }));
const results = (meets: (journey: string, round: number) => Meets = () => undefined, durationMs = 100) =>
  [...journeys, 'health'].flatMap((journey) =>
    Array.from({ length: rounds }, (_, round) => round).map((round) => {
      const result = resultAt({ journey, target: 'westeurope-staging', minute: round }, meets(journey, round));
      const step = { name: 'ask', durationMs, outcome: 'passed' as const, requests: 1 };
      return { ...result, steps: Array.from({ length: stepsPerRun }, () => step) };
    }),
  );
const broken = { cause: 'http', step: 'search', seen: '500' } as const;

const rows: readonly (readonly [string, Omit<Staged, 'rounds'>, Readonly<Record<string, Health>>])[] = [
  [
    'a good build',
    { results: results(), probes: probes() },
    { browse: 'healthy', checkout: 'healthy', review: 'healthy', deploy: 'healthy', 'scale-out': 'healthy' },
  ],
  [
    'a build that fails one route',
    { results: results((journey) => (journey === 'search' ? broken : undefined)), probes: probes() },
    { search: 'unhealthy', browse: 'healthy' },
  ],
  [
    'a build that fails one time in five',
    { results: results((journey, round) => (journey === 'cart' && round === 2 ? broken : undefined)), probes: probes() },
    { cart: 'degraded', browse: 'healthy' },
  ],
  ['a slow build', { results: results(undefined, 200), probes: probes() }, { browse: 'degraded', checkout: 'degraded' }],
  ['a build just fast enough', { results: results(undefined, 199), probes: probes() }, { browse: 'healthy' }],
  [
    'a build without its payment API',
    { results: results(), probes: probes('payment') },
    { checkout: 'unhealthy', cart: 'healthy' },
  ],
  ['a build without its settings', { results: results(), probes: probes('configuration') }, { browse: 'unhealthy' }],
  [
    'a build that can’t write',
    { results: results(), probes: probes('cosmos-write') },
    { browse: 'degraded', 'sign-in': 'healthy' },
  ],
  [
    'a build whose vault is closed: no flow of shoppers, and it could not scale out',
    { results: results(), probes: probes('key-vault') },
    { browse: 'healthy', deploy: 'degraded', 'scale-out': 'unhealthy' },
  ],
  [
    'a build that says of itself that it can’t serve, though no dependency fails',
    { results: results((journey) => (journey === 'health' ? broken : undefined)), probes: probes() },
    { browse: 'unhealthy', 'sign-in': 'unhealthy', checkout: 'unhealthy' },
  ],
  [
    'a build whose health check fails one time in five',
    { results: results((journey, round) => (journey === 'health' && round === 2 ? broken : undefined)), probes: probes() },
    { browse: 'degraded' },
  ],
  [
    'a build whose health check was never asked',
    { results: results().filter(({ journey }) => journey !== 'health'), probes: probes() },
    { browse: 'unknown' },
  ],
  [
    'a build whose image can’t be pulled',
    { results: results(), probes: probes('registry') },
    { browse: 'healthy', deploy: 'unhealthy', 'scale-out': 'unhealthy' },
  ],
  [
    'a build that says nothing of its registry',
    { results: results(), probes: probes().filter(({ name }) => name !== 'registry') },
    { browse: 'healthy', deploy: 'unknown', 'scale-out': 'unknown' },
  ],
  [
    'a build that says nothing of its health',
    { results: results(), probes: undefined },
    { browse: 'unknown', checkout: 'unknown', deploy: 'unknown', 'scale-out': 'unknown' },
  ],
  ['a build without a result', { results: [], probes: probes() }, { browse: 'unknown' }],
  [
    'a build of which one result in five says nothing',
    { results: results((journey, round) => (journey === 'cart' && round === 2 ? 'inconclusive' : undefined)), probes: probes() },
    { cart: 'unknown', browse: 'healthy' },
  ],
  [
    'a build that was looked at once, since somebody pressed Ctrl-C',
    { results: results().filter(({ startedAt }) => startedAt === results()[0]?.startedAt), probes: probes() },
    { browse: 'unknown', cart: 'unknown' },
  ],
  [
    'a build that fails, and of which some results say nothing',
    { results: results((_, round) => (round < 2 ? 'inconclusive' : broken)), probes: probes() },
    { cart: 'unhealthy' },
  ],
  [
    'a build of which nothing is conclusive',
    { results: results(() => 'inconclusive'), probes: probes() },
    { browse: 'unknown', checkout: 'unknown' },
  ],
];

const withSteps = (of: readonly AvailabilityResult[], change: (ms: number[], journey: string) => number[]) =>
  of.map((result) => ({
    ...result,
    steps: change(
      result.steps.map(({ durationMs }) => durationMs),
      result.journey,
    ).map((durationMs) => ({ name: 'ask', durationMs, outcome: 'passed' as const, requests: 1 })),
  }));

describe('the p95 of a staged build', () => {
  const of = (results: readonly AvailabilityResult[]) =>
    gate({ rounds, results, probes: probes() }).find(({ flow }) => flow === 'search');

  it('is of twenty response times, so that one slow answer is none of the build’s', () => {
    const [first, ...others] = results().filter(({ journey }) => journey === 'search');
    const slow = withSteps(first ? [first] : [], ([, ...rest]) => [900, ...rest]);
    expect(of([...results().filter(({ journey }) => journey !== 'search'), ...slow, ...others])?.state).toBe('healthy');
    const twice = withSteps(first ? [first] : [], ([, , ...rest]) => [900, 900, ...rest]);
    expect(of([...results().filter(({ journey }) => journey !== 'search'), ...twice, ...others])?.state).toBe('unhealthy');
  });

  it('is not known of fewer, and asks for more runs of a flow that passed', () => {
    const short = withSteps(results(), ([, ...rest], journey) => (journey === 'search' ? rest : [100, ...rest]));
    expect(of(short)).toMatchObject({ state: 'unknown', why: ['15 of 20 response times of search are too few for a p95'] });
    expect([wantsMore(short, 'search'), wantsMore(short, 'browse'), wantsMore(short, 'health')]).toEqual([true, false, false]);
    const failed = withSteps(
      results((journey) => (journey === 'search' ? broken : undefined)),
      ([one = 0]) => [one],
    );
    expect([wantsMore(failed, 'search'), wantsMore([], 'search')]).toEqual([false, false]);
  });
});

describe('the gate of a release', () => {
  it.each(rows)('%s', (_, staged, wanted) => {
    const flows = new Map(gate({ rounds, ...staged }).map(({ flow, state }) => [flow, state]));
    expect(Object.fromEntries(Object.keys(wanted).map((flow) => [flow, flows.get(flow)]))).toEqual(wanted);
  });

  it.each([
    ['of which all is known and well', [], 0],
    ['of which one flow is not known', ['unknown'], 2],
    ['of which one flow would be degraded', ['degraded'], 1],
    ['of which one flow is unhealthy and another not known', ['unhealthy', 'unknown'], 1],
  ] as const)('a build %s', (_, states, code) => {
    const flows = (['healthy', ...states] as const).map((state) => exitOf({ flow: 'cart', state, why: [] }));
    expect(worstExit(flows)).toBe(code);
  });

  it('says why', () => {
    const flows = gate({
      rounds,
      results: results((journey) => (journey === 'search' ? broken : undefined)),
      probes: probes('payment'),
    });
    expect(flows.find(({ flow }) => flow === 'search')?.why).toEqual([
      'search › search (westeurope-staging): expected status 200, got 500',
      'failed results 100 % ≥ 50 %',
    ]);
    expect(flows.find(({ flow }) => flow === 'checkout')?.why).toEqual(['health check: payment answered 503']);
    const silent = gate({ rounds, results: results(), probes: undefined });
    expect(silent.map(({ why }) => why)).toEqual(silent.map(() => ['the health check says nothing']));
  });
});
