import { causesOf } from './because.ts';
import { minuteMs } from './bins.ts';
import type { ModelNode } from './expand.ts';
import { type Bond, type Health, type Rule, scoreOf, severityOf, weightedBounds } from './model.ts';
import type { HealthPicture, NodePicture, SignalPicture, Warning } from './picture.ts';
import { rootCausesOf } from './root-causes.ts';
import { firstBinMs, type Series, seriesKey } from './series.ts';
import { type SignalState, signalState } from './signal-state.ts';
import { thresholdOf } from './thresholds.ts';

/** A child or signal, as its parent sees it. */
interface Part extends Bond {
  readonly weight: number;
  readonly state: Health;
  readonly score: number | undefined;
  readonly sinceMs: number;
}

/**
 * The picture at a time: the state of every node of the model, why, and the causes below. The same series and time give the
 * same picture.
 */
export function evaluate(
  model: readonly ModelNode[],
  series: Series,
  atMs: number,
  warnings: readonly Warning[] = [],
): HealthPicture {
  const nodes = new Map<string, NodePicture>();
  for (const node of model) nodes.set(node.id, nodePicture(node, nodes, signalsOf(node, series, atMs)));
  const all = [...nodes.values()];
  return { atMs, nodes: all, rootCauses: rootCausesOf(model, nodes), warnings };
}

const unseen: SignalState = { state: 'unknown', since: 0, value: undefined };

function signalsOf({ signals }: ModelNode, series: Series, atMs: number): SignalPicture[] {
  return signals.map(({ id, signal, scope, everyMinutes }) => {
    const threshold = thresholdOf(signal);
    const values = series.get(seriesKey(signal, scope));
    const { state, since, value } = values ? signalState(values, threshold, everyMinutes) : unseen;
    const sinceMs = firstBinMs(atMs, everyMinutes) + since * everyMinutes * minuteMs;
    return { id, signal, title: threshold.title, scope, state, value, sinceMs };
  });
}

function nodePicture(node: ModelNode, known: ReadonlyMap<string, NodePicture>, signals: readonly SignalPicture[]): NodePicture {
  const { id, kind, title, region, stamp, rule } = node;
  const parts = counted(partsOf(node, known, signals));
  const state = stateOf(rule, parts);
  return {
    id,
    kind,
    title,
    ...(region !== undefined && { region }),
    ...(stamp !== undefined && { stamp }),
    state,
    score: mean(parts, ({ score }) => score),
    sinceMs: sinceOf(state, parts),
    because: causesOf(node, state, known, signals),
    signals,
    children: node.children.map((child) => child.id),
  };
}

function partsOf(node: ModelNode, known: ReadonlyMap<string, NodePicture>, signals: readonly SignalPicture[]): Part[] {
  const own = node.signals.map((bond, i): Part => {
    const { state = 'unknown', sinceMs = 0 } = signals[i] ?? {};
    return { ...bond, state: capped(state, bond), score: pointsOf(state), sinceMs };
  });
  const children = node.children.map((bond): Part => {
    const { state = 'unknown', score, sinceMs = 0 } = known.get(bond.id) ?? {};
    return { ...bond, state: capped(state, bond), score, sinceMs };
  });
  return [...own, ...children];
}

const capped = (state: Health, { atMost }: Bond): Health => (state === 'unhealthy' && atMost ? atMost : state);

/** Those that say something of the parent. */
const counted = (parts: readonly Part[]) =>
  parts.filter(({ weight, optional, state }) => weight > 0 && !(optional && state === 'unknown'));

/** Mean by weight of those that have a number. */
function mean<P extends Weighed>(parts: readonly P[], of: (part: P) => number | undefined): number | undefined {
  let [weights, sum] = [0, 0];
  for (const part of parts) {
    const number = of(part);
    if (number === undefined) continue;
    weights += part.weight;
    sum += part.weight * number;
  }
  return weights === 0 ? undefined : sum / weights;
}

export const pointsOf = (state: Health) => (state === 'unknown' ? undefined : scoreOf[state]);

type Weighed = Pick<Part, 'weight' | 'state'>;

export const worst = (parts: readonly Pick<Part, 'state'>[]) =>
  parts.reduce<Health>((so, { state }) => (severityOf[state] > severityOf[so] ? state : so), 'healthy');

/** Of at least one part, after bonds. */
export const rules: Readonly<Record<Rule, (parts: readonly Weighed[]) => Health>> = {
  worst,
  redundancy: (parts) => {
    if (parts.every(({ state }) => state === 'unhealthy')) return 'unhealthy';
    const most = worst(parts);
    return most === 'unhealthy' ? 'degraded' : most;
  },
  weighted: (parts) => {
    const points = mean(parts, ({ state }) => pointsOf(state));
    if (points === undefined) return 'unknown';
    if (points < weightedBounds.unhealthyBelow) return 'unhealthy';
    if (points < weightedBounds.degradedBelow) return 'degraded';
    return parts.some(({ state }) => state === 'unknown') ? 'unknown' : 'healthy';
  },
};

const stateOf = (rule: Rule, parts: readonly Part[]): Health => (parts.length === 0 ? 'unknown' : rules[rule](parts));

/** Bad since the first of what is bad; else since the last that came to be so. */
function sinceOf(state: Health, parts: readonly Part[]): number {
  const isBad = severityOf[state] > severityOf.unknown;
  const same = parts.filter((part) => (isBad ? severityOf[part.state] > severityOf.unknown : part.state === state));
  const times = (same.length > 0 ? same : parts).map(({ sinceMs }) => sinceMs);
  if (times.length === 0) return 0;
  return isBad ? Math.min(...times) : Math.max(...times);
}
