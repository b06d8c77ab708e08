import { isBad, worstFirst } from './because.ts';
import type { ModelNode } from './expand.ts';
import { severityOf } from './model.ts';
import type { NodePicture, RootCause } from './picture.ts';

type Pictures = ReadonlyMap<string, NodePicture>;
const kindsOfRoots = new Set<ModelNode['kind']>(['component', 'user-flow', 'system-flow']);

/**
 * The lowest nodes that explain the picture: bad components that none of those they depend on explains, and flows that are
 * bad by their own signals alone. The same component of several stamps is one cause.
 */
export function rootCausesOf(model: readonly ModelNode[], nodes: Pictures): RootCause[] {
  const badIds = new Set([...nodes.values()].filter(({ state }) => isBad(state)).map(({ id }) => id));
  if (badIds.size === 0) return [];
  const roots = model.filter((node) => badIds.has(node.id) && kindsOfRoots.has(node.kind) && !isExplained(node, badIds));
  const parents = parentsIn(model, badIds);
  const groups = new Map<string, ModelNode[]>();
  for (const root of roots) groups.set(causeName(root), [...(groups.get(causeName(root)) ?? []), root]);
  return [...groups].map(([cause, same]) => rootCause(cause, same, nodes, parents)).sort(byWorst);
}

const isExplained = ({ children, explainedBy }: ModelNode, bad: ReadonlySet<string>) =>
  explainedBy.some((id) => bad.has(id)) || children.some(({ id, weight }) => weight > 0 && bad.has(id));

/** `payment` of `westeurope/payment`, `flow:checkout` of `flow:checkout@westeurope`, `front-door`. */
export const causeName = ({ id }: Pick<ModelNode, 'id'>): string =>
  id.startsWith('flow:') ? id.slice(0, id.indexOf('@')) : id.slice(id.indexOf('/') + 1);

/** Bad nodes that a bad node makes so: its parents, and those that it explains. */
function parentsIn(model: readonly ModelNode[], bad: ReadonlySet<string>): ReadonlyMap<string, readonly string[]> {
  const parents = new Map<string, string[]>();
  for (const { id, children, explainedBy } of model) {
    if (!bad.has(id)) continue;
    const below = [...children.filter(({ weight }) => weight > 0).map((child) => child.id), ...explainedBy];
    for (const each of below) if (bad.has(each)) parents.set(each, [...(parents.get(each) ?? []), id]);
  }
  return parents;
}

function rootCause(
  cause: string,
  roots: readonly ModelNode[],
  nodes: Pictures,
  parents: ReadonlyMap<string, readonly string[]>,
): RootCause {
  const ids = roots.map(({ id }) => id);
  const reached = new Set(ids);
  for (const id of reached) for (const parent of parents.get(id) ?? []) reached.add(parent);
  const own = ids.flatMap((id) => nodes.get(id) ?? []);
  return {
    nodes: ids,
    cause,
    place: placeOf(roots),
    state: own.some(({ state }) => state === 'unhealthy') ? 'unhealthy' : 'degraded',
    sinceMs: Math.min(...own.map(({ sinceMs }) => sinceMs)),
    because: worstFirst(own.flatMap(({ because }) => because)),
    // Children before parents, as the picture has them.
    chain: [...nodes.keys()].filter((id) => reached.has(id) && !ids.includes(id)),
  };
}

function placeOf(roots: readonly ModelNode[]): string {
  const regions = [...new Set(roots.map(({ region }) => region))];
  const stamps = [...new Set(roots.map(({ stamp }) => stamp))];
  const [region, stamp] = [regions[0], stamps[0]];
  if (regions.length > 1) return 'store';
  if (stamps.length === 1 && stamp !== undefined) return stamp;
  return region ?? 'global';
}

const byWorst = (a: RootCause, b: RootCause) =>
  severityOf[b.state] - severityOf[a.state] || b.chain.length - a.chain.length || (a.cause < b.cause ? -1 : 1);
