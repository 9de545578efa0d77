import { below, type Random } from "../rng.ts";

/** A node of a classification tree: a leaf holds the share of each class, a branch asks x[feature] ≤ threshold. */
export type ForestNode =
  | { readonly shares: readonly number[] }
  | {
      readonly feature: number;
      readonly threshold: number;
      readonly left: ForestNode;
      readonly right: ForestNode;
    };

/** Extremely randomised trees; the probability of a class is the mean of the leaves' shares. */
export interface Forest {
  readonly classes: number;
  readonly trees: readonly ForestNode[];
}

export interface ForestOptions {
  readonly trees: number;
  readonly depth: number;
  /** Features tried per branch, each with one random threshold; those that are constant in the node do not count. */
  readonly tries: number;
  /** Rows below which a node is not split. */
  readonly minRows: number;
}

interface Row {
  readonly x: Float32Array;
  readonly label: number;
}

/** The rows by column, and what grows trees from them. */
interface Growth {
  readonly columns: readonly Float32Array[];
  readonly labels: readonly number[];
  readonly classes: number;
  readonly options: ForestOptions;
  readonly random: Random;
}

/** Grows all trees on all rows: only the random features and thresholds make them differ. Thresholds are float32. */
export function fitForest(
  rows: readonly Row[],
  classes: number,
  options: ForestOptions,
  random: Random,
): Forest {
  const width = rows[0]?.x.length ?? 0;
  const columns = Array.from({ length: width }, (_, column) =>
    Float32Array.from(rows, ({ x }) => x[column] ?? 0),
  );
  const growth = { columns, labels: rows.map(({ label }) => label), classes, options, random };
  const all = rows.map((_, index) => index);
  return { classes, trees: Array.from({ length: options.trees }, () => grow(growth, all, options.depth)) };
}

/** Mean share of each class over the trees. */
export function forestShares({ classes, trees }: Forest, x: Float32Array): Float64Array {
  const shares = new Float64Array(classes);
  for (const tree of trees) {
    let node = tree;
    while (!("shares" in node)) node = (x[node.feature] ?? 0) <= node.threshold ? node.left : node.right;
    node.shares.forEach((share, label) => (shares[label] = (shares[label] ?? 0) + share / trees.length));
  }
  return shares;
}

function grow(growth: Growth, rows: readonly number[], depth: number): ForestNode {
  const { options, columns, labels, classes } = growth;
  const counts = new Array<number>(classes).fill(0);
  for (const row of rows) counts[labels[row] ?? 0] = (counts[labels[row] ?? 0] ?? 0) + 1;
  const done = depth === 0 || rows.length < options.minRows || counts.includes(rows.length);
  const split = done ? undefined : bestSplit(growth, rows);
  if (split === undefined) return { shares: counts.map((count) => count / rows.length) };
  const column = columns[split.feature] as Float32Array;
  const goesLeft = (row: number): boolean => (column[row] ?? 0) <= split.threshold;
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

/** The best by Gini impurity of `tries` random splits; undefined if none divides the rows. */
function bestSplit({ columns, labels, classes, options, random }: Growth, rows: readonly number[]) {
  let best: { feature: number; threshold: number } | undefined;
  let bestPurity = -1;
  let tried = 0;
  for (let draw = 0; draw < columns.length && tried < options.tries; draw++) {
    const feature = below(random, columns.length);
    const column = columns[feature] as Float32Array;
    let [low, high] = [Infinity, -Infinity];
    for (const row of rows) {
      const value = column[row] ?? 0;
      if (value < low) low = value;
      if (value > high) high = value;
    }
    const threshold = Math.fround(low + (high - low) * random());
    if (!(threshold < high)) continue;
    tried += 1;
    const left = new Float64Array(classes);
    const right = new Float64Array(classes);
    for (const row of rows) {
      const side = (column[row] ?? 0) <= threshold ? left : right;
      const label = labels[row] ?? 0;
      side[label] = (side[label] ?? 0) + 1;
    }
    const purity = concentration(left) + concentration(right);
    if (purity > bestPurity) [best, bestPurity] = [{ feature, threshold }, purity];
  }
  return best;
}

/** Σ count² / Σ count: rows times (1 − Gini impurity). */
function concentration(counts: Float64Array): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  return total === 0 ? 0 : counts.reduce((sum, count) => sum + count * count, 0) / total;
}
