import type { Attribute } from "./builder.ts";

/** What the graph needs to know of a tree; L is what a leaf holds. */
export type Tree<L> =
  | { readonly leaf: L }
  | { readonly feature: number; readonly threshold: number; readonly left: Tree<L>; readonly right: Tree<L> };

interface Placed {
  readonly tree: number;
  readonly id: number;
  readonly branch?: { readonly feature: number; readonly threshold: number; readonly next: [number, number] };
}

/**
 * Attributes of `ai.onnx.ml:TreeEnsembleRegressor` for a sum of trees over x[feature] ≤ threshold. A leaf holds one number per
 * target; zeros are left out.
 */
export function treeAttributes(
  trees: readonly Tree<readonly number[]>[],
  bias: readonly number[],
): Record<string, Attribute> {
  const nodes: Placed[] = [];
  const leaves: { tree: number; id: number; target: number; value: number }[] = [];
  trees.forEach((root, tree) => {
    let free = 0;
    const place = (node: Tree<readonly number[]>): number => {
      const id = free++;
      if ("leaf" in node) {
        nodes.push({ tree, id });
        const kept = node.leaf.map((value, target) => ({ tree, id, target, value }));
        leaves.push(...kept.filter(({ value }) => value !== 0));
        return id;
      }
      const at = nodes.push({ tree, id }) - 1;
      const next: [number, number] = [place(node.left), place(node.right)];
      nodes[at] = { tree, id, branch: { feature: node.feature, threshold: node.threshold, next } };
      return id;
    };
    place(root);
  });
  return {
    n_targets: BigInt(bias.length),
    aggregate_function: "SUM",
    post_transform: "NONE",
    base_values: bias,
    nodes_treeids: nodes.map(({ tree }) => BigInt(tree)),
    nodes_nodeids: nodes.map(({ id }) => BigInt(id)),
    nodes_modes: nodes.map(({ branch }) => (branch === undefined ? "LEAF" : "BRANCH_LEQ")),
    nodes_featureids: nodes.map(({ branch }) => BigInt(branch?.feature ?? 0)),
    nodes_values: nodes.map(({ branch }) => branch?.threshold ?? 0),
    nodes_truenodeids: nodes.map(({ branch }) => BigInt(branch?.next[0] ?? 0)),
    nodes_falsenodeids: nodes.map(({ branch }) => BigInt(branch?.next[1] ?? 0)),
    target_treeids: leaves.map(({ tree }) => BigInt(tree)),
    target_nodeids: leaves.map(({ id }) => BigInt(id)),
    target_ids: leaves.map(({ target }) => BigInt(target)),
    target_weights: leaves.map(({ value }) => value),
  };
}
