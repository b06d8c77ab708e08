import type { Environment } from '../../fixtures/environments/schema.ts';
import type { Tables } from './kql/run.ts';

/** ARM id of the workspace of a region, or of `global`. */
export const workspaceId = (name: string) =>
  `/subscriptions/0/resourceGroups/rg/providers/Microsoft.OperationalInsights/workspaces/${name}`;

/** The same environment on Azure: workspaces in the place of a local store. */
export function onAzure({ local: _, telemetry, ...environment }: Environment): Environment {
  const names = ['global', ...new Set(environment.stamps.map(({ region }) => region))];
  const workspaces = names.map((name) => ({ name, resourceId: workspaceId(name) }));
  const resourceId = '/subscriptions/0/resourceGroups/rg/providers/Microsoft.Insights/components/shop';
  return { ...environment, telemetry: { ...telemetry, resourceId, workspaces } };
}

/** Rows with the workspaces of such an environment. */
export const inWorkspaces = (tables: Tables): Tables =>
  Object.fromEntries(
    Object.entries(tables).map(([table, rows]) => [
      table,
      rows.map((row) => ({ ...row, Workspace: workspaceId(row.Workspace) })),
    ]),
  );
