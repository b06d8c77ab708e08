import type { ModelNode } from '../../health/expand.ts';
import { type Incident, titleOf } from '../../health/incident.ts';
import { healthStates } from '../../health/model.ts';
import type { Cause, HealthPicture, NodePicture, SignalPicture } from '../../health/picture.ts';
import type { RoundOutcome } from '../../health/round.ts';
import { isInForce, type Silence } from '../../health/silences.ts';
import { columnMs, type History, pairKey, pairsOf } from './history.ts';
import type {
  BudgetColumns,
  DeliveryView,
  HealthColumns,
  IncidentView,
  RootView,
  Shape,
  ShapeNode,
  StatusState,
  UnderWayView,
} from './state.ts';

/** What health/ and the monitor know at a time. */
export interface Known {
  readonly environment: string;
  readonly location: string;
  readonly nowMs: number;
  /** When health was judged last; absent: never. */
  readonly judgedAtMs?: number | undefined;
  readonly staleAfterMs: number;
  readonly budgetHours: readonly number[];
  /** Of journeys that don't run every minute. */
  readonly everyMinutes: Readonly<Record<string, number>>;
  /** What runs where. */
  readonly checks: readonly { readonly journey: string; readonly target: string }[];
  /** What there is to be judged: shown as unknown while there is no picture. */
  readonly model: readonly ModelNode[];
  readonly picture: HealthPicture | undefined;
  readonly outcome: Pick<RoundOutcome, 'budgets' | 'burns' | 'silenced'> | undefined;
  readonly history: History;
  /** Open, and resolved in the last days; latest first. */
  readonly incidents: readonly Incident[];
  /** Keys of incidents that somebody has acknowledged. */
  readonly acked: ReadonlySet<string>;
  readonly silences: readonly Silence[];
  readonly underWay: readonly UnderWayView[];
  readonly delivery: DeliveryView;
  readonly historyRead: boolean;
}

/** A list that is longer is not read on a page; `npm run history` has all. */
const mostIncidents = 15;
/** Text of others may be of any length. */
const mostLetters = 240;
const minuteMs = 60_000;

const cut = (text: string) => (text.length > mostLetters ? `${text.slice(0, mostLetters - 1)}…` : text);
const rounded = (value: number | undefined, digits: number) => (value === undefined ? null : Number(value.toFixed(digits)));

/** The state of the page; the same knowledge gives the same state. */
export function statusOf(known: Known): StatusState {
  const { picture, model, incidents, nowMs } = known;
  const nodes = shapeNodes(picture?.nodes ?? model.map((node) => ({ ...node, children: node.children.map(({ id }) => id) })));
  const open = incidents.filter(({ resolvedAtMs }) => resolvedAtMs === undefined);
  const past = incidents.filter(({ resolvedAtMs }) => resolvedAtMs !== undefined);
  const shown = [...open.slice(0, mostIncidents), ...past.slice(0, mostIncidents)];
  const shape = shapeOf(known, nodes);
  const pairs = pairsOf(shape);
  known.history.prune(nowMs);
  return {
    shape,
    atMs: known.judgedAtMs ?? 0,
    ...(picture && { health: healthColumns(picture) }),
    roots: picture ? rootsOf(picture) : [],
    warnings: (picture?.warnings ?? []).map(({ text, within, expectedMs }) => ({ text: cut(text), within, expectedMs })),
    columns: known.history.columnsOf(pairs, nowMs),
    uptime: pairs.map((pair) => rounded(known.history.uptimePercent(pair), 2)),
    budgets: budgetColumns(known),
    incidents: Object.fromEntries(shown.map((incident) => [incident.key, incidentView(incident, known)])),
    moreOpen: open.length - Math.min(open.length, mostIncidents),
    silences: known.silences
      .filter((silence) => isInForce(silence, nowMs))
      .map(({ subject, why, untilMs }) => ({ subject: cut(subject), why: cut(why), untilMs })),
    underWay: known.underWay.filter(({ fromMs, untilMs }) => fromMs <= nowMs && nowMs < untilMs),
    delivery: known.delivery,
    historyRead: known.historyRead,
  };
}

function shapeOf(known: Known, nodes: readonly ShapeNode[]): Shape {
  const { environment, location, staleAfterMs, checks, budgetHours } = known;
  const journeys = [...new Set(checks.map(({ journey }) => journey))];
  const targets = [...new Set(checks.map(({ target }) => target))];
  const run = new Set(checks.map(({ journey, target }) => pairKey(journey, target)));
  const notRun = pairsOf({ journeys, targets }).flatMap((pair, number) => (run.has(pair) ? [] : [number]));
  const budgets = budgetKeys(known);
  const everyMinutes = journeys.map((journey) => known.everyMinutes[journey] ?? 1);
  return { environment, location, staleAfterMs, nodes, journeys, targets, notRun, everyMinutes, columnMs, budgetHours, budgets };
}

type Drawn = Pick<NodePicture, 'id' | 'kind' | 'title' | 'stamp' | 'region' | 'children'> & {
  readonly signals: readonly Pick<SignalPicture, 'signal' | 'scope'>[];
};

function shapeNodes(nodes: readonly Drawn[]): ShapeNode[] {
  const numbers = numbersOf(nodes);
  return nodes.map(({ id, kind, title, stamp, region, children, signals }) => ({
    id,
    kind,
    title,
    stamp: stamp ?? '',
    place: stamp ?? region ?? '',
    children: children.flatMap((child) => numbers.get(child) ?? []),
    signals: signals.map(({ signal, scope }) => [signal, scope] as const),
  }));
}

const numbersOf = (nodes: readonly Pick<NodePicture, 'id'>[]) => new Map(nodes.map(({ id }, number) => [id, number]));

const keyOf = (node: string, signal: string) => `${node} ${signal}`;

/** Causes name a signal and the node that has it. Where a node reads one signal twice, the one that is so. */
function causeNumbers(nodes: readonly NodePicture[]): (cause: Cause) => number[] {
  const numbers = new Map<string, { number: number; value: number | undefined }[]>();
  let number = 0;
  for (const { id, signals } of nodes)
    for (const { signal, value } of signals) {
      const key = keyOf(id, signal);
      numbers.set(key, [...(numbers.get(key) ?? []), { number, value }]);
      number += 1;
    }
  return ({ node, signal, value }) => {
    const all = numbers.get(keyOf(node, signal)) ?? [];
    const found = all.find((each) => each.value === value) ?? all[0];
    return found ? [found.number] : [];
  };
}

const stateDigit = (state: (typeof healthStates)[number]) => String(healthStates.indexOf(state));
const minutes = (ms: number) => Math.floor(ms / minuteMs);

function healthColumns({ nodes }: HealthPicture): HealthColumns {
  const signals = nodes.flatMap((node) => node.signals);
  const numberOf = causeNumbers(nodes);
  return {
    states: nodes.map(({ state }) => stateDigit(state)).join(''),
    scores: nodes.map(({ score }) => rounded(score, 0)),
    since: nodes.map(({ sinceMs }) => minutes(sinceMs)),
    because: nodes.map(({ because }) => because.flatMap(numberOf)),
    signalStates: signals.map(({ state }) => stateDigit(state)).join(''),
    values: signals.map(({ value }) => (value === undefined ? null : Number(value.toPrecision(4)))),
    signalSince: signals.map(({ sinceMs }) => minutes(sinceMs)),
  };
}

function rootsOf({ nodes, rootCauses }: HealthPicture): RootView[] {
  const numbers = numbersOf(nodes);
  const numberOf = causeNumbers(nodes);
  const titles = new Map(nodes.map(({ id, title }) => [id, title]));
  return rootCauses.map((root) => ({
    cause: titles.get(root.nodes[0] ?? '') ?? root.cause,
    place: root.place,
    state: root.state,
    sinceMs: root.sinceMs,
    because: root.because.flatMap(numberOf),
    nodes: root.nodes.flatMap((id) => numbers.get(id) ?? []),
    chain: root.chain.flatMap((id) => numbers.get(id) ?? []),
  }));
}

type BudgetKey = Shape['budgets'][number];

/** One a journey, place and kind, in the order of the first window. */
const budgetKeys = ({ outcome }: Known): BudgetKey[] => {
  const keys = (outcome?.budgets ?? []).map(
    ({ journey, place, kind, objectivePercent }) => [journey, place, kind, objectivePercent] as const,
  );
  return [...new Map(keys.map((key) => [key.join(' '), key])).values()];
};

/** A rate beyond it says no more than this, and infinity is no JSON. */
const mostRate = 9_999;

function budgetColumns(known: Known): BudgetColumns {
  const { outcome, budgetHours } = known;
  const keys = budgetKeys(known);
  const name = (...parts: readonly (string | number)[]) => parts.join(' ');
  const left = new Map((outcome?.budgets ?? []).map((b) => [name(b.journey, b.place, b.kind, b.hours), b.left]));
  const burns = new Map<string, { rate: number | undefined; isTooFast: boolean }>();
  for (const { journey, place, kind, longRate, isTooFast } of outcome?.burns ?? []) {
    const key = name(journey, place, kind);
    const worst = burns.get(key);
    const rate = longRate === undefined ? worst?.rate : Math.max(worst?.rate ?? 0, longRate);
    burns.set(key, { rate, isTooFast: isTooFast || (worst?.isTooFast ?? false) });
  }
  const burnOf = ([journey, place, kind]: BudgetKey) => burns.get(name(journey, place, kind));
  return {
    left: keys.flatMap(([journey, place, kind]) =>
      budgetHours.map((hours) => rounded(left.get(name(journey, place, kind, hours)), 3)),
    ),
    burn: keys.map((key) => {
      const rate = burnOf(key)?.rate;
      return rate === undefined ? null : rounded(Math.min(mostRate, rate), 1);
    }),
    tooFast: keys.map((key) => (burnOf(key)?.isTooFast ? '1' : '0')).join(''),
  };
}

function incidentView(incident: Incident, { acked, outcome }: Known): IncidentView {
  const { key, urgency, startedAtMs, resolvedAtMs, failures, budgetPercent, lastChange, evidence } = incident;
  const isOpen = resolvedAtMs === undefined;
  return {
    title: cut(titleOf(incident)),
    urgency,
    startedAtMs,
    ...(!isOpen && { resolvedAtMs }),
    failures,
    ...(budgetPercent !== undefined && { budgetPercent: Number(budgetPercent.toFixed(1)) }),
    notes: [
      ...(isOpen && outcome?.silenced.includes(key) ? ['silenced'] : []),
      ...(isOpen && acked.has(key) ? ['acknowledged'] : []),
      ...(lastChange ? [cut(`build ${lastChange.from} → ${lastChange.to} on ${lastChange.target} before it`)] : []),
      ...(evidence.resultId === undefined ? [] : [`npm run replay -- ${evidence.resultId}`]),
    ],
  };
}
