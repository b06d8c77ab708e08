import { ConfigurationError } from '../fixtures/environments/errors.ts';
import type { Environment } from '../fixtures/environments/schema.ts';
import { originOf } from '../load/control/actions.ts';
import { type Conductor, createConductor } from '../load/control/conductor.ts';
import { perform, putBack } from '../load/control/control.ts';
import { Journal, journalFile } from '../load/control/journal.ts';
import { movesOf } from '../load/control/moves.ts';
import { permitActions } from '../load/control/permit.ts';
import type { Permit } from '../load/k6/permit.ts';
import type { Scenario } from '../load/run.ts';
import { takeLock } from '../synthetics/monitor/lock.ts';
import { armOf } from './azure.ts';
import { resourceIdsOf } from './resource-ids.ts';

/**
 * One process at a time changes an environment; the system lets go of the lock however it ends.
 * @throws ConfigurationError where another does
 */
export function lockControl({ name }: Environment): () => void {
  const unlock = takeLock(`${journalFile(name)}.lock`);
  if (unlock) return unlock;
  throw refused(name, 'a run that is changing it now', 'one at a time: end it, or wait for its end');
}

const refused = (name: string, seen: string, allowed: string) =>
  new ConfigurationError(`Environment ${name}`, [{ path: '', seen, allowed }]);

export interface ControlWish {
  readonly environment: Environment;
  /** Of its file. */
  readonly nameOrPath: string;
  readonly scenario: Scenario;
  readonly target?: string | undefined;
  readonly permit: Permit;
}

/**
 * What acts on the store while a scenario's load runs; undefined where it does nothing to it. Holds the environment's lock
 * until released.
 * @throws ConfigurationError without permission for production, and where an earlier run's changes still stand
 */
export function takeControl(wish: ControlWish): { readonly conductor: Conductor; release(): void } | undefined {
  const { environment, nameOrPath, scenario, target } = wish;
  const planned = movesOf(scenario, environment, {}, target);
  if (planned.length === 0) return undefined;
  const ids = resourceIdsOf(environment);
  const actions = planned.flatMap((move) => move.actions);
  permitActions(environment, actions, ids, wish.permit, nameOrPath);
  const release = lockControl(environment);
  try {
    const journal = new Journal(journalFile(environment.name));
    const left = journal.list().map(({ what }) => what);
    if (left.length > 0)
      throw refused(environment.name, `what an earlier run changed: ${left.join(', ')}`, 'npm run restore, then this again');
    const conductor = createConductor({
      moves: async () => movesOf(scenario, environment, await weightsOf(environment, scenario), target),
      act: async (action) => perform(action, await armOf(environment), ids, journal),
      putBack: async () => putBack(await armOf(environment), journal),
      timeScale: environment.local?.timeScale ?? 1,
    });
    return { conductor, release };
  } catch (error) {
    release();
    throw error;
  }
}

/** As Front Door has them: who shares with whom follows from them. A swap doesn't ask. */
async function weightsOf(environment: Environment, scenario: Scenario): Promise<Record<string, number>> {
  if (scenario === 'swap') return {};
  const [arm, ids] = [await armOf(environment), resourceIdsOf(environment)];
  const rows = environment.stamps.map(async ({ name }) => [name, (await originOf(arm, ids.origin(name))).weight] as const);
  return Object.fromEntries(await Promise.all(rows));
}
