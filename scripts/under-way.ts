import type { Environment } from '../fixtures/environments/schema.ts';
import { targetsOf } from '../fixtures/environments/targets.ts';
import { announce, type UnderWay, underWayFolder } from '../synthetics/monitor/under-way.ts';

/** Start-up, clean-up and what may take longer than planned; whoever ends takes it back, this is for those who are killed. */
const extraMs = 120_000;

interface Act extends Pick<UnderWay, 'kind' | 'why'> {
  readonly environment: Environment;
  /** Names of the targets that it goes to. */
  readonly targets: readonly string[];
  readonly durationSeconds: number;
}

/** Does something that shoppers' checks feel, and says so meanwhile: results of the time are marked and kept out of objectives. */
export async function whileAnnounced<T>(
  { environment, targets, durationSeconds, ...what }: Act,
  act: () => Promise<T>,
): Promise<T> {
  const fromMs = Date.now();
  const felt = feltAt(environment, targets);
  const note = { ...what, fromMs, untilMs: fromMs + durationSeconds * 1_000 + extraMs, ...(felt && { targets: felt }) };
  const takeBack = announce(underWayFolder(environment.name), note);
  try {
    return await act();
  } finally {
    takeBack();
  }
}

/** Slots and stamps share plans, and the global endpoint leads to any stamp: undefined, which is all of them. */
export function feltAt(environment: Environment, names: readonly string[]): string[] | undefined {
  const all = targetsOf(environment);
  const hit = all.filter(({ name }) => names.includes(name));
  if (hit.length === 0 || hit.some(({ kind }) => kind === 'global')) return undefined;
  const planOf = (stamp: string | undefined) => environment.stamps.find(({ name }) => name === stamp)?.plan;
  const plans = new Set(hit.map(({ stamp }) => planOf(stamp)));
  return all.filter(({ kind, stamp }) => kind === 'global' || plans.has(planOf(stamp))).map(({ name }) => name);
}
