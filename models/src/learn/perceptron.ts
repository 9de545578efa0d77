import type { Sample } from "../pairs/family.ts";
import { rowOf } from "../onnx/front.ts";
import type { Random } from "../rng.ts";
import { type EpochOptions, runEpochs } from "./epochs.ts";
import { accumulate, backward, forward, type Layer, layer, relu, reluGradient } from "./network.ts";

/** One hidden layer: log-odds = output · relu(hidden · (x · scale)). */
export interface Perceptron {
  /** Factor per input that brings it to unit spread. */
  readonly scale: readonly number[];
  readonly hidden: Layer;
  readonly output: Layer;
}

/** Trains a perceptron with `width` hidden units on the front's tensor `name`, float [K] per row. */
export function fitPerceptron(
  samples: readonly Sample[],
  name: string,
  width: number,
  options: EpochOptions,
  random: Random,
): Perceptron {
  const scale = spreads(samples.map(({ row }) => rowOf(row, name).data)).map(
    (spread) => 1 / Math.max(spread, 0.05),
  );
  const hidden = layer(scale.length, width, random);
  const output = layer(width, 1, random);
  const all = [hidden.weights, hidden.bias, output.weights, output.bias];
  runEpochs(samples, all, options, random, ({ row }, slopeAt) => {
    const x = scaled(rowOf(row, name).data, scale);
    const active = relu(forward(hidden, x));
    const slope = slopeAt(forward(output, active)[0] ?? 0);
    accumulate(hidden, x, reluGradient(active, backward(output, active, [slope])));
  });
  return { scale, hidden, output };
}

/** Log-odds of one row. */
export function perceptronLogit({ scale, hidden, output }: Perceptron, x: Float32Array): number {
  return forward(output, relu(forward(hidden, scaled(x, scale))))[0] ?? 0;
}

function scaled(x: Float32Array, scale: readonly number[]): number[] {
  return scale.map((factor, index) => factor * (x[index] ?? 0));
}

/** Standard deviation of each column. */
function spreads(rows: readonly Float32Array[]): number[] {
  const width = rows[0]?.length ?? 0;
  return Array.from({ length: width }, (_, column) => {
    const mean = rows.reduce((sum, row) => sum + (row[column] ?? 0), 0) / rows.length;
    return Math.sqrt(rows.reduce((sum, row) => sum + ((row[column] ?? 0) - mean) ** 2, 0) / rows.length);
  });
}
