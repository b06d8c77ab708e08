import type { ModelNode, SignalNode } from './expand.ts';
import { type Health, severityOf } from './model.ts';
import type { Cause, NodePicture, SignalPicture } from './picture.ts';
import { isBeyond } from './signal-state.ts';
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
  return worstFirst([...once.values()]).slice(0, mostCauses);
}

/** Of the same state, what is so still before what is on its way to be well. */
export const worstFirst = (causes: readonly Cause[]): Cause[] =>
  causes.toSorted(
    (a, b) =>
      severityOf[b.state] - severityOf[a.state] ||
      Number(isStillBeyond(b)) - Number(isStillBeyond(a)) ||
      a.sinceMs - b.sinceMs ||
      (a.text < b.text ? -1 : 1),
  );

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
  const sign = direction === 'higher' ? '≥' : '<';
  return isBeyond(value, bound, direction)
    ? `${title} ${digits(value)} ${unit} ${sign} ${bound} ${unit}`
    : `${title} ${digits(value)} ${unit}, not yet for good ${direction === 'higher' ? 'below' : 'above'} ${bound} ${unit}`;
}

/** Its latest value still is at the bound or worse; else it is on its way to be well, and shows no more what was wrong. */
export const isStillBeyond = ({ signal, value, bound }: Cause): boolean => isBeyond(value, bound, thresholdOf(signal).direction);

const clock = (ms: number) => new Date(ms).toISOString().slice(11, 16);

/** `checkout degraded in westeurope since 14:03: Cosmos 429s 7 % ≥ 5 %`; a stamp may be called as its region is. */
export function sentenceOf({ id, kind, title, state, stamp, region, sinceMs, because }: NodePicture): string {
  const name = kind === 'stamp' || kind === 'region' ? `${kind} ${title}` : title;
  const place = stamp ?? region ?? (id.endsWith('@global') ? 'global' : undefined);
  const where = place === undefined || place === title ? '' : ` in ${place}`;
  const texts = new Set(because.map(({ text }) => text));
  const why = texts.size > 0 ? `: ${[...texts].join('; ')}` : '';
  return `${name} ${state}${where} since ${clock(sinceMs)}${why}`;
}
