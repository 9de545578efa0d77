import { type Random } from "../rng.ts";
import { type Observation, sigmoid } from "./logistic.ts";

/** A node of a regression tree: a leaf adds `value` to the log-odds, a branch asks x[feature] ≤ threshold. */
export type TreeNode =
  | { readonly value: number }
  | {
      readonly feature: number;
      readonly threshold: number;
      readonly left: TreeNode;
      readonly right: TreeNode;
    };

/** Sum of trees; log-odds = bias + Σ trees. */
export interface BoostedTrees {
  readonly bias: number;
  readonly trees: readonly TreeNode[];
}

export interface BoostingOptions {
  readonly trees: number;
  readonly depth: number;
  /** Share of each tree's step that is taken. */
  readonly learningRate: number;
  /** Share of rows that each tree sees. */
  readonly rowShare: number;
  /** L2 penalty on leaf values. */
  readonly ridge: number;
  /** Least sum of p(1 − p) · weight in a leaf. */
  readonly minCurvature: number;
}

/** Thresholds tried per feature. */
const BINS = 24;

/** Gradient boosting of shallow trees on the logistic loss, second order. Thresholds are float32, as the graph compares them. */
export function fitBoostedTrees(
  observations: readonly Observation[],
  options: BoostingOptions,
  random: Random,
): BoostedTrees {
  const thresholds = candidateThresholds(observations);
  const total = observations.reduce((sum, { weight }) => sum + weight, 0);
  const positive = observations.reduce((sum, { label, weight }) => sum + label * weight, 0);
  const bias = Math.log((positive + 1) / (total - positive + 1));
  const logits = new Float64Array(observations.length).fill(bias);
  const trees: TreeNode[] = [];
  for (let round = 0; round < options.trees; round++) {
    const rows = observations.flatMap((_, index) => (random() < options.rowShare ? [index] : []));
    const slope = new Float64Array(observations.length);
    const curve = new Float64Array(observations.length);
    observations.forEach(({ label, weight }, index) => {
      const p = sigmoid(logits[index] ?? 0);
      slope[index] = weight * (p - label);
      curve[index] = weight * p * (1 - p);
    });
    const tree = grow({ observations, thresholds, slope, curve, options }, rows, options.depth);
    trees.push(tree);
    observations.forEach(({ x }, index) => (logits[index] = (logits[index] ?? 0) + treeValue(tree, x)));
  }
  return { bias, trees };
}

/** Log-odds of one row. */
export function boostedLogit(model: BoostedTrees, x: ArrayLike<number>): number {
  return model.trees.reduce((sum, tree) => sum + treeValue(tree, x), model.bias);
}

function treeValue(tree: TreeNode, x: ArrayLike<number>): number {
  let node = tree;
  while (!("value" in node)) node = (x[node.feature] ?? 0) <= node.threshold ? node.left : node.right;
  return node.value;
}

interface Growth {
  readonly observations: readonly Observation[];
  readonly thresholds: readonly (readonly number[])[];
  readonly slope: Float64Array;
  readonly curve: Float64Array;
  readonly options: BoostingOptions;
}

function grow(growth: Growth, rows: readonly number[], depth: number): TreeNode {
  const { slope, curve, options, observations } = growth;
  const gradient = rows.reduce((sum, row) => sum + (slope[row] ?? 0), 0);
  const hessian = rows.reduce((sum, row) => sum + (curve[row] ?? 0), 0);
  const split = depth > 0 ? bestSplit(growth, rows, gradient, hessian) : undefined;
  if (split === undefined) return { value: (-options.learningRate * gradient) / (hessian + options.ridge) };
  const goesLeft = (row: number): boolean => (observations[row]?.x[split.feature] ?? 0) <= split.threshold;
  return {
    ...split,
    left: grow(growth, rows.filter(goesLeft), depth - 1),
    right: grow(
      growth,
      rows.filter((row) => !goesLeft(row)),
      depth - 1,
    ),
  };
}

function bestSplit(growth: Growth, rows: readonly number[], gradient: number, hessian: number) {
  const { observations, thresholds, slope, curve, options } = growth;
  const score = (g: number, h: number): number => (g * g) / (h + options.ridge);
  let best: { feature: number; threshold: number } | undefined;
  let bestGain = 1e-9;
  for (const [feature, candidates] of thresholds.entries()) {
    const gradients = new Float64Array(candidates.length + 1);
    const hessians = new Float64Array(candidates.length + 1);
    for (const row of rows) {
      const bin = binOf(candidates, observations[row]?.x[feature] ?? 0);
      gradients[bin] = (gradients[bin] ?? 0) + (slope[row] ?? 0);
      hessians[bin] = (hessians[bin] ?? 0) + (curve[row] ?? 0);
    }
    let [leftG, leftH] = [0, 0];
    for (const [bin, threshold] of candidates.entries()) {
      leftG += gradients[bin] ?? 0;
      leftH += hessians[bin] ?? 0;
      if (leftH < options.minCurvature || hessian - leftH < options.minCurvature) continue;
      const gain = score(leftG, leftH) + score(gradient - leftG, hessian - leftH) - score(gradient, hessian);
      if (gain > bestGain) [best, bestGain] = [{ feature, threshold }, gain];
    }
  }
  return best;
}

/** Index of the first candidate ≥ value; candidates.length if there is none. */
function binOf(candidates: readonly number[], value: number): number {
  let [low, high] = [0, candidates.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (value <= (candidates[middle] ?? 0)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Per feature the float32 midpoints between quantiles, ascending and distinct. */
function candidateThresholds(observations: readonly Observation[]): number[][] {
  const width = observations[0]?.x.length ?? 0;
  return Array.from({ length: width }, (_, feature) => {
    const values = observations.map(({ x }) => x[feature] ?? 0).sort((left, right) => left - right);
    const cuts = Array.from({ length: BINS }, (_, bin) => {
      const at = Math.floor(((bin + 1) / (BINS + 1)) * values.length);
      const value = values[at] ?? 0;
      const next = values.slice(at).find((other) => other > value);
      return next === undefined ? undefined : Math.fround((value + next) / 2);
    });
    return [...new Set(cuts.filter((cut) => cut !== undefined))];
  });
}
