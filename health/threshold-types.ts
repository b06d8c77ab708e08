/** A test on a column of a row; `Properties.slot` is a key of a dynamic column. A missing text is '', and a missing number holds nothing. */
export type Condition =
  | readonly [column: string, operator: '==' | '!=', text: string]
  | readonly [column: string, operator: 'in' | '!in', texts: readonly string[]]
  | readonly [column: string, operator: '!contains', text: string]
  | readonly [column: string, operator: '>=', bound: number];

/** Where a signal is read from: a table of Log Analytics, its rows, their value, and whom each speaks of. */
export interface Source {
  readonly table: string;
  /** All must hold. */
  readonly where: readonly Condition[];
  /** A number of the row; or, by conditions that all hold, 1 and else 0. */
  readonly value: { readonly column: string } | { readonly when: readonly Condition[] };
  /** Columns that name the scope, each in lower case without blanks, joined with `@`; none: the whole store. Of an ARM id, its last name. */
  readonly scope: readonly string[];
  /** Rows with the same one count once, the latest; without it every row counts. */
  readonly id: readonly string[] | undefined;
  /** How many a sampled row stands for; default 1. */
  readonly weight?: string;
}

/**
 * How the rows of a window become one value, with v a row's value and w its weight:
 * avg Σwv / Σw · share 100 · Σwv / Σw (percent) · sum Σwv · perMinute Σwv / minutes · min of v ·
 * p95 nearest rank: the least v with Σw of rows up to it ≥ 95 % of Σw. So p95 ≥ bound exactly when
 * 100 · Σw of rows with v ≥ bound > 5 · Σw.
 */
type Statistic = 'avg' | 'share' | 'sum' | 'perMinute' | 'min' | 'p95';

type Unit = 'ms' | '%' | 'requests' | 'a minute' | 'failures' | 'exceptions a minute' | 'days';

/** Which of the change rules: of single results, or of a statistic that a window has smoothed already. */
export type ChangeRuleName = 'single' | 'smoothed';

export interface Threshold {
  /** `Cosmos 429s`, as sentences name it. */
  readonly title: string;
  readonly statistic: Statistic;
  /** The value of a one-minute bin is that of so many minutes, which end with the bin. */
  readonly windowMinutes: number;
  /** Where there is one, the value is the better of both windows': bad for long, and bad now. */
  readonly shortMinutes?: number;
  /** Which values are worse. Bands are half-open: [degradedAt, unhealthyAt) and up; for lower, below unhealthyAt, below degradedAt. */
  readonly direction: 'higher' | 'lower';
  readonly degradedAt: number;
  readonly unhealthyAt: number;
  /** Rows of the window below which the bin is unknown; of the long one, where there are two. */
  readonly minSamples: number;
  readonly change: ChangeRuleName;
  readonly unit: Unit;
  readonly source: Source;
}
