import { createResources, originGroup } from '../fixtures/contoso/azure/arm/resources.ts';
import { ConfigurationError } from '../fixtures/environments/errors.ts';
import type { Environment } from '../fixtures/environments/schema.ts';
import type { ResourceIds } from '../load/control/actions.ts';
import { contosoOptionsOf } from './local-store.ts';

type Resources = ReturnType<typeof createResources>;

/** ARM ids of an environment: as its file names them; those of the local store follow from what it is made of. */
interface MetricIds {
  cosmos(account: string): string;
  /** Undefined where the file names none: it is needed to name a cause, and for nothing else. */
  vault(stamp: string): string | undefined;
}

export function resourceIdsOf(environment: Environment): ResourceIds & MetricIds {
  const idOf = (id: string | undefined, path: string, local: (resources: Resources) => string): string => {
    if (id !== undefined) return id;
    if (environment.local) return local(createResources(contosoOptionsOf(environment)));
    const fault = { path, seen: 'nothing', allowed: 'the ARM id of the resource: server metrics and control actions need it' };
    throw new ConfigurationError(`Environment ${environment.name}`, [fault]);
  };
  const indexOf = (all: readonly { readonly name: string }[], name: string) => all.findIndex((each) => each.name === name);
  return {
    site(stamp) {
      const index = indexOf(environment.stamps, stamp);
      return idOf(environment.stamps[index]?.resourceId, `stamps[${index}].resourceId`, ({ site }) => site(stamp).id);
    },
    origin(stamp) {
      const name = environment.stamps.find((each) => each.name === stamp)?.origin ?? stamp;
      const local = ({ frontDoor }: Resources) => `${frontDoor.id}/originGroups/${originGroup}`;
      return `${idOf(environment.global?.originGroupId, 'global.originGroupId', local)}/origins/${name}`;
    },
    plan(name) {
      const index = indexOf(environment.plans, name);
      return idOf(environment.plans[index]?.resourceId, `plans[${index}].resourceId`, ({ plan }) => plan(name).id);
    },
    vault(name) {
      const stamp = environment.stamps.find((each) => each.name === name);
      if (stamp?.keyVaultId !== undefined || !environment.local) return stamp?.keyVaultId;
      return createResources(contosoOptionsOf(environment)).vault(stamp?.region ?? '').id;
    },
    cosmos(account) {
      const index = indexOf(environment.cosmosAccounts, account);
      const path = `cosmosAccounts[${index}].resourceId`;
      return idOf(environment.cosmosAccounts[index]?.resourceId, path, ({ cosmos }) => cosmos(account).id);
    },
  };
}
