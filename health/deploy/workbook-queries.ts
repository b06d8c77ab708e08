import type { ModelNode } from '../expand.ts';
import { datatable } from '../kql/text.ts';
import type { Threshold } from '../threshold-types.ts';
import { thresholdOf } from '../thresholds.ts';

/** The node that was clicked; a parameter of the workbook, put into the text before it is run. */
const clicked = "'{node}'";

const nodeTable = (nodes: readonly ModelNode[]) =>
  `let Nodes = ${datatable(
    { Id: 'string', Title: 'string', Kind: 'string', Stamp: 'string' },
    nodes.map(({ id, title, kind, stamp }) => [id, title, kind, stamp ?? '']),
  )};`;

const edgeTable = (nodes: readonly ModelNode[]) =>
  `let Edges = ${datatable(
    { Source: 'string', Target: 'string' },
    nodes.flatMap(({ id, children }) => children.map((child) => [id, child.id])),
  )};`;

const signalTable = (nodes: readonly ModelNode[]) =>
  `let Reads = ${datatable(
    {
      Id: 'string',
      Signal: 'string',
      Scope: 'string',
      Table: 'string',
      Degraded: 'string',
      Unhealthy: 'string',
      Window: 'string',
    },
    nodes.flatMap(({ id, signals }) =>
      signals.map(({ signal, scope, windowMinutes }) => {
        const threshold = thresholdOf(signal);
        const bounds = [bound(threshold, threshold.degradedAt), bound(threshold, threshold.unhealthyAt)];
        return [id, threshold.title, scope, threshold.source.table, ...bounds, `${windowMinutes} min`];
      }),
    ),
  )};`;

const bound = ({ direction, unit }: Threshold, value: number) => `${direction === 'higher' ? '≥' : '<'} ${value} ${unit}`;

const stateWithTitle = 'ContosoHealth | join kind=inner (Nodes) on Id';

/** The whole store, from components up. */
export const graphQuery = (nodes: readonly ModelNode[]): string =>
  [nodeTable(nodes), edgeTable(nodes), `union (${stateWithTitle} | project Id, Title, Kind, Stamp, State, Score), (Edges)`].join(
    '\n',
  );

/** What the clicked node is made of, worst first. */
export const childrenQuery = (nodes: readonly ModelNode[]): string =>
  [
    nodeTable(nodes),
    edgeTable(nodes),
    `Edges | where Source == ${clicked}`,
    `| join kind=inner (${stateWithTitle}) on $left.Target == $right.Id`,
    '| project State, Title, Stamp, Kind, Score, Code, Id',
    '| order by Code desc, Score asc',
  ].join('\n');

/** What the clicked node reads, and by which bounds it is judged. */
export const signalsQuery = (nodes: readonly ModelNode[]): string =>
  [signalTable(nodes), `Reads | where Id == ${clicked}`, '| project-away Id'].join('\n');

/** Failed results where the clicked node is; of all places where it is the store's. */
export const failuresQuery = (nodes: readonly ModelNode[]): string =>
  [
    nodeTable(nodes),
    `let Stamp = toscalar(Nodes | where Id == ${clicked} | project Stamp);`,
    "ContosoResults | where Outcome == 'failed' and (isempty(Stamp) or Target == Stamp)",
    '| summarize Failed = count(), arg_max(TimeGenerated, Message, OperationId) by Journey, Target, Location',
    '| project-rename Latest = TimeGenerated',
    '| order by Failed desc',
  ].join('\n');

/** Journeys × targets, with the share that passed. */
export const matrixQuery = (): string =>
  [
    'ContosoResults | where IsCounted',
    "| summarize Passed = 100.0 * countif(Outcome == 'passed') / count(), Results = count(), P95Ms = percentile(DurationMs, 95) by Journey, Target",
    '| order by Passed asc',
  ].join('\n');
