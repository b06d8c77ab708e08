import type { Environment } from '../../fixtures/environments/schema.ts';
import { readVariables } from '../../fixtures/environments/variables.ts';
import { servesProduction } from '../k6/environment.ts';
import { type Permit, requirePermit } from '../k6/permit.ts';
import { besides, sharedBy, withShared } from '../production.ts';
import { type Action, describeAction, type ResourceIds } from './actions.ts';

/**
 * Control actions that production would feel are refused as load is: without a window and a confirmation.
 * @throws ConfigurationError for those, and where the environment file names no id for what is acted on
 */
export function permitActions(
  given: Environment,
  actions: readonly Action[],
  ids: ResourceIds,
  permit: Permit,
  nameOrPath?: string,
): void {
  const places = [readVariables(), besides(nameOrPath)] as const;
  const environment = withShared(given, ...places);
  const isShared = sharedBy(...places);
  const isFelt = (action: Action): boolean => {
    switch (action.kind) {
      case 'swap':
        return isShared(ids.site(action.stamp)) || servesProduction(environment, action);
      case 'origin':
        // The global endpoint may lead to any stamp, and the group itself may be production's.
        return isShared(groupOf(ids.origin(action.stamp))) || servesProduction(environment, {});
      case 'instances':
        return isShared(ids.plan(action.plan)) || environment.production || hasShared(action.plan);
    }
  };
  const hasShared = (plan: string) => environment.plans.some((one) => one.name === plan && one.servesProduction);
  const felt = actions.filter(isFelt);
  if (felt.length === 0) return;
  requirePermit(
    environment.name,
    felt.map((action) => ({ name: describeAction(action) })),
    permit,
  );
}

const groupOf = (origin: string) => origin.replace(/\/origins\/[^/]+$/i, '');
