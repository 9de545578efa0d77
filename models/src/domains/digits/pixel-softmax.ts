import type { ClassFamily } from "../../classes/family.ts";
import { fitSoftmax } from "../../learn/classPerceptron.ts";
import { quarterPixels } from "./features.ts";

const OPTIONS = { epochs: 40, batch: 16, learningRate: 2e-2, weightDecay: 0.05 };

/** One weight a pixel and digit. */
export const pixelSoftmax: ClassFamily = {
  family: "pixel-softmax",
  name: "Pixel softmax, 200 examples",
  summary: "Softmax regression on 14 × 14 pixels, trained on 200 images",
  front: (graph, image) => ({ pixels: quarterPixels(graph, image) }),
  fit: (samples, classes, random) => fitSoftmax(samples, classes, "pixels", OPTIONS, random),
};
