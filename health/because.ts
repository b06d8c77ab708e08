import type { ModelNode, SignalNode } from './expand.ts';
import { type Health, severityOf } from './model.ts';
import type { Cause, NodePicture, SignalPicture } from './picture.ts';
import { thresholdOf } from './thresholds.ts';

/** What a parent keeps of its children's causes: a sentence with more is not read. */
const mostCauses = 5;

export const isBad = (state: Health): state is 'degraded' | 'unhealthy' => severityOf[state] > severityOf.unknown;

/** Why a node is not well: its own signals and what its children say of themselves, worst first. */
export function causesOf(
  { id, signals: bonds, children }: ModelNode,
  state: Health,
  known: ReadonlyMap<string, NodePicture>,
  signals: readonly SignalPicture[],
): Cause[] {
  if (!isBad(state)) return [];
  const own = signals.flatMap((signal, i) => causeOf(id, signal, bonds[i]) ?? []);
  const below = children.flatMap((child) => (child.weight > 0 ? (known.get(child.id)?.because ?? []) : []));
  const once = new Map([...own, ...below].map((cause) => [`${cause.signal} ${cause.node}`, cause]));
  return [...once.values()].sort(byWorst).slice(0, mostCauses);
}

const byWorst = (a: Cause, b: Cause) =>
  severityOf[b.state] - severityOf[a.state] || a.sinceMs - b.sinceMs || (a.text < b.text ? -1 : 1);

function causeOf(
  node: string,
  { signal, state, value, sinceMs }: SignalPicture,
  bond: SignalNode | undefined,
): Cause | undefined {
  if (!isBad(state) || value === undefined || bond?.weight === 0) return undefined;
  const threshold = thresholdOf(signal);
  const bound = state === 'unhealthy' ? threshold.unhealthyAt : threshold.degradedAt;
  const shown: Health = bond?.atMost ?? state;
  return { node, signal, state: shown, value, bound, sinceMs, text: textOf(threshold, value, bound) };
}

const digits = (value: number) => String(Number(value.toPrecision(value < 10 ? 2 : 3)));

/** `Cosmos 429s 7 % ≥ 5 %`. The latest value can be back on the other side while the state is not. */
export function textOf({ title, unit, direction }: ReturnType<typeof thresholdOf>, value: number, bound: number): string {
  const isBeyond = direction === 'higher' ? value >= bound : value < bound;
  const sign = direction === 'higher' ? '≥' : '<';
  return isBeyond
    ? `${title} ${digits(value)} ${unit} ${sign} ${bound} ${unit}`
    : `${title} ${digits(value)} ${unit}, not yet for good ${direction === 'higher' ? 'below' : 'above'} ${bound} ${unit}`;
}

const clock = (ms: number) => new Date(ms).toISOString().slice(11, 16);

/** `checkout degraded in westeurope since 14:03: Cosmos 429s 7 % ≥ 5 %` */
export function sentenceOf({ id, title, state, stamp, region, sinceMs, because }: NodePicture): string {
  const place = stamp ?? region ?? (id.endsWith('@global') ? 'global' : undefined);
  const where = place === undefined || place === title ? '' : ` in ${place}`;
  const why = because.length > 0 ? `: ${because.map(({ text }) => text).join('; ')}` : '';
  return `${title} ${state}${where} since ${clock(sinceMs)}${why}`;
}
