/** How well probabilities fit the truth. All values are in [0, 1], except `logLoss` (nats) and `skill` (≤ 1). */
export interface Quality {
  readonly claims: number;
  /** Share of true claims in the data. */
  readonly baseRate: number;
  /** Share of claims on the right side of ½. */
  readonly accuracy: number;
  /** What answering always the same gets. */
  readonly majorityAccuracy: number;
  /** Mean squared distance between probability and truth. */
  readonly brier: number;
  readonly logLoss: number;
  /** Expected calibration error over ten bins of equal width. */
  readonly ece: number;
  /** 1 − Brier / Brier of always answering the base rate: above zero the model knows something. */
  readonly skill: number;
}

const BINS = 10;
/** Keeps the logarithm of a certain mistake finite. */
const EPSILON = 1e-6;

/** Measures probabilities against truths, index by index. */
export function measure(probabilities: readonly number[], truths: readonly boolean[]): Quality {
  const pairs = probabilities.map((p, i) => ({ p, y: truths[i] === true ? 1 : 0 }));
  const baseRate = mean(pairs.map(({ y }) => y));
  const brier = mean(pairs.map(({ p, y }) => (p - y) ** 2));
  const uninformed = baseRate * (1 - baseRate);
  return {
    claims: pairs.length,
    baseRate,
    accuracy: mean(pairs.map(({ p, y }) => (p > 0.5 === (y === 1) ? 1 : 0))),
    majorityAccuracy: Math.max(baseRate, 1 - baseRate),
    brier,
    logLoss: mean(pairs.map(({ p, y }) => -Math.log(Math.max(EPSILON, y === 1 ? p : 1 - p)))),
    ece: calibrationError(pairs),
    // With one kind of truth the base rate is never wrong, and there is nothing to know.
    skill: uninformed === 0 ? 0 : 1 - brier / uninformed,
  };
}

function calibrationError(pairs: readonly { p: number; y: number }[]): number {
  let error = 0;
  for (let bin = 0; bin < BINS; bin++) {
    const inside = pairs.filter(({ p }) => Math.min(BINS - 1, Math.floor(p * BINS)) === bin);
    const gap = mean(inside.map(({ p }) => p)) - mean(inside.map(({ y }) => y));
    error += (inside.length / pairs.length) * Math.abs(gap);
  }
  return error;
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
