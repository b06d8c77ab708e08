import { expandModel, type ModelNode, type SignalNode } from '../../../health/expand.ts';
import { type Bond, weightedBounds } from '../../../health/model.ts';
import { readBy } from '../../../health/series.ts';
import { changeRules, type Signal, signals, staleBins, type Threshold, thresholdOf } from '../../../health/thresholds.ts';
import { environments, type Situation, tablesOf, well } from '../situation.ts';
import { asked, differences, observationsOf, pictureOf, queryOf } from './agreement.ts';
import { runKql, type Tables } from './run.ts';

/** One number or word of the definition that is another than it should be. */
export interface Change {
  readonly name: string;
  /** Runs with the changed definition, then puts it back. */
  readonly within: <T>(act: (changed: readonly ModelNode[]) => T) => T;
  /** Situations, one of which must tell the changed from the right one; each made when it is asked for. */
  readonly situations: readonly (() => Tables)[];
}

/** The model whose definition is changed: that of situations without another environment. */
export const changedEnvironment = environments['two-regions'];
export const changedModel = expandModel(changedEnvironment);
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
  const { degradedAt, unhealthyAt, minSamples, windowMinutes, shortMinutes } = row;
  const change = (what: string, changed: Partial<Threshold>, minutes: string, of?: () => readonly ModelNode[]) =>
    inTable<Threshold>(`${signal}: ${what}`, row, changed, [alone(signal, minutes)], of);
  return [
    change('degradedAt', { degradedAt: degradedAt + hair }, minutesAt(row, degradedAt)),
    change('unhealthyAt', { unhealthyAt: unhealthyAt + hair }, minutesAt(row, unhealthyAt)),
    change('minSamples', { minSamples: minSamples + 1 }, justEnough(signal)),
    change('windowMinutes', { windowMinutes: windowMinutes + 1 }, lastSeen(signal), () =>
      changedModel.map((node) => widened(node, signal)),
    ),
    ...(shortMinutes === undefined ? [] : [change('shortMinutes', { shortMinutes: shortMinutes + 1 }, '100/20x40 0/20x8')]),
  ];
}

/** A statistic that is at the bound for many bins. */
function minutesAt({ statistic, windowMinutes }: Threshold, bound: number): string {
  return statistic === 'sum' ? `0x${windowMinutes} ${bound} 0x2` : `${bound}x${windowMinutes + 9}`;
}

/** A signal whose rows are all bad has no good ones to be known by. */
function isBadAlone(signal: Signal): boolean {
  const { value } = thresholdOf(signal).source;
  return 'when' in value && value.when.length === 0;
}

/** As many rows as a window must have, and not one more. */
function justEnough(signal: Signal): string {
  const { minSamples, windowMinutes } = thresholdOf(signal);
  const rows = isBadAlone(signal) ? `${minSamples}` : `${well[signal]}/${minSamples}`;
  return windowMinutes === 1 ? `${rows}x9` : `${rows} -x4`;
}

/** Bad rows that outweigh a window, of which the latest bins are just free: with a longer window one of them isn't. */
function lastSeen(signal: Signal): string {
  const { change, windowMinutes, direction, unhealthyAt, degradedAt, statistic, minSamples } = thresholdOf(signal);
  // Both windows must be bad: long ago for the long one, just now for the short one.
  if (signal === 'budgetSpent') return '100/60 0/1x55 100/1x5';
  if (isBadAlone(signal)) return `${unhealthyAt * windowMinutes} -x${windowMinutes - 1 + staleBins}`;
  const { worsen, improve } = changeRules[change];
  const rows = statistic === 'share' ? `/${Math.ceil(minSamples / windowMinutes)}` : '';
  const good = `${well[signal]}${rows}x${windowMinutes - 1 + improve}`;
  // A minute shows in as many bins as the window is long.
  const times = windowMinutes < worsen ? `x${worsen}` : '';
  if (statistic === 'share') return `100/60${times} ${good}`;
  if (statistic === 'sum') return `${unhealthyAt} ${good}`;
  return `${direction === 'higher' ? unhealthyAt * windowMinutes : degradedAt / 10} ${good}`;
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

/** A system flow whose parts are known, one of them bad. */
const ofWeighted = (): Change[] => {
  const flow = changedModel.find(({ rule }) => rule === 'weighted');
  const situations =
    flow?.children.map(
      ({ id }) =>
        () =>
          tablesOf({ title: id, given: bad(id), states: {} }),
    ) ?? [];
  const change = (what: string, changed: object) => inTable(`weighted: ${what}`, weightedBounds as object, changed, situations);
  return [change('degradedBelow', { degradedBelow: 60 }), change('unhealthyBelow', { unhealthyBelow: 40 })];
};

/** What each part weighs in its node's score; alone under its node, a weight changes nothing. */
function ofWeights(node: ModelNode): Change[] {
  const links = [...node.signals, ...node.children];
  if (links.length < 2) return [];
  return links.map(({ id }) => ({
    name: `${node.id} ← ${id}: weight`,
    situations: [() => tablesOf({ title: id, given: bad(id), states: {} })],
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

/** Every single change of a threshold, a window, a rule or a weight; of one stamp and the store, since all stamps are made alike. */
export function changes(): Change[] {
  const [first] = changedModel.flatMap(({ stamp }) => stamp ?? []);
  const nodes = changedModel.filter(({ stamp, kind }) => stamp === first || (stamp === undefined && kind !== 'user-flow'));
  const known = new Set(read.map(({ signal }) => signal));
  return [
    ...signals.filter((signal) => known.has(signal)).flatMap(ofThreshold),
    ...ofRules(),
    ...ofWeighted(),
    ...nodes.flatMap(ofWeights),
  ];
}

/**
 * The changes, made in the query alone, after which it parts from the evaluator on one of their situations.
 * @throws Error where the right query parts from it too
 */
export async function brokenByQuery(made: readonly Change[]): Promise<string[]> {
  const right = queryOf(changedModel, changedEnvironment);
  const tried = made.flatMap(({ name, situations, within }) => {
    const query = within((model) => queryOf(model, changedEnvironment));
    return situations.map((situation) => ({ name, query, tables: situation() }));
  });
  const runs = tried.flatMap(({ query, tables }) => [
    { query: right, tables },
    { query, tables },
  ]);
  const answers = await runKql(runs, asked);
  const broken = tried.filter(({ tables }, at) => {
    const picture = pictureOf(changedModel, observationsOf(tables));
    const [agreed = [], changed = []] = [answers[2 * at], answers[2 * at + 1]].map((rows) => differences(picture, rows ?? []));
    if (agreed.length > 0) throw new Error(`without any change: ${agreed.join('; ')}`);
    return changed.length > 0;
  });
  return [...new Set(broken.map(({ name }) => name))];
}
