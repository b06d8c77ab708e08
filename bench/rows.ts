/** A row of `reports/bench.json`. */
export interface BenchRow {
  readonly name: string;
  /** `long` rows run with `npm run bench -- --long` alone. */
  readonly tier: 'default' | 'long';
  readonly value: number;
  readonly unit: string;
  /** Interquartile range of the measurements, as a share of their median, percent. */
  readonly spread: number;
  readonly goal: string;
  readonly holds: boolean;
}

export interface Goal {
  readonly atMost?: number;
  readonly atLeast?: number;
}

export const fewestPairs = 7;
/** Above this the machine was too noisy: said, and measured once more. */
export const widestSpreadPercent = 15;

/** The row of a set of measurements: their median is the value. */
export function rowOf(
  name: string,
  unit: string,
  measured: readonly number[],
  goal: Goal,
  tier: BenchRow['tier'] = 'default',
): BenchRow {
  const value = quantile(measured, 0.5);
  const range = quantile(measured, 0.75) - quantile(measured, 0.25);
  const spread = range === 0 ? 0 : (range / value) * 100;
  return { name, tier, value: round(value), unit, spread: round(spread), goal: goalText(goal), holds: meets(value, goal) };
}

/**
 * Two ways of doing the same, in turn A B A B …; the ratio A/B pair by pair, so that a machine whose speed drifts does
 * not matter. Both give the CPU they used (user + system), in any one unit.
 */
export async function ratioOf(
  name: string,
  a: () => Promise<number>,
  b: () => Promise<number>,
  goal: Goal,
  tier: BenchRow['tier'] = 'default',
): Promise<BenchRow> {
  await a();
  await b();
  const ratios: number[] = [];
  for (let pair = 0; pair < fewestPairs; pair += 1) ratios.push((await a()) / (await b()));
  return rowOf(name, '×', ratios, goal, tier);
}

/** Measures again, once, where the spread says that the machine was noisy. */
export async function steadied(measure: () => Promise<BenchRow>, say: (line: string) => void): Promise<BenchRow> {
  const first = await measure();
  if (first.spread <= widestSpreadPercent) return first;
  say(`${first.name}: spread ${first.spread} % is over ${widestSpreadPercent} %, measuring once more`);
  return measure();
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((x, y) => x - y);
  const place = (sorted.length - 1) * share;
  const [low = Number.NaN, high = low] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  return low + (high - low) * (place - Math.floor(place));
}

const round = (value: number): number => Number(value.toPrecision(4));

const goalText = ({ atMost, atLeast }: Goal): string => (atMost === undefined ? `≥ ${atLeast}` : `≤ ${atMost}`);

function meets(value: number, { atMost = Number.POSITIVE_INFINITY, atLeast = Number.NEGATIVE_INFINITY }: Goal): boolean {
  return value <= atMost && value >= atLeast;
}
