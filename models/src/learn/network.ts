import { type Random } from "../rng.ts";

/** Parameters with their gradient and Adam's two running means, all of one length. */
export interface Parameters {
  readonly value: Float64Array;
  readonly gradient: Float64Array;
  readonly mean: Float64Array;
  readonly square: Float64Array;
}

/** A dense layer: out = in · weights + bias; `weights` row-major [inputs, outputs]. */
export interface Layer {
  readonly inputs: number;
  readonly outputs: number;
  readonly weights: Parameters;
  readonly bias: Parameters;
}

export interface AdamOptions {
  readonly learningRate: number;
  /** Share of each weight that decays per step, times the learning rate. */
  readonly weightDecay: number;
}

/** `size` parameters drawn evenly from ±scale. */
export function parameters(size: number, scale: number, random: Random): Parameters {
  return {
    value: Float64Array.from({ length: size }, () => (2 * random() - 1) * scale),
    gradient: new Float64Array(size),
    mean: new Float64Array(size),
    square: new Float64Array(size),
  };
}

export function layer(inputs: number, outputs: number, random: Random): Layer {
  return {
    inputs,
    outputs,
    weights: parameters(inputs * outputs, Math.sqrt(6 / (inputs + outputs)), random),
    bias: parameters(outputs, 0, random),
  };
}

/** input [inputs] → [outputs]. */
export function forward({ inputs, outputs, weights, bias }: Layer, input: ArrayLike<number>): Float64Array {
  const output = Float64Array.from(bias.value);
  for (let i = 0; i < inputs; i++) {
    const value = input[i] ?? 0;
    if (value === 0) continue;
    for (let o = 0; o < outputs; o++)
      output[o] = (output[o] ?? 0) + value * (weights.value[i * outputs + o] ?? 0);
  }
  return output;
}

/** Adds the gradients of the layer's own parameters for one row. */
export function accumulate(
  { inputs, outputs, weights, bias }: Layer,
  input: ArrayLike<number>,
  outputGradient: ArrayLike<number>,
): void {
  for (let o = 0; o < outputs; o++) add(bias.gradient, o, outputGradient[o] ?? 0);
  for (let i = 0; i < inputs; i++) {
    const value = input[i] ?? 0;
    if (value === 0) continue;
    for (let o = 0; o < outputs; o++)
      add(weights.gradient, i * outputs + o, (outputGradient[o] ?? 0) * value);
  }
}

/** Adds the layer's gradients for one row and returns the gradient of its input. */
export function backward(
  layer: Layer,
  input: ArrayLike<number>,
  outputGradient: ArrayLike<number>,
): Float64Array {
  accumulate(layer, input, outputGradient);
  const { inputs, outputs, weights } = layer;
  return Float64Array.from({ length: inputs }, (_, i) => {
    let sum = 0;
    for (let o = 0; o < outputs; o++) sum += (outputGradient[o] ?? 0) * (weights.value[i * outputs + o] ?? 0);
    return sum;
  });
}

export function relu(values: Float64Array): Float64Array {
  return values.map((value) => Math.max(0, value));
}

/** Gradient before a ReLU, given its output and the gradient behind it. */
export function reluGradient(output: Float64Array, gradient: Float64Array): Float64Array {
  return gradient.map((value, index) => ((output[index] ?? 0) > 0 ? value : 0));
}

/** One step of Adam with decoupled weight decay; clears the gradients. `step` counts from 1. */
export function adamStep(
  all: readonly Parameters[],
  step: number,
  { learningRate, weightDecay }: AdamOptions,
): void {
  const [beta1, beta2] = [0.9, 0.999];
  const rate = (learningRate * Math.sqrt(1 - beta2 ** step)) / (1 - beta1 ** step);
  for (const { value, gradient, mean, square } of all) {
    for (let i = 0; i < value.length; i++) {
      const g = gradient[i] ?? 0;
      mean[i] = beta1 * (mean[i] ?? 0) + (1 - beta1) * g;
      square[i] = beta2 * (square[i] ?? 0) + (1 - beta2) * g * g;
      const decay = learningRate * weightDecay * (value[i] ?? 0);
      add(value, i, -(rate * (mean[i] ?? 0)) / (Math.sqrt(square[i] ?? 0) + 1e-8) - decay);
      gradient[i] = 0;
    }
  }
}

/** Weights of a layer as rows [inputs][outputs], for a graph. */
export function matrixOf({ inputs, outputs, weights }: Layer): number[][] {
  return Array.from({ length: inputs }, (_, row) => [
    ...weights.value.slice(row * outputs, (row + 1) * outputs),
  ]);
}

export function add(array: Float64Array, index: number, amount: number): void {
  array[index] = (array[index] ?? 0) + amount;
}
