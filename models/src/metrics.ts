/** How well probabilities fit the truth. All values are in [0, 1], except `logLoss` (nats). */
export interface Quality {
  /** Share of rows on the right side of ½. */
  readonly accuracy: number;
  /** Mean squared distance between probability and truth. */
  readonly brier: number;
  readonly logLoss: number;
  /** Expected calibration error over ten bins of equal width. */
  readonly ece: number;
  readonly rows: number;
}

const BINS = 10;
const EPSILON = 1e-6;

/** Measures `probabilities` against `truths`, index by index. */
export function measure(probabilities: readonly number[], truths: readonly boolean[]): Quality {
  const rows = truths.length;
  const pairs = probabilities.map((p, index) => ({ p, y: truths[index] ? 1 : 0 }));
  return {
    accuracy: mean(pairs.map(({ p, y }) => ((p > 0.5 ? 1 : 0) === y ? 1 : 0))),
    brier: mean(pairs.map(({ p, y }) => (p - y) ** 2)),
    logLoss: mean(pairs.map(({ p, y }) => -Math.log(Math.max(EPSILON, y === 1 ? p : 1 - p)))),
    ece: calibrationError(pairs),
    rows,
  };
}

/** Share of the more frequent truth: what a model that ignores its input gets. */
export function majorityAccuracy(truths: readonly boolean[]): number {
  const share = mean(truths.map(Number));
  return Math.max(share, 1 - share);
}

/** 1 where a vote is on the wrong side of ½. */
export function errorsOf(votes: ArrayLike<number>, truths: readonly boolean[]): number[] {
  return truths.map((truth, row) => ((votes[row] ?? 0) > 127.5 === truth ? 0 : 1));
}

/** Pearson correlation; 0 where one side never varies. */
export function correlation(left: readonly number[], right: readonly number[]): number {
  const [meanLeft, meanRight] = [mean(left), mean(right)];
  const covariance = mean(left.map((value, index) => (value - meanLeft) * ((right[index] ?? 0) - meanRight)));
  const spread = Math.sqrt(
    mean(left.map((value) => (value - meanLeft) ** 2)) * mean(right.map((value) => (value - meanRight) ** 2)),
  );
  return spread === 0 ? 0 : covariance / spread;
}

/** Four decimals: more would be noise. */
export function round(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}

/** A copy with every number rounded. */
export function roundAll<Fields extends object>(fields: Fields): Fields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, typeof value === "number" ? round(value) : value]),
  ) as Fields;
}

export function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
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
