import { textOf } from '../../../health/because.ts';
import { type Health, healthStates } from '../../../health/model.ts';
import { type Signal, thresholdOf } from '../../../health/thresholds.ts';
import { words } from '../../words.ts';
import { isStale, type StatusState } from '../state.ts';

interface SignalView {
  readonly signal: Signal;
  readonly title: string;
  readonly scope: string;
  /** Stamp or region of the node that has it. */
  readonly place: string;
  readonly state: Health;
  readonly value: number | null;
  readonly sinceMs: number;
  /** `Cosmos 429s 7 % ≥ 5 %`, or what is missing. */
  readonly text: string;
}

export interface NodeView {
  readonly number: number;
  readonly id: string;
  readonly kind: string;
  readonly title: string;
  readonly stamp: string;
  readonly place: string;
  readonly state: Health;
  readonly score: number | null;
  readonly sinceMs: number;
  readonly because: readonly string[];
  readonly signals: readonly SignalView[];
  readonly children: readonly number[];
}

const minuteMs = 60_000;
const stateAt = (digits: string | undefined, number: number): Health => healthStates[Number(digits?.[number] ?? 1)] ?? 'unknown';

/** The columns of a state as nodes; of old ones nothing is known of now. */
export function nodesOf(state: StatusState): NodeView[] {
  const { shape } = state;
  const health = isStale(state, Date.now()) ? undefined : state.health;
  const signals = signalsOf(shape, health);
  let first = 0;
  return shape.nodes.map((node, number) => {
    const own = signals.slice(first, first + node.signals.length);
    first += node.signals.length;
    return {
      ...node,
      number,
      state: stateAt(health?.states, number),
      score: health?.scores[number] ?? null,
      sinceMs: (health?.since[number] ?? 0) * minuteMs,
      because: reasonsOf(health?.because[number] ?? [], signals),
      signals: own,
    };
  });
}

export function signalsOf(shape: StatusState['shape'], health: StatusState['health']): SignalView[] {
  return shape.nodes
    .flatMap(({ signals, place }) => signals.map(([signal, scope]) => ({ signal, scope, place })))
    .map(({ signal, scope, place }, number) => {
      const threshold = thresholdOf(signal);
      const state = stateAt(health?.signalStates, number);
      const value = health?.values[number] ?? null;
      const sinceMs = (health?.signalSince[number] ?? 0) * minuteMs;
      const bound = state === 'unhealthy' ? threshold.unhealthyAt : threshold.degradedAt;
      const isBad = state === 'degraded' || state === 'unhealthy';
      const text = isBad && value !== null ? textOf(threshold, value, bound) : `${threshold.title} ${state}`;
      return { signal, title: threshold.title, scope, place, state, value, sinceMs, text };
    });
}

const mostPlaces = 3;
const few = (places: readonly string[]) =>
  places.length > mostPlaces
    ? `${places.slice(0, mostPlaces).join(', ')} and ${places.length - mostPlaces} more`
    : places.join(', ');

/** Once each, with where it is, worst first: `Cosmos 429s 7 % ≥ 5 % (westeurope)`. */
export function reasonsOf(numbers: readonly number[], signals: readonly SignalView[]): string[] {
  const places = new Map<string, string[]>();
  for (const number of numbers) {
    const signal = signals[number];
    if (signal)
      places.set(
        signal.text,
        [...(places.get(signal.text) ?? []), signal.place].filter((place) => place !== ''),
      );
  }
  return [...places].map(([text, of]) => (of.length === 0 ? text : `${text} (${few([...new Set(of)])})`));
}

/** `✗ unhealthy` */
export const stateWord = (state: Health): string => `${words[state].symbol} ${state}`;

/** `degraded ≥ 70 %, unhealthy ≥ 90 %` */
export function boundsOf(signal: Signal): string {
  const { direction, degradedAt, unhealthyAt, unit } = thresholdOf(signal);
  const sign = direction === 'higher' ? '≥' : '<';
  return `degraded ${sign} ${degradedAt}, unhealthy ${sign} ${unhealthyAt} ${unit}`;
}

/** `14:03`, or `Nov 23 14:03` on another day than now; UTC, as all times of the suite are. */
export function clock(ms: number, nowMs = Date.now()): string {
  const [date, iso] = [new Date(ms), new Date(ms).toISOString()];
  const isToday = iso.slice(0, 10) === new Date(nowMs).toISOString().slice(0, 10);
  const day = date.toLocaleDateString('en-GB', { month: 'short', day: 'numeric', timeZone: 'UTC' });
  return isToday ? iso.slice(11, 16) : `${day} ${iso.slice(11, 16)}`;
}

/** `2 d 3 h`, `1 h 20 min`, `4 min` */
export function duration(ms: number): string {
  const minutes = Math.max(0, Math.round(ms / minuteMs));
  const [days, hours, rest] = [Math.floor(minutes / 1440), Math.floor((minutes % 1440) / 60), minutes % 60];
  if (days > 0) return `${days} d ${hours} h`;
  return hours > 0 ? `${hours} h ${rest} min` : `${rest} min`;
}
