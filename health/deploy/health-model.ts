import type { ModelNode } from '../expand.ts';
import { quoted } from '../kql/text.ts';
import { isoOf } from './alerts.ts';
import type {
  AuthenticationSettingProperties,
  EntityProperties,
  HealthModelProperties,
  LogAnalyticsQuerySignalDefinitionProperties,
  RelationshipProperties,
} from './cloud-health-types.ts';
import { lookbackOf } from './functions.ts';
import type { Place } from './place.ts';
import type { Resource } from './template.ts';

const type = 'Microsoft.CloudHealth/healthmodels';
const apiVersion = '2026-09-01';
const authentication = 'identity';

/** The code of a node: 0, 1 or 2; while it is unknown there is no row, and so no state. */
export const codeQuery = (id: string): string => `ContosoHealth | where Id == ${quoted(id)} and isnotnull(Code) | project Code`;

/**
 * Nodes, each with the state that the query says, and what they are made of. Azure's own propagation is off (`Suppressed`):
 * it knows no weights and no bonds, so that one of two regions would take the store down. `stamp`: of that stamp alone, with
 * what ties it to the rest; without it, the model itself and what belongs to no stamp.
 */
export function healthModel(place: Place, nodes: readonly ModelNode[], stamp?: string): Resource[] {
  const own = nodes.filter((node) => node.stamp === stamp);
  const minutes = lookbackOf(nodes);
  const ids = new Set(own.map(({ id }) => id));
  const edges = nodes.flatMap(({ id, children }) =>
    children.flatMap((child) => (ids.has(child.id) ? [relationship(place, id, child.id, ids)] : [])),
  );
  const model = stamp === undefined ? modelItself(place) : [];
  const entities = own.flatMap((node) => [definition(place, node, minutes), entity(place, node)]);
  const within = stamp === undefined ? [dependency(place), dependency(place, 'authenticationsettings', authentication)] : [];
  return [...model, ...entities.map((each) => dependingOn(each, within)), ...edges];
}

function modelItself({ prefix }: Place): Resource[] {
  const settings: AuthenticationSettingProperties = {
    authenticationKind: 'ManagedIdentity',
    managedIdentityName: 'SystemAssigned',
  };
  const model: HealthModelProperties = {};
  return [
    {
      type,
      apiVersion,
      name: prefix,
      location: "[parameters('location')]",
      identity: { type: 'SystemAssigned' },
      properties: model,
    },
    {
      type: `${type}/authenticationsettings`,
      apiVersion,
      name: `${prefix}/${authentication}`,
      dependsOn: [dependency({ prefix })],
      properties: settings,
    },
  ];
}

const dependency = ({ prefix }: Pick<Place, 'prefix'>, kind?: string, name?: string): string =>
  kind === undefined ? `[resourceId('${type}', '${prefix}')]` : `[resourceId('${type}/${kind}', '${prefix}', '${name}')]`;

const dependingOn = (resource: Resource, on: readonly string[]): Resource => ({
  ...resource,
  dependsOn: [...(resource.dependsOn ?? []), ...on],
});

/** Letters, digits and dashes. The store is the model's root, which has its name. */
const entityName = ({ prefix }: Place, id: string): string => (id === 'store' ? prefix : id.replaceAll(/[^A-Za-z0-9-]+/g, '--'));

function definition(
  place: Place,
  { id, title }: ModelNode,
  minutes: number,
): Resource<LogAnalyticsQuerySignalDefinitionProperties> {
  return {
    type: `${type}/signaldefinitions`,
    apiVersion,
    name: `${place.prefix}/${entityName(place, id)}`,
    properties: {
      signalKind: 'LogAnalyticsQuery',
      displayName: `${title}: 0 healthy, 1 degraded, 2 unhealthy`,
      refreshInterval: 'PT5M',
      dataUnit: 'Count',
      queryText: codeQuery(id),
      timeGrain: isoOf(minutes),
      valueColumnName: 'Code',
      evaluationRules: {
        degradedRule: { operator: 'GreaterThan', threshold: 0 },
        unhealthyRule: { operator: 'GreaterThan', threshold: 1 },
      },
    },
  };
}

function entity(place: Place, { id, title, stamp }: ModelNode): Resource<EntityProperties> {
  const name = entityName(place, id);
  return {
    type: `${type}/entities`,
    apiVersion,
    name: `${place.prefix}/${name}`,
    dependsOn: [dependency(place, 'signaldefinitions', name)],
    properties: {
      displayName: stamp === undefined || id === `stamp:${stamp}` ? title : `${title} (${stamp})`,
      impact: 'Suppressed',
      signalGroups: {
        azureLogAnalytics: {
          authenticationSetting: authentication,
          logAnalyticsWorkspaceResourceId: place.workspace,
          signals: [{ signalKind: 'LogAnalyticsQuery', name: 'state', signalDefinitionName: name }],
        },
      },
    },
  };
}

/** Both ends must be there; what another template has is, as that went before. */
function relationship(
  place: Place,
  parentId: string,
  childId: string,
  here: ReadonlySet<string>,
): Resource<RelationshipProperties> {
  const [parent, child] = [entityName(place, parentId), entityName(place, childId)];
  return {
    type: `${type}/relationships`,
    apiVersion,
    name: `${place.prefix}/${parent}--of--${child}`,
    dependsOn: [parentId, childId].filter((id) => here.has(id)).map((id) => dependency(place, 'entities', entityName(place, id))),
    properties: { parentEntityName: parent, childEntityName: child },
  };
}
