import pc from 'picocolors';
import { sentenceOf } from '../health/because.ts';
import type { Health } from '../health/model.ts';
import type { HealthPicture, NodePicture, SignalPicture } from '../health/picture.ts';
import { thresholdOf } from '../health/thresholds.ts';
import { words } from './words.ts';

/** State by sign and word, colour beside. */
const signOf = (state: Health) => pc[words[state].terminal](`${words[state].symbol} ${state}`);

/** The picture as a tree, the store first; then root causes and warnings. What is well is one line, whatever lies below. */
export function pictureLines({ nodes, rootCauses, warnings }: HealthPicture): string[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const store = nodes.at(-1);
  const causes = rootCauses.map(
    ({ cause, place, state, because }) =>
      `cause: ${cause} in ${place}, ${state}: ${because.map(({ text }) => text).join('; ') || 'its children'}`,
  );
  const tree = store ? treeOf(store, byId, '', new Set()) : [];
  return [...tree, ...causes, ...leftOut(nodes), ...warnings.map(({ text }) => `warning: ${text}`)];
}

/** What nothing is known of though its node has a state: it may be unknown, and so doesn't show in the tree. */
function leftOut(nodes: readonly NodePicture[]): string[] {
  const places = new Map<string, string[]>();
  for (const { stamp = 'global', signals } of nodes.filter((node) => node.state !== 'unknown'))
    for (const { title } of signals.filter((each) => each.state === 'unknown' && !isOfFailures(each)))
      places.set(title, [...(places.get(title) ?? []), stamp]);
  return [...places].map(([title, stamps]) => `no data: ${title} of ${[...new Set(stamps)].join(', ')}`);
}

/** Where each row is a failure, none is what a store that is well has. */
function isOfFailures({ signal }: SignalPicture): boolean {
  const { value } = thresholdOf(signal).source;
  return 'when' in value && value.when.length === 0;
}

function treeOf(node: NodePicture, byId: ReadonlyMap<string, NodePicture>, indent: string, shown: Set<string>): string[] {
  const { id, title, state, score, children } = node;
  // Of an unknown node it speaks of some parts alone.
  const points = score === undefined ? '' : ` ${Math.round(score)}${state === 'unknown' ? ' by what is known' : ''}`;
  const isBad = state === 'degraded' || state === 'unhealthy';
  const why = isBad ? `  ${sentenceOf(node)}` : '';
  const head = `${indent}${signOf(state)}${points}  ${title}${why}`;
  // A component belongs to several flows: it is shown under the first.
  if (shown.has(id) || (state === 'healthy' && indent !== '')) return [head];
  shown.add(id);
  const below = children.flatMap((child) => byId.get(child) ?? []);
  const unread = node.signals.filter((signal) => signal.state === 'unknown').map((signal) => signal.title);
  const missing = state === 'unknown' && unread.length > 0 ? [`${indent}    nothing known of: ${unread.join(', ')}`] : [];
  return [head, ...missing, ...below.flatMap((each) => treeOf(each, byId, `${indent}  `, shown))];
}
