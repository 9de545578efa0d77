import { rowOf, valueOf } from "../onnx/front.ts";
import type { ClassHead, ClassSample } from "../classes/family.ts";
import type { RowTensors } from "../onnx/front.ts";
import { denseLayer } from "../onnx/heads.ts";
import type { Random } from "../rng.ts";
import { type EpochOptions, runClassEpochs } from "./epochs.ts";
import { accumulate, backward, forward, layer, relu, reluGradient } from "./network.ts";

/** Softmax regression over the front's tensor `name`, float [N, F]. */
export function fitSoftmax(
  samples: readonly ClassSample[],
  classes: number,
  name: string,
  options: EpochOptions,
  random: Random,
): ClassHead {
  const output = layer(width(samples, name), classes, random);
  runClassEpochs(samples, [output.weights, output.bias], options, random, ({ row }, slopesAt) => {
    const x = rowOf(row, name).data;
    accumulate(output, x, slopesAt(forward(output, x)));
  });
  return {
    logits: (row) => forward(output, rowOf(row, name).data),
    build: (graph, front) => denseLayer(graph, valueOf(front, name), output),
  };
}

/** One hidden layer of `hidden` units over the front's tensor `name`, float [N, F]. */
export function fitClassPerceptron(
  samples: readonly ClassSample[],
  classes: number,
  name: string,
  hidden: number,
  options: EpochOptions,
  random: Random,
): ClassHead {
  const first = layer(width(samples, name), hidden, random);
  const output = layer(hidden, classes, random);
  const all = [first.weights, first.bias, output.weights, output.bias];
  const activate = (row: RowTensors): Float64Array => relu(forward(first, rowOf(row, name).data));
  runClassEpochs(samples, all, options, random, ({ row }, slopesAt) => {
    const active = activate(row);
    const back = backward(output, active, slopesAt(forward(output, active)));
    accumulate(first, rowOf(row, name).data, reluGradient(active, back));
  });
  return {
    logits: (row) => forward(output, activate(row)),
    build: (graph, front) =>
      denseLayer(graph, graph.op("Relu", [denseLayer(graph, valueOf(front, name), first)]), output),
  };
}

function width(samples: readonly ClassSample[], name: string): number {
  const [first] = samples;
  return first === undefined ? 0 : rowOf(first.row, name).data.length;
}
