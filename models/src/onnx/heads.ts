import { perceptronLogit, type Perceptron } from "../learn/perceptron.ts";
import { type Layer, matrixOf } from "../learn/network.ts";
import type { Head } from "../pairs/family.ts";
import { rowOf, valueOf } from "../onnx/front.ts";
import { linear, type LinearModel } from "../learn/logistic.ts";
import { boostedLogit, type BoostedTrees, type TreeNode } from "../learn/boosting.ts";
import type { GraphBuilder, Value } from "./builder.ts";
import { type Tree, treeAttributes } from "./trees.ts";

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
  const treeOf = (node: TreeNode): Tree<readonly number[]> =>
    "value" in node
      ? { leaf: [node.value] }
      : { ...node, left: treeOf(node.left), right: treeOf(node.right) };
  return {
    logit: (row) => boostedLogit(model, rowOf(row, name).data),
    build: (graph, front) => {
      const attributes = treeAttributes(model.trees.map(treeOf), [model.bias]);
      return flatten(graph, graph.op("ai.onnx.ml:TreeEnsembleRegressor", [valueOf(front, name)], attributes));
    },
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
