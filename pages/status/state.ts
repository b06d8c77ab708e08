import type { Health } from '../../health/model.ts';
import type { Signal } from '../../health/thresholds.ts';

/**
 * All that the status page shows, in columns: a list for each property, in the order of the shape, so that twenty stamps fit
 * into an update of tens of kilobytes. Nothing in it is null or undefined but members of lists, since updates are merge patches.
 */
export interface StatusState {
  readonly shape: Shape;
  readonly atMs: number;
  /** Absent: nothing was judged yet, so all is unknown. */
  readonly health?: HealthColumns;
  readonly roots: readonly RootView[];
  readonly warnings: readonly WarningView[];
  /** By the start of the column in milliseconds. */
  readonly columns: Readonly<Record<string, OutcomeColumn>>;
  /** Percent of what counts in all columns, in the order of a column's outcomes. */
  readonly uptime: readonly (number | null)[];
  readonly budgets: BudgetColumns;
  readonly incidents: Readonly<Record<string, IncidentView>>;
  /** Open ones that aren't among `incidents`. */
  readonly moreOpen: number;
  readonly silences: readonly SilenceView[];
  readonly underWay: readonly UnderWayView[];
  readonly delivery: DeliveryView;
  /** Of the history of incidents: past ones, silences and what became of alerts are known only while it can be read. */
  readonly historyRead: boolean;
}

/** What was judged so long ago says nothing of now. */
export const isStale = ({ atMs, shape }: StatusState, nowMs: number): boolean => nowMs - atMs > shape.staleAfterMs;

/** What stays the same from round to round: what there is, and in which order. */
export interface Shape {
  readonly environment: string;
  readonly location: string;
  /** Older than this, a state says nothing of now. */
  readonly staleAfterMs: number;
  readonly nodes: readonly ShapeNode[];
  readonly journeys: readonly string[];
  readonly targets: readonly string[];
  /** Numbers of pairs, target by target, that no check runs: `across-regions` has no single region. */
  readonly notRun: readonly number[];
  /** Minutes from one run of a journey to the next, in the order of journeys. */
  readonly everyMinutes: readonly number[];
  /** Width of a column of outcomes. */
  readonly columnMs: number;
  /** Rolling windows of budgets. */
  readonly budgetHours: readonly number[];
  /** Budgets: journey, place, kind, objective in percent. */
  readonly budgets: readonly (readonly [journey: string, place: string, kind: string, objectivePercent: number])[];
}

export interface ShapeNode {
  readonly id: string;
  readonly kind: string;
  readonly title: string;
  /** Nothing above the stamps. */
  readonly stamp: string;
  /** Stamp, else region, else nothing. */
  readonly place: string;
  readonly children: readonly number[];
  /** Numbered through all nodes, in this order. */
  readonly signals: readonly (readonly [signal: Signal, scope: string])[];
}

export interface HealthColumns {
  /** A digit a node: its place in `healthStates`. */
  readonly states: string;
  readonly scores: readonly (number | null)[];
  /** Minutes since the epoch. */
  readonly since: readonly number[];
  /** Numbers of signals, worst first. */
  readonly because: readonly (readonly number[])[];
  readonly signalStates: string;
  readonly values: readonly (number | null)[];
  readonly signalSince: readonly number[];
}

export interface RootView {
  readonly cause: string;
  readonly place: string;
  readonly state: Health;
  readonly sinceMs: number;
  readonly because: readonly number[];
  /** Numbers of nodes. */
  readonly nodes: readonly number[];
  readonly chain: readonly number[];
}

interface WarningView {
  readonly text: string;
  readonly within: string;
  readonly expectedMs: number;
}

/** What results of a stretch of time said, target by target, of each the journeys. */
export interface OutcomeColumn {
  /** `p` all passed, `s` some failed, `f` all failed, `i` nothing that counts, `-` no result. */
  readonly outcomes: string;
  /** Milliseconds, of those that passed. */
  readonly p95: readonly (number | null)[];
}
export const barKinds = { p: 'passed', s: 'some failed', f: 'failed', i: 'inconclusive', '-': 'no result' } as const;
export type Bar = keyof typeof barKinds;

/** In the order of `shape.budgets`; within, of `shape.budgetHours`. */
export interface BudgetColumns {
  /** Share that is left, 1 to below 0. */
  readonly left: readonly (number | null)[];
  /** The worst burn rate of the rules, over their long windows. */
  readonly burn: readonly (number | null)[];
  /** `1`: burns too fast. */
  readonly tooFast: string;
}

export interface IncidentView {
  readonly title: string;
  readonly urgency: string;
  readonly startedAtMs: number;
  /** Absent: open. */
  readonly resolvedAtMs?: number;
  /** Results that failed meanwhile. */
  readonly failures: number;
  /** What they took of the error budget; absent: unknown. */
  readonly budgetPercent?: number;
  readonly notes: readonly string[];
}

interface SilenceView {
  readonly subject: string;
  readonly why: string;
  readonly untilMs: number;
}

export interface UnderWayView {
  readonly kind: string;
  readonly why: string;
  readonly targets: readonly string[];
  readonly fromMs: number;
  readonly untilMs: number;
}

export interface DeliveryView {
  readonly waiting: number;
  readonly parked: number;
  readonly lost: number;
  readonly alertsWaiting: number;
  readonly alertsGivenUp: number;
  readonly onDisk: boolean;
}
