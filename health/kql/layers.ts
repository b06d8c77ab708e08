import type { ModelNode } from '../expand.ts';
import { scoreOf, severityOf, weightedBounds } from '../model.ts';
import { type Cell, datatable, type Let } from './text.ts';

/** Nodes of one height above the signals, lowest first: each needs only what stands before it. */
function layersOf(nodes: readonly ModelNode[]): ModelNode[][] {
  const heights = new Map<string, number>();
  const layers: ModelNode[][] = [];
  for (const node of nodes) {
    const height = Math.max(-1, ...node.children.map(({ id }) => heights.get(id) ?? -1)) + 1;
    heights.set(node.id, height);
    layers[height] = [...(layers[height] ?? []), node];
  }
  return layers;
}

const columns = {
  Parent: 'string',
  Rule: 'string',
  Layer: 'long',
  Child: 'string',
  Weight: 'real',
  AtMost: 'long',
  IsOptional: 'bool',
} as const;

/** What every node is made of, and the nodes' states layer by layer: `Layer0`, `Layer1`, …, and `Known1`, … with all below. */
export function layerLets(nodes: readonly ModelNode[]): Let[] {
  const layers = layersOf(nodes);
  const { healthy, degraded } = severityOf;
  const score = `case(State == ${healthy}, ${scoreOf.healthy}.0, State == ${degraded}, ${scoreOf.degraded}.0, State == ${severityOf.unhealthy}, ${scoreOf.unhealthy}.0, real(null))`;
  return [
    {
      name: 'Edges',
      body: datatable(
        columns,
        layers.flatMap((layer, at) => layer.flatMap((node) => edgesOf(node, at))),
      ),
    },
    { name: 'Known0', body: `Signals | extend Score = ${score}`, isShared: true },
    ...layers.flatMap((_, at) => [
      { name: `Layer${at}`, body: layer(at) },
      { name: `Known${at + 1}`, body: `union (Known${at}), (Layer${at})`, isShared: true as const },
    ]),
  ];
}

function edgesOf({ id, rule, signals, children }: ModelNode, layer: number): Cell[][] {
  return [...signals, ...children].map(({ id: child, weight, atMost, optional }) => [
    id,
    rule,
    layer,
    child,
    weight,
    severityOf[atMost ?? 'unhealthy'],
    optional ?? false,
  ]);
}

const { healthy, unknown, degraded, unhealthy } = severityOf;

/** `Rule` in model.ts, as a query. */
const layer = (at: number) =>
  [
    `Edges | where Layer == ${at}`,
    `| join kind=leftouter (Known${at}) on $left.Child == $right.Id`,
    `| extend State = coalesce(State, ${unknown})`,
    `| extend Counts = Weight > 0 and not(IsOptional and State == ${unknown})`,
    '| extend Bound = iff(State > AtMost, AtMost, State)',
    `| extend Points = case(Bound == ${healthy}, ${scoreOf.healthy}.0, Bound == ${degraded}, ${scoreOf.degraded}.0, ${scoreOf.unhealthy}.0)`,
    `| extend IsScored = Counts and isnotnull(Score), IsKnown = Counts and Bound != ${unknown}`,
    `| summarize Children = countif(Counts), Worst = max(iff(Counts, Bound, ${healthy})), Down = countif(Counts and Bound == ${unhealthy}), Bad = countif(Counts and Bound >= ${degraded}), Unknown = countif(Counts and Bound == ${unknown}), Heavy = sum(iff(IsKnown, Weight, 0.0)), Worth = sum(iff(IsKnown, Weight * Points, 0.0)), Weights = sum(iff(IsScored, Weight, 0.0)), Scores = sum(iff(IsScored, Weight * Score, 0.0)) by Id = Parent, Rule`,
    `| extend State = case(Children == 0, ${unknown}, Rule == 'worst', Worst, Rule == 'redundancy' and Down == Children, ${unhealthy}, Rule == 'redundancy' and Bad > 0, ${degraded}, Rule == 'weighted' and Worth < ${weightedBounds.unhealthyBelow}.0 * Heavy, ${unhealthy}, Rule == 'weighted' and Worth < ${weightedBounds.degradedBelow}.0 * Heavy, ${degraded}, Unknown > 0, ${unknown}, ${healthy})`,
    '| project Id, State, Score = iff(Weights > 0, Scores / Weights, real(null))',
  ].join('\n');
