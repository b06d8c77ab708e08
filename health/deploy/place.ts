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

/** Of a health model's name (Microsoft.CloudHealth 2026-09-01): `^[a-zA-Z][a-zA-Z0-9-]{1,42}[a-zA-Z0-9]$`. */
const longestName = 44;

/** @throws ConfigurationError naming every workspace and id that is missing, and a name that Azure would refuse */
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
  const prefix = `contoso-${name}`;
  if (prefix.length > longestName) {
    const allowed = `${longestName - 'contoso-'.length} characters at most: a health model is called contoso-<name>`;
    faults.push({ path: 'name', seen: `${name.length} characters`, allowed });
  }
  if (faults.length > 0) throw new ConfigurationError(`Environment ${name}`, faults);
  const workspace = resourceOf('global') ?? '';
  const [, , subscription = '', , resourceGroup = ''] = workspace.split('/');
  return {
    subscription,
    resourceGroup,
    workspace,
    component: telemetry.resourceId ?? '',
    workspaces: places.map((place) => ({ name: place, resource: resourceOf(place) ?? '' })),
    prefix,
  };
}

export const nameOf = (id: string): string => id.slice(id.lastIndexOf('/') + 1);
