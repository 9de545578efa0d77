import { perceptronLogit, type Perceptron } from "../learn/perceptron.ts";
import { type Layer, matrixOf } from "../learn/network.ts";
import { type Head, rowOf, valueOf } from "../families/family.ts";
import { linear, type LinearModel } from "../learn/logistic.ts";
import { boostedLogit, type BoostedTrees, type TreeNode } from "../learn/boosting.ts";
import type { Attribute, GraphBuilder, Value } from "./builder.ts";

/** A linear model over the front's tensor `name`, float [N, K]. */
export function linearHead(model: LinearModel, name: string): Head {
  return {
    logit: (row) => linear(model, rowOf(row, name).data),
    build: (graph, front) =>
      flatten(
        graph,
        dense(
          graph,
          valueOf(front, name),
          model.weights.map((weight) => [weight]),
          [model.bias],
        ),
      ),
  };
}

/** input [N, …, K] · weights [K][M] + bias [M] → [N, …, M]. */
export function dense(
  graph: GraphBuilder,
  input: Value,
  weights: readonly (readonly number[])[],
  bias: readonly number[],
): Value {
  const product = graph.op("MatMul", [input, graph.floats(weights.flat(), [weights.length, bias.length])]);
  return graph.op("Add", [product, graph.floats(bias, [bias.length])]);
}

/** [N, 1] → [N] */
export function flatten(graph: GraphBuilder, value: Value): Value {
  return graph.op("Reshape", [value, graph.integers([-1])]);
}

/** Boosted trees over the front's tensor `name`, float [N, K]. */
export function treesHead(model: BoostedTrees, name: string): Head {
  return {
    logit: (row) => boostedLogit(model, rowOf(row, name).data),
    build: (graph, front) =>
      flatten(
        graph,
        graph.op("ai.onnx.ml:TreeEnsembleRegressor", [valueOf(front, name)], treeAttributes(model)),
      ),
  };
}

function treeAttributes({ bias, trees }: BoostedTrees): Record<string, Attribute> {
  const nodes: {
    tree: number;
    id: number;
    mode: string;
    feature: number;
    threshold: number;
    next: [number, number];
  }[] = [];
  const leaves: { tree: number; id: number; value: number }[] = [];
  trees.forEach((root, tree) => {
    let free = 0;
    const place = (node: TreeNode): number => {
      const id = free++;
      if ("value" in node) {
        nodes.push({ tree, id, mode: "LEAF", feature: 0, threshold: 0, next: [0, 0] });
        leaves.push({ tree, id, value: node.value });
        return id;
      }
      const at = nodes.length;
      nodes.push({
        tree,
        id,
        mode: "BRANCH_LEQ",
        feature: node.feature,
        threshold: node.threshold,
        next: [0, 0],
      });
      const next: [number, number] = [place(node.left), place(node.right)];
      nodes[at] = { tree, id, mode: "BRANCH_LEQ", feature: node.feature, threshold: node.threshold, next };
      return id;
    };
    place(root);
  });
  return {
    n_targets: 1n,
    aggregate_function: "SUM",
    post_transform: "NONE",
    base_values: [bias],
    nodes_treeids: nodes.map(({ tree }) => BigInt(tree)),
    nodes_nodeids: nodes.map(({ id }) => BigInt(id)),
    nodes_modes: nodes.map(({ mode }) => mode),
    nodes_featureids: nodes.map(({ feature }) => BigInt(feature)),
    nodes_values: nodes.map(({ threshold }) => threshold),
    nodes_truenodeids: nodes.map(({ next }) => BigInt(next[0])),
    nodes_falsenodeids: nodes.map(({ next }) => BigInt(next[1])),
    target_treeids: leaves.map(({ tree }) => BigInt(tree)),
    target_nodeids: leaves.map(({ id }) => BigInt(id)),
    target_ids: leaves.map(() => 0n),
    target_weights: leaves.map(({ value }) => value),
  };
}

/** A perceptron over the front's tensor `name`, float [N, K]. */
export function perceptronHead(model: Perceptron, name: string): Head {
  return {
    logit: (row) => perceptronLogit(model, rowOf(row, name).data),
    build: (graph, front) => {
      const scaled = graph.op("Mul", [valueOf(front, name), graph.floats(model.scale, [model.scale.length])]);
      return flatten(
        graph,
        denseLayer(graph, graph.op("Relu", [denseLayer(graph, scaled, model.hidden)]), model.output),
      );
    },
  };
}

/** A trained layer, [N, …, inputs] → [N, …, outputs]. */
export function denseLayer(graph: GraphBuilder, input: Value, layer: Layer): Value {
  return dense(graph, input, matrixOf(layer), [...layer.bias.value]);
}
