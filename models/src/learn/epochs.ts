import type { Sample } from "../pairs/family.ts";
import { type Random, shuffled } from "../rng.ts";
import { sigmoid } from "./logistic.ts";
import { adamStep, type Parameters } from "./network.ts";
import { softmax } from "./softmax.ts";

export interface EpochOptions {
  readonly epochs: number;
  readonly batch: number;
  /** Learning rate of the first step; it falls to zero along half a cosine. */
  readonly learningRate: number;
  readonly weightDecay: number;
}

/**
 * Trains `all` parameters on the logistic loss. `learn` runs one sample forward, calls `slopeAt(logit)` for the gradient at the
 * log-odds and adds its gradients.
 */
export function runEpochs(
  samples: readonly Sample[],
  all: readonly Parameters[],
  options: EpochOptions,
  random: Random,
  learn: (sample: Sample, slopeAt: (logit: number) => number) => void,
): void {
  runBatches(samples, all, options, random, (sample, rows) =>
    learn(sample, (logit) => (sample.weight * (sigmoid(logit) - sample.label)) / rows),
  );
}

/**
 * Trains `all` parameters on the cross entropy of several classes. `learn` runs one sample forward, calls `slopesAt(logits)` for
 * the gradient at the class logits and adds its gradients.
 */
export function runClassEpochs<Labelled extends { readonly label: number }>(
  samples: readonly Labelled[],
  all: readonly Parameters[],
  options: EpochOptions,
  random: Random,
  learn: (sample: Labelled, slopesAt: (logits: Float64Array) => Float64Array) => void,
): void {
  runBatches(samples, all, options, random, (sample, rows) =>
    learn(sample, (logits) =>
      softmax(logits).map((p, label) => (p - (label === sample.label ? 1 : 0)) / rows),
    ),
  );
}

/** Adam over shuffled batches; `learn` adds the gradients of one sample, divided by the number of rows of its batch. */
function runBatches<Item>(
  samples: readonly Item[],
  all: readonly Parameters[],
  options: EpochOptions,
  random: Random,
  learn: (sample: Item, rows: number) => void,
): void {
  const steps = options.epochs * Math.ceil(samples.length / options.batch);
  let step = 0;
  for (let epoch = 0; epoch < options.epochs; epoch++) {
    const order = shuffled(random, samples);
    for (let start = 0; start < order.length; start += options.batch) {
      const batch = order.slice(start, start + options.batch);
      for (const sample of batch) learn(sample, batch.length);
      step += 1;
      const learningRate = (options.learningRate * (1 + Math.cos((Math.PI * (step - 1)) / steps))) / 2;
      adamStep(all, step, { learningRate, weightDecay: options.weightDecay });
    }
  }
}
