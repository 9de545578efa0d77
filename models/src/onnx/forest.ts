import type { ClassHead } from "../classes/family.ts";
import { rowOf, valueOf } from "../onnx/front.ts";
import { type Forest, type ForestNode, forestShares } from "../learn/forest.ts";
import { type Tree, treeAttributes } from "./trees.ts";

/** Share added to every class, so that no logarithm is infinite. */
const FLOOR = 0.01;

/** A forest over the front's tensor `name`, float [N, F]: logits are ln(mean share + FLOOR). */
export function forestHead(forest: Forest, name: string): ClassHead {
  const weight = 1 / forest.trees.length;
  const treeOf = (node: ForestNode): Tree<readonly number[]> =>
    "shares" in node
      ? { leaf: node.shares.map((share) => share * weight) }
      : { ...node, left: treeOf(node.left), right: treeOf(node.right) };
  return {
    logits: (row) => forestShares(forest, rowOf(row, name).data).map((share) => Math.log(share + FLOOR)),
    build: (graph, front) => {
      // The floor is added behind the trees: onnxruntime forgets base values of targets that no leaf of a row names.
      const attributes = treeAttributes(forest.trees.map(treeOf), new Array<number>(forest.classes).fill(0));
      const shares = graph.op("ai.onnx.ml:TreeEnsembleRegressor", [valueOf(front, name)], attributes);
      return graph.op("Log", [graph.op("Add", [shares, graph.scalar(FLOOR)])]);
    },
  };
}
