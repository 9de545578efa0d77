/** Weights of a logistic regression: log-odds = bias + Σ weights · x. */
export interface LinearModel {
  readonly weights: readonly number[];
  readonly bias: number;
}

/** One row of a regression; `label` may be any target in [0, 1]. */
export interface Observation {
  readonly x: ArrayLike<number>;
  readonly label: number;
  readonly weight: number;
}

const MAX_STEPS = 50;
const TOLERANCE = 1e-9;

/**
 * Logistic regression by Newton's method with an L2 penalty `ridge` on the weights (not on the bias). Exact up to TOLERANCE, no
 * randomness: the loss is convex, so there is one answer.
 */
export function fitLogistic(observations: readonly Observation[], ridge: number): LinearModel {
  const size = (observations[0]?.x.length ?? 0) + 1;
  let beta = new Float64Array(size);
  for (let step = 0; step < MAX_STEPS; step++) {
    const { gradient, hessian } = derivatives(observations, beta, ridge);
    const move = solve(hessian, gradient);
    beta = beta.map((value, index) => value - (move[index] ?? 0));
    if (Math.max(...move.map(Math.abs)) < TOLERANCE) break;
  }
  const [bias = 0, ...weights] = beta;
  return { weights, bias };
}

/** Log-odds of one row. */
export function linear(model: LinearModel, x: ArrayLike<number>): number {
  return model.weights.reduce((sum, weight, index) => sum + weight * (x[index] ?? 0), model.bias);
}

export function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}

function derivatives(observations: readonly Observation[], beta: Float64Array, ridge: number) {
  const size = beta.length;
  const gradient = new Float64Array(size);
  const hessian = Array.from({ length: size }, () => new Float64Array(size));
  const row = new Float64Array(size);
  for (const { x, label, weight } of observations) {
    row[0] = 1;
    for (let i = 1; i < size; i++) row[i] = x[i - 1] ?? 0;
    const p = sigmoid(row.reduce((sum, value, i) => sum + value * (beta[i] ?? 0), 0));
    const slope = weight * (p - label);
    const curve = weight * p * (1 - p);
    for (let i = 0; i < size; i++) {
      const value = row[i] ?? 0;
      gradient[i] = (gradient[i] ?? 0) + slope * value;
      const line = hessian[i] as Float64Array;
      for (let j = 0; j <= i; j++) line[j] = (line[j] ?? 0) + curve * value * (row[j] ?? 0);
    }
  }
  for (let i = 0; i < size; i++) {
    // The bias gets a trace of penalty: enough to keep the system solvable when all labels are equal.
    const penalty = i === 0 ? 1e-6 : ridge;
    gradient[i] = (gradient[i] ?? 0) + penalty * (beta[i] ?? 0);
    const line = hessian[i] as Float64Array;
    line[i] = (line[i] ?? 0) + penalty;
  }
  return { gradient, hessian };
}

/** Solves a symmetric positive definite system given its lower triangle (Cholesky). */
function solve(lower: readonly Float64Array[], right: Float64Array): Float64Array {
  const size = right.length;
  const factor = Array.from({ length: size }, () => new Float64Array(size));
  const at = (matrix: readonly Float64Array[], i: number, j: number): number => matrix[i]?.[j] ?? 0;
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = at(lower, i, j);
      for (let k = 0; k < j; k++) sum -= at(factor, i, k) * at(factor, j, k);
      (factor[i] as Float64Array)[j] = i === j ? Math.sqrt(Math.max(sum, 1e-12)) : sum / at(factor, j, j);
    }
  }
  const half = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    let sum = right[i] ?? 0;
    for (let k = 0; k < i; k++) sum -= at(factor, i, k) * (half[k] ?? 0);
    half[i] = sum / at(factor, i, i);
  }
  const result = new Float64Array(size);
  for (let i = size - 1; i >= 0; i--) {
    let sum = half[i] ?? 0;
    for (let k = i + 1; k < size; k++) sum -= at(factor, k, i) * (result[k] ?? 0);
    result[i] = sum / at(factor, i, i);
  }
  return result;
}
