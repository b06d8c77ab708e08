import type { Environment } from '../../fixtures/environments/schema.ts';

/**
 * A store's environment as one that others run: no command starts a store for it, and nothing of it names a resource that Azure
 * would have to be asked about.
 */
export function elsewhere({ local: _, plans, cosmosAccounts, telemetry, ...environment }: Environment): Environment {
  return {
    ...environment,
    plans: plans.map(({ resourceId: __, ...plan }) => plan),
    cosmosAccounts: cosmosAccounts.map(({ resourceId: __, ...account }) => account),
    telemetry: telemetry.connectionString === undefined ? {} : { connectionString: telemetry.connectionString },
  };
}
