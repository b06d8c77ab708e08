import type { SavedSearchProperties } from '@azure/arm-operationalinsights';
import type { ModelNode, NodeKind } from '../expand.ts';
import { functionKinds, healthQuery } from '../kql/queries.ts';
import { test, type Workspace } from '../kql/rows.ts';
import { quoted } from '../kql/text.ts';
import { reachMinutes, readBy } from '../series.ts';
import { results } from '../thresholds.ts';
import { nameOf, type Place } from './place.ts';
import type { Resource } from './template.ts';

/**
 * Every function of the workspace `global` by its name: the states of all nodes, of each layer by itself, and the results. A
 * layer is a part of `ContosoHealth`, so that the model is there once.
 */
export function functionQueries(nodes: readonly ModelNode[], { workspaces }: Place): Record<string, string> {
  const { ContosoHealth, ...layers } = functionKinds;
  const idsOf = (kinds: readonly NodeKind[]) => nodes.filter(({ kind }) => kinds.includes(kind)).map(({ id }) => quoted(id));
  const states = Object.entries(layers).map(([name, kinds]) => [
    name,
    `ContosoHealth\n| where Id in (${idsOf(kinds).join(', ')})\n`,
  ]);
  return {
    ContosoHealth: healthQuery(nodes, workspaces, ContosoHealth),
    ...Object.fromEntries(states),
    ContosoResults: resultsQuery(workspaces),
  };
}

/** How far back the functions of states read, minutes; with what logs take to arrive. */
export function lookbackOf(nodes: readonly ModelNode[]): number {
  return Math.max(...[...readBy(nodes).values()].map(reachMinutes)) + 6;
}

/**
 * Availability results, each id once: delivery is at least once, and Application Insights keeps repeats. IsCounted: of
 * production, and no mark says that a failure was to be expected.
 */
function resultsQuery(workspaces: readonly Workspace[]): string {
  const legs = workspaces.map(({ resource }) => `(workspace(${quoted(resource)}).AppAvailabilityResults)`);
  return [
    `union\n${legs.join(',\n')}`,
    '| summarize arg_max(TimeGenerated, Location, DurationMs, Message, Properties, OperationId) by Id',
    `| extend Journey = tostring(Properties.journey), Target = tostring(Properties.target), Outcome = tostring(Properties.outcome)`,
    `| extend Place = iff(tostring(Properties.targetKind) == 'global', 'global', tostring(Properties.region))`,
    `| extend IsCounted = ${results.where.map(test).join(' and ')}`,
    '| project TimeGenerated, Id, Journey, Target, Place, Location, Outcome, DurationMs, IsCounted, Message, OperationId',
    '',
  ].join('\n');
}

/** As functions: a saved search with an alias. */
export function functionResources(nodes: readonly ModelNode[], place: Place): Resource<SavedSearchProperties>[] {
  return Object.entries(functionQueries(nodes, place)).map(([alias, query]) => ({
    type: 'Microsoft.OperationalInsights/workspaces/savedSearches',
    apiVersion: '2020-08-01',
    name: `${nameOf(place.workspace)}/${alias}`,
    etag: '*',
    properties: { category: 'Contoso health', displayName: alias, functionAlias: alias, query, version: 2 },
  }));
}
