import { ConfigurationError, type Fault } from '../../fixtures/environments/errors.ts';
import type { Environment } from '../../fixtures/environments/schema.ts';
import type { Workspace } from '../kql/rows.ts';

/** Where an environment's logs lie, and where what is made from the model goes: to the group of the workspace `global`. */
export interface Place {
  readonly subscription: string;
  readonly resourceGroup: string;
  /** ARM ids. */
  readonly workspace: string;
  readonly component: string;
  readonly workspaces: readonly Workspace[];
  /** Begins every name. */
  readonly prefix: string;
}

/** @throws ConfigurationError naming every workspace and id that is missing */
export function placeOf({ name, stamps, telemetry }: Pick<Environment, 'name' | 'stamps' | 'telemetry'>): Place {
  const resourceOf = (place: string) => telemetry.workspaces?.find((workspace) => workspace.name === place)?.resourceId;
  const places = [...new Set(['global', ...stamps.map(({ region }) => region)])];
  const missing = places.filter((place) => resourceOf(place) === undefined);
  const faults: Fault[] = missing.map((place) => ({
    path: 'telemetry.workspaces',
    seen: `none called ${place}`,
    allowed: `{ "name": "${place}", "resourceId": "<ARM id of its Log Analytics workspace>" }`,
  }));
  if (telemetry.resourceId === undefined)
    faults.push({ path: 'telemetry.resourceId', seen: 'nothing', allowed: 'the ARM id of the Application Insights component' });
  if (faults.length > 0) throw new ConfigurationError(`Environment ${name}`, faults);
  const workspace = resourceOf('global') ?? '';
  const [, , subscription = '', , resourceGroup = ''] = workspace.split('/');
  return {
    subscription,
    resourceGroup,
    workspace,
    component: telemetry.resourceId ?? '',
    workspaces: places.map((place) => ({ name: place, resource: resourceOf(place) ?? '' })),
    prefix: `contoso-${name}`,
  };
}

export const nameOf = (id: string): string => id.slice(id.lastIndexOf('/') + 1);
