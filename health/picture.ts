import type { NodeKind } from './expand.ts';
import type { Health } from './model.ts';
import type { Signal } from './thresholds.ts';

/** One row of a source: what was measured once, of whom. */
export interface Observation {
  readonly signal: Signal;
  /** `westeurope`, `checkout@westeurope`, `plan-westeurope`, `contoso@westeurope`; `` for the whole store. */
  readonly scope: string;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  readonly value: number;
  /** What it stands for; default 1. */
  readonly weight?: number;
  /** Rows that a query has put together in it; default 1. */
  readonly rows?: number;
  /** Rows with the same one count once, the latest. */
  readonly id?: string;
}

/** A signal that is not well, which says why a node isn't. */
export interface Cause {
  /** The node that has the signal. */
  readonly node: string;
  readonly signal: Signal;
  readonly state: Health;
  readonly value: number;
  /** The bound that was reached. */
  readonly bound: number;
  readonly sinceMs: number;
  /** `Cosmos 429s 7 % ≥ 5 %` */
  readonly text: string;
}

export interface SignalPicture {
  readonly id: string;
  readonly signal: Signal;
  readonly title: string;
  readonly scope: string;
  readonly state: Health;
  /** Of the latest known bin; undefined: none in sight. */
  readonly value: number | undefined;
  readonly sinceMs: number;
}

export interface NodePicture {
  readonly id: string;
  readonly kind: NodeKind;
  readonly title: string;
  readonly region?: string;
  readonly stamp?: string;
  readonly state: Health;
  /** 0 to 100; undefined: nothing is known. */
  readonly score: number | undefined;
  /** Since when it is so; as far back as the bins reach. */
  readonly sinceMs: number;
  /** Worst first. */
  readonly because: readonly Cause[];
  readonly signals: readonly SignalPicture[];
  readonly children: readonly string[];
}

/** What makes others bad, and what it makes bad. */
export interface RootCause {
  /** Nodes of one kind that are bad at the same time: `westeurope/payment`, `eastus/payment`. */
  readonly nodes: readonly string[];
  /** `payment`, or `flow:checkout` where no component shows why. */
  readonly cause: string;
  /** A stamp, a region, `global`, or `store` for several regions. */
  readonly place: string;
  readonly state: 'degraded' | 'unhealthy';
  readonly sinceMs: number;
  readonly because: readonly Cause[];
  /** Parents that are bad through it, lowest first: the chain up to the store. */
  readonly chain: readonly string[];
}

/** A bound that will be crossed. */
export interface Warning {
  /** `instances@plan-westeurope` */
  readonly id: string;
  readonly title: string;
  readonly place: string;
  readonly value: number;
  readonly bound: number;
  /** When it will be crossed, at the earliest and as it looks. */
  readonly earliestMs: number;
  readonly expectedMs: number;
  readonly within: 'hour' | 'week';
  readonly text: string;
}

export interface HealthPicture {
  readonly atMs: number;
  /** Children before parents; the store last. */
  readonly nodes: readonly NodePicture[];
  readonly rootCauses: readonly RootCause[];
  readonly warnings: readonly Warning[];
}
