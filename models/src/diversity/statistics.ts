import { correlation, mean } from "../metrics.ts";

/** One in a million, as a number of standard deviations of a normal distribution (one-sided). */
export const ONE_IN_A_MILLION = 4.753424;

/** Correlations of all rows with each other; a row that never varies correlates 1 with its equal and 0 with others. */
export function correlationMatrix(rows: readonly (readonly number[])[]): number[][] {
  return rows.map((left) =>
    rows.map((right) => (left.every((value, i) => value === right[i]) ? 1 : correlation(left, right))),
  );
}

/**
 * Effective number of independent members, 1 / Σ s_i², where s_i is the share of eigenvalue i of the correlation matrix C in their
 * sum. The eigenvalues of C add up to n and their squares to Σ C_ij², so it is n² / Σ C_ij²: n where nothing correlates, 1 where all
 * are equal.
 */
export function effectiveNumber(matrix: readonly (readonly number[])[]): number {
  const squares = matrix.flat().reduce((sum, value) => sum + value * value, 0);
  return matrix.length ** 2 / squares;
}

/** Mean of the entries off the diagonal; 1 for a single row. */
export function meanOffDiagonal(matrix: readonly (readonly number[])[]): number {
  if (matrix.length < 2) return 1;
  return mean(matrix.flatMap((row, i) => row.filter((_, j) => j !== i)));
}

/** Fisher's transform of a correlation, finite also at ±1. */
export function fisher(r: number): number {
  return Math.atanh(Math.max(-0.9999, Math.min(0.9999, r)));
}

/** Sample standard deviation. */
export function deviation(values: readonly number[]): number {
  const centre = mean(values);
  const sum = values.reduce((total, value) => total + (value - centre) ** 2, 0);
  return Math.sqrt(sum / Math.max(1, values.length - 1));
}
