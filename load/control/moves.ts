import type { Environment } from '../../fixtures/environments/schema.ts';
import { leavingRegion, newStamp, swappedStamp } from '../k6/acted.ts';
import type { Scenario } from '../k6/profiles.ts';
import type { Move } from '../verdict/observation.ts';
import type { Action } from './actions.ts';

/** What is to be done to the store while load runs. */
export interface PlannedMove extends Pick<Move, 'name' | 'gone' | 'weights'> {
  /** Share of the run's duration after which it is done. */
  readonly at: number;
  /** In this order. */
  readonly actions: readonly Action[];
}

/** Weights of Front Door's origins as they stand, by stamp; default: Azure's own, 50. */
type Weights = Readonly<Record<string, number>>;
const defaultWeight = 50;

type Stamps = readonly Pick<Environment['stamps'][number], 'name' | 'region'>[];

/** Stamps of one region are equally near to every edge, so that their weights decide; those of others are nearer or further. */
function byRegion(stamps: Stamps, weights: Weights): Record<string, number>[] {
  const regions = [...new Set(stamps.map(({ region }) => region))];
  return regions.map((region) =>
    Object.fromEntries(
      stamps.filter((stamp) => stamp.region === region).map(({ name }) => [name, weights[name] ?? defaultWeight]),
    ),
  );
}

function swapMoves(environment: Environment, target: string | undefined): PlannedMove[] {
  return [{ name: 'swap', at: 1 / 3, actions: [{ kind: 'swap', ...swappedStamp(environment, target) }] }];
}

function failoverMoves(environment: Environment, weights: Weights): PlannedMove[] {
  const { region, gone, others } = leavingRegion(environment);
  const all = (enabled: boolean) => gone.map(({ name }): Action => ({ kind: 'origin', stamp: name, enabled }));
  return [
    {
      name: `${region} leaves`,
      at: 1 / 4,
      actions: all(false),
      gone: gone.map(({ name }) => name),
      weights: byRegion(others, weights),
    },
    { name: `${region} returns`, at: 5 / 8, actions: all(true), weights: byRegion([...gone, ...others], weights) },
  ];
}

/** Front Door's largest weight, so that 10 % of it is a whole number even with several stamps that give. */
const whole = 1_000;

/** Each step in per cent, begun so late. */
const steps = [
  { percent: 10, at: 0.1 },
  { percent: 50, at: 0.4 },
  { percent: 100, at: 0.7 },
] as const;

function shiftMoves(environment: Environment, given: Weights): PlannedMove[] {
  const { green, blues } = newStamp(environment);
  const total = blues.reduce((sum, { name }) => sum + (given[name] ?? defaultWeight), 0);
  return steps.map(({ percent, at }) => {
    const of = (name: string) =>
      Math.max(1, Math.round(((whole * (100 - percent)) / 100) * ((given[name] ?? defaultWeight) / total)));
    const toGreen: Action = { kind: 'origin', stamp: green.name, enabled: true, weight: (whole * percent) / 100 };
    const toBlue = blues.map(({ name }): Action => ({ kind: 'origin', stamp: name, weight: of(name) }));
    const toNone = blues.map(({ name }): Action => ({ kind: 'origin', stamp: name, enabled: false }));
    const weights = { [green.name]: whole * (percent / 100), ...Object.fromEntries(blues.map(({ name }) => [name, of(name)])) };
    return percent === 100
      ? { name: `shift to ${percent} %`, at, actions: [toGreen, ...toNone], gone: blues.map(({ name }) => name) }
      : // The old stamps first: the new one never gets more than the step's share on the way.
        { name: `shift to ${percent} %`, at, actions: [...toBlue, toGreen], weights: [weights] };
  });
}

const movesOfScenario: Partial<
  Record<Scenario, (environment: Environment, weights: Weights, target: string | undefined) => PlannedMove[]>
> = {
  swap: (environment, _, target) => swapMoves(environment, target),
  failover: failoverMoves,
  shift: shiftMoves,
};

/**
 * What a scenario does to the store, and when; nothing for most.
 * @throws ConfigurationError where the environment has nothing to do it to
 */
export function movesOf(scenario: Scenario, environment: Environment, weights: Weights = {}, target?: string): PlannedMove[] {
  return movesOfScenario[scenario]?.(environment, weights, target) ?? [];
}
