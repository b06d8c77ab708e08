/** A fit of y = Σ x·β, and how sure each β is. */
export interface Fit {
  readonly values: readonly number[];
  /** Half the width of the 95 % interval. */
  readonly within: readonly number[];
}

/**
 * Ordinary least squares by the normal equations; a handful of unknowns, so that a matrix library would be more than the
 * thirty lines here. Undefined where the rows can't tell the unknowns apart.
 */
export function leastSquares(rows: readonly (readonly number[])[], y: readonly number[]): Fit | undefined {
  const unknowns = rows[0]?.length ?? 0;
  const freedom = rows.length - unknowns;
  if (unknowns === 0 || freedom < 1) return undefined;
  const square = Array.from({ length: unknowns }, (_, i) =>
    Array.from({ length: unknowns }, (_, j) => rows.reduce((sum, row) => sum + (row[i] ?? 0) * (row[j] ?? 0), 0)),
  );
  const inverse = inverted(square);
  if (!inverse) return undefined;
  const right = Array.from({ length: unknowns }, (_, i) => rows.reduce((sum, row, k) => sum + (row[i] ?? 0) * (y[k] ?? 0), 0));
  const values = inverse.map((line) => dot(line, right));
  const left = rows.reduce((sum, row, k) => sum + ((y[k] ?? 0) - dot(row, values)) ** 2, 0);
  const variance = left / freedom;
  const within = inverse.map((line, i) => student95(freedom) * Math.sqrt(Math.max(0, variance * (line[i] ?? 0))));
  return { values, within };
}

const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);

/** Gauss–Jordan with the largest pivot; undefined for a matrix that is singular, or as good as. */
function inverted(matrix: readonly (readonly number[])[]): number[][] | undefined {
  const size = matrix.length;
  const work = matrix.map((row, i) => [...row, ...Array.from({ length: size }, (_, j) => (i === j ? 1 : 0))]);
  const largest = Math.max(...matrix.flat().map(Math.abs));
  for (let column = 0; column < size; column += 1) {
    const candidates = work.slice(column).map((row) => Math.abs(row[column] ?? 0));
    const pivotAt = column + candidates.indexOf(Math.max(...candidates));
    const pivotRow = work[pivotAt] as number[];
    work[pivotAt] = work[column] as number[];
    work[column] = pivotRow;
    const pivot = pivotRow[column] ?? 0;
    if (Math.abs(pivot) < largest * 1e-10) return undefined;
    for (let j = 0; j < 2 * size; j += 1) pivotRow[j] = (pivotRow[j] ?? 0) / pivot;
    for (const row of work) {
      const factor = row[column] ?? 0;
      if (row === pivotRow || factor === 0) continue;
      for (let j = 0; j < 2 * size; j += 1) row[j] = (row[j] ?? 0) - factor * (pivotRow[j] ?? 0);
    }
  }
  return work.map((row) => row.slice(size));
}

/** Student's t for 95 %, two-sided, by degrees of freedom; beyond the table the next smaller one, which is the wider. */
const quantiles: readonly (readonly [number, number])[] = [
  [1, 12.71],
  [2, 4.303],
  [3, 3.182],
  [4, 2.776],
  [5, 2.571],
  [6, 2.447],
  [8, 2.306],
  [10, 2.228],
  [15, 2.131],
  [20, 2.086],
  [30, 2.042],
  [60, 2.0],
  [120, 1.98],
];

export const student95 = (freedom: number): number => quantiles.findLast(([degrees]) => degrees <= freedom)?.[1] ?? 12.71;
