import type { ModelNode, NodeKind } from '../expand.ts';
import { healthStates } from '../model.ts';
import { layerLets } from './layers.ts';
import { rowLets, type Workspace } from './rows.ts';
import { signalLets } from './signals.ts';
import { type Let, queryText, quoted } from './text.ts';

/** Functions that are deployed: each layer by itself, and all of it, signals too. */
export const functionKinds = {
  ContosoComponents: ['component'],
  ContosoFlows: ['user-flow', 'system-flow'],
  ContosoStamps: ['stamp', 'global'],
  ContosoRegions: ['region', 'regions'],
  ContosoStore: ['store'],
  ContosoHealth: 'all',
} as const satisfies Record<string, readonly NodeKind[] | 'all'>;

/** Minutes that logs may take to arrive (Azure Monitor, "Log data ingestion time"): of later ones nothing can be said yet. */
export const ingestionMinutes = 3;

/**
 * The states of nodes from the rows of Log Analytics, as `evaluate` has them: columns Id (of a node or a signal), State (a word), Code (0 healthy,
 * 1 degraded, 2 unhealthy, none for unknown) and Score.
 */
export function healthQuery(
  nodes: readonly ModelNode[],
  workspaces: readonly Workspace[],
  kinds: readonly NodeKind[] | 'all',
): string {
  const wanted = kinds === 'all' ? [] : nodes.filter(({ kind }) => kinds.includes(kind)).map(({ id }) => quoted(id));
  const lets: Let[] = [
    { name: 'current', body: `bin(now() - ${ingestionMinutes}m, 1m)` },
    ...rowLets(nodes, workspaces),
    ...signalLets(nodes),
    ...layerLets(nodes),
  ];
  const known = lets.at(-1)?.name ?? '';
  const words = healthStates.slice(0, -1).map((word, at) => `State == ${at}, ${quoted(word)}`);
  const answer = [
    known,
    ...(wanted.length > 0 ? [`| where Id in (${wanted.join(', ')})`] : []),
    `| project Id, State = case(${words.join(', ')}, ${quoted(healthStates.at(-1) ?? '')}), Code = case(State == 0, 0, State == 2, 1, State == 3, 2, int(null)), Score`,
    '| order by Id asc',
  ];
  return queryText(lets, answer.join('\n'));
}
