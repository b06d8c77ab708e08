/** One line of a "Done when" list, with what was seen. */
export interface ProofRow {
  readonly name: string;
  readonly seen: string;
  readonly wanted: string;
  readonly holds: boolean;
}

/** What `npm run prove -- <area>` can show. */
export interface ProofArea {
  /** What it shows, in a line. */
  readonly title: string;
  /** Folders and files whose change makes the proof old. */
  readonly covers: readonly string[];
  /** Names of what can be proved by itself, to look at it alone: nothing is kept then. */
  readonly parts?: readonly string[];
  /** With a part: of that alone. */
  readonly prove: (say: (line: string) => void, part?: string) => Promise<ProofRow[]>;
}

/** A row whose figure must not be above the limit. */
export function atMost(name: string, seen: number, limit: number, unit: string): ProofRow {
  return { name, seen: `${Number(seen.toPrecision(3))} ${unit}`, wanted: `at most ${limit} ${unit}`, holds: seen <= limit };
}

/** A row whose figure must not be below the limit. */
export function atLeast(name: string, seen: number, limit: number, unit: string): ProofRow {
  return { name, seen: `${Number(seen.toPrecision(3))} ${unit}`, wanted: `at least ${limit} ${unit}`, holds: seen >= limit };
}

/** A row whose value must be this very one. */
export function exactly(name: string, seen: unknown, wanted: unknown): ProofRow {
  return { name, seen: String(seen), wanted: String(wanted), holds: seen === wanted };
}
