import type { ClassFamily } from "../../classes/family.ts";
import { fitClassPerceptron } from "../../learn/classPerceptron.ts";
import { gradientCells } from "./features.ts";

const HIDDEN = 24;
const OPTIONS = { epochs: 40, batch: 16, learningRate: 1e-2, weightDecay: 0.02 };

/** Sees directions of edges, not brightness. */
export const gradientPerceptron: ClassFamily = {
  family: "gradient-perceptron",
  name: "Gradient perceptron, 200 examples",
  summary: "Perceptron on edge directions in 5 × 5 cells, trained on 200 images",
  front: (graph, image) => ({ cells: gradientCells(graph, image) }),
  fit: (samples, classes, random) => fitClassPerceptron(samples, classes, "cells", HIDDEN, OPTIONS, random),
};
