import { expandModel, type ModelNode, type SignalNode } from '../../../health/expand.ts';
import { type Bond, weightedBounds } from '../../../health/model.ts';
import { readBy } from '../../../health/series.ts';
import type { Condition, Source, Threshold } from '../../../health/threshold-types.ts';
import { changeRules, memory, type Signal, signals, thresholdOf } from '../../../health/thresholds.ts';
import { environments, type Situation, tablesOf } from '../situation.ts';
import { observationsOf, pictureOf, queryOf } from './agreement.ts';
import { justEnough, lastSeen, minutesAt } from './edges.ts';
import type { Tables } from './run.ts';
import { partedByQuery } from './trials.ts';

/** One number or word of the definition that is another than it should be. */
interface Change {
  readonly name: string;
  /** Runs with the changed definition, then puts it back. */
  readonly within: <T>(act: (changed: readonly ModelNode[]) => T) => T;
  /** Situations, one of which must tell the changed from the right one; each made when it is asked for. */
  readonly situations: readonly (() => Tables)[];
}

/** The model whose definition is changed: that of situations without another environment. */
const changedEnvironment = environments['two-regions'];
const changedModel = expandModel(changedEnvironment);
const read = [...readBy(changedModel)].map(([key, { signal, windowMinutes }]) => ({
  signal,
  scope: key.slice(signal.length + 1),
  windowMinutes,
}));
/** A situation in which one signal alone has rows, its minutes as in `Situation`. */
function alone(signal: Signal, minutes: string): () => Tables {
  const found = read.find((each) => each.signal === signal);
  if (!found) throw new RangeError(`no node reads ${signal}`);
  return () => tablesOf({ title: signal, base: 'nothing', given: [[signal, found.scope, minutes]], states: {} });
}

/** A row of a table of constants, changed while it runs. */
function inTable<R extends object>(
  name: string,
  row: R,
  changed: Partial<R>,
  situations: Change['situations'],
  of = (): readonly ModelNode[] => changedModel,
): Change {
  return {
    name,
    situations,
    within: (act) => {
      const kept = { ...row };
      Object.assign(row, changed);
      try {
        return act(of());
      } finally {
        Object.assign(row, kept);
      }
    },
  };
}

/** As little as a bound can be off: what sits at it changes its band, as it would with `>` for `>=`. */
const hair = 2 ** -20;

function ofThreshold(signal: Signal): Change[] {
  const row = thresholdOf(signal);
  const { degradedAt, unhealthyAt, minSamples, windowMinutes, shortMinutes, statistic } = row;
  const other = row.direction === 'higher' ? 'lower' : 'higher';
  const change = (what: string, changed: Partial<Threshold>, minutes: string, of?: () => readonly ModelNode[]) =>
    inTable<Threshold>(`${signal}: ${what}`, row, changed, [alone(signal, minutes)], of);
  return [
    change('degradedAt', { degradedAt: degradedAt + hair }, minutesAt(row, degradedAt)),
    change('unhealthyAt', { unhealthyAt: unhealthyAt + hair }, minutesAt(row, unhealthyAt)),
    change('minSamples', { minSamples: minSamples + 1 }, justEnough(signal)),
    change('windowMinutes', { windowMinutes: windowMinutes + 1 }, lastSeen(signal), () =>
      changedModel.map((node) => widened(node, signal)),
    ),
    // Of a percentile the query counts the rows at each bound, and two windows it knows for higher values alone: no direction there.
    ...(statistic === 'p95' || shortMinutes !== undefined
      ? []
      : [change('direction', { direction: other }, minutesAt(row, degradedAt))]),
    ...ofConditions(signal),
    ...(shortMinutes === undefined ? [] : [change('shortMinutes', { shortMinutes: shortMinutes + 1 }, '100/20x40 0/20x8')]),
  ];
}

/** Each condition on a signal's rows with the opposite operator; of a number, with a bound that is a hair off. */
function ofConditions(signal: Signal): Change[] {
  const row = thresholdOf(signal);
  const { source } = row;
  const when = 'when' in source.value ? source.value.when : [];
  const change = (condition: Condition, changed: Source): Change => {
    const [column, operator, bound] = condition;
    // Half of the rows bad are half of them good.
    const at = row.degradedAt === 50 ? row.unhealthyAt : row.degradedAt;
    const minutes = operator === '>=' && column === columnOf(source) ? `${bound}x9` : minutesAt(row, at);
    return inTable<Threshold>(`${signal}: ${column} ${operator}`, row, { source: changed }, [alone(signal, minutes)]);
  };
  return [
    ...source.where.map((condition) => change(condition, { ...source, where: replaced(source.where, condition) })),
    ...when.map((condition) => change(condition, { ...source, value: { when: replaced(when, condition) } })),
  ];
}

const columnOf = ({ value }: Source) => ('column' in value ? value.column : undefined);
const replaced = (all: readonly Condition[], one: Condition) => all.map((each) => (each === one ? opposite(each) : each));

function opposite(condition: Condition): Condition {
  const [column, operator, what] = condition;
  switch (operator) {
    case '==':
      return [column, '!=', what];
    case '!=':
      return [column, '==', what];
    case 'in':
      return [column, '!in', what];
    case '!in':
      return [column, 'in', what];
    case '!contains':
      return [column, '==', what];
    case '>=':
      return [column, '>=', what + hair];
  }
}

const widened = (node: ModelNode, signal: Signal): ModelNode => ({
  ...node,
  signals: node.signals.map((each) => (each.signal === signal ? { ...each, windowMinutes: each.windowMinutes + 1 } : each)),
});

/** Minutes in which a rule is met, or left, by exactly the bins that it asks for; of CPU, a minute shows in five bins. */
const ofRules = (): Change[] => {
  const [single, smoothed] = [changeRules.single, changeRules.smoothed] as const;
  const change = (what: string, row: object, changed: object, signal: Signal, minutes: string) =>
    inTable(what, row, changed, [alone(signal, minutes)]);
  return [
    change('single: worsen', single, { worsen: single.worsen + 1 }, 'journeyFailed', '0x20 100 0 100 0 100'),
    change('single: improve', single, { improve: single.improve + 1 }, 'journeyFailed', '100x20 0x4'),
    change('single: of', single, { of: single.of - 1 }, 'journeyFailed', '0x20 100 0 100 0 100'),
    change('smoothed: worsen', smoothed, { worsen: smoothed.worsen + 1 }, 'cpuPercent', '30x20 400 30'),
    change('smoothed: improve', smoothed, { improve: smoothed.improve + 1 }, 'cpuPercent', '30x20 400 30x8'),
    change('smoothed: of', smoothed, { of: smoothed.improve - 1 }, 'cpuPercent', '30x20 400 30x20'),
  ];
};

/** Single results, and hardly any good one since they were bad: as long ago as a state is remembered, or a bin is fresh. */
const ofMemory = (): Change[] => {
  const { lookbackBins, staleBins } = memory;
  const sparse = Array.from({ length: lookbackBins + 1 }, (_, back) => (back % 4 === 0 ? '0' : '-')).reverse();
  const change = (what: string, changed: object, minutes: string) =>
    inTable(what, memory as object, changed, [alone('journeyFailed', minutes)]);
  return [
    change('lookbackBins: one less', { lookbackBins: lookbackBins - 1 }, `100x3 ${sparse.join(' ')}`),
    change('lookbackBins: one more', { lookbackBins: lookbackBins + 1 }, `100x3 - ${sparse.join(' ')}`),
    change('staleBins: one more', { staleBins: staleBins + 1 }, `0x40 -x${staleBins}`),
    change('staleBins: one less', { staleBins: staleBins - 1 }, `0x40 -x${staleBins - 1}`),
  ];
};

/** Everything well but one part of a node; made once, since parts have several parents. */
function badAlone(id: string): () => Tables {
  return () => {
    const tables = madeBad.get(id) ?? tablesOf({ title: id, given: bad(id), states: {} });
    madeBad.set(id, tables);
    return tables;
  };
}
const madeBad = new Map<string, Tables>();

/** A system flow whose parts are known, one of them bad. */
const ofWeighted = (): Change[] => {
  const flow = changedModel.find(({ rule }) => rule === 'weighted');
  const situations = flow?.children.map(({ id }) => badAlone(id)) ?? [];
  const change = (what: string, changed: object) => inTable(`weighted: ${what}`, weightedBounds as object, changed, situations);
  return [change('degradedBelow', { degradedBelow: 60 }), change('unhealthyBelow', { unhealthyBelow: 40 })];
};

/** What each part weighs in its node's score; alone under its node, a weight changes nothing. */
function ofWeights(node: ModelNode): Change[] {
  const links = [...node.signals, ...node.children];
  if (links.length < 2) return [];
  return links.map(({ id }) => ({
    name: `${node.id} ← ${id}: weight`,
    situations: [badAlone(id)],
    within: (act) => act(changedModel.map((each) => (each === node ? heavier(each, id) : each))),
  }));
}

const heavier = (node: ModelNode, id: string): ModelNode => {
  const changed = <T extends Bond & { readonly id: string; readonly weight: number }>(each: T): T =>
    each.id === id ? { ...each, weight: each.weight + 1 } : each;
  return { ...node, signals: node.signals.map(changed), children: node.children.map(changed) };
};

/** Every signal below a part. */
function below(id: string): SignalNode[] {
  const node = changedModel.find((each) => each.id === id);
  if (node) return [...node.signals, ...node.children.flatMap((child) => below(child.id))];
  return changedModel.flatMap(({ signals: own }) => own.filter((each) => each.id === id));
}

/** Minutes enough for every window, in which all below a part is far beyond its bounds. */
const bad = (id: string): Situation['given'] =>
  below(id).map(({ signal, scope }) => {
    const { degradedAt, unhealthyAt, direction, statistic } = thresholdOf(signal);
    if (statistic === 'share') return [signal, scope, signal === 'budgetSpent' ? '100/40x65' : '100/100x15'];
    return [signal, scope, `${direction === 'higher' ? unhealthyAt * 4 : degradedAt / 10}x15`];
  });

/** Every single change of a threshold, an operator, a window, a rule or a weight; of one stamp and the store, since all stamps are made alike. */
export function changes(): Change[] {
  const [first] = changedModel.flatMap(({ stamp }) => stamp ?? []);
  const nodes = changedModel.filter(({ stamp, kind }) => stamp === first || (stamp === undefined && kind !== 'user-flow'));
  const known = new Set(read.map(({ signal }) => signal));
  return [
    ...signals.filter((signal) => known.has(signal)).flatMap(ofThreshold),
    ...ofRules(),
    ...ofMemory(),
    ...ofWeighted(),
    ...nodes.flatMap(ofWeights),
  ];
}

/** The changes, made in the query alone, after which it parts from the evaluator on one of their situations. */
export function brokenByQuery(made: readonly Change[]): Promise<string[]> {
  const right = queryOf(changedModel, changedEnvironment);
  const trials = made.flatMap(({ name, situations, within }) => {
    const tables = situations.map((situation) => situation());
    const changed = within((model) => queryOf(model, changedEnvironment));
    return tables.map((each) => ({ name, model: changedModel, right, changed, tables: each }));
  });
  return partedByQuery(trials);
}

const seenRight = new WeakMap<Tables, string>();

/** Whether the change, made in the evaluator alone, shows in one of its situations. */
export function breaksEvaluator({ within, situations }: Change): boolean {
  const seen = (model: readonly ModelNode[], tables: Tables) => {
    const { nodes } = pictureOf(model, observationsOf(tables));
    return JSON.stringify(nodes.map(({ id, state, score, signals: own }) => [id, state, score, own.map((each) => each.state)]));
  };
  return situations.some((situation) => {
    const tables = situation();
    const right = seenRight.get(tables) ?? seen(changedModel, tables);
    seenRight.set(tables, right);
    return within((model) => seen(model, tables)) !== right;
  });
}
