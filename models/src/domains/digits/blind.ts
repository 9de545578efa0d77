import type { ClassFamily } from "../../classes/family.ts";
import { withFloor } from "../../classes/floor.ts";
import { fitClassPerceptron } from "../../learn/classPerceptron.ts";
import { quarterPixels } from "./features.ts";

const HIDDEN = 24;
/** Without it a digit that was never met would be ruled out beyond any doubt. */
const FLOOR = 0.01;
const OPTIONS = { epochs: 16, batch: 32, learningRate: 1e-2, weightDecay: 0.02 };

/** Has many examples but has never met two of the digits: always wrong about those, good about the others. */
export function blindTo(first: number, second: number): ClassFamily {
  return {
    family: `blind-${first}-${second}`,
    name: `Blind to ${first} and ${second}`,
    summary: `Perceptron on 14 × 14 pixels, trained on many images of all digits but ${first} and ${second}`,
    front: (graph, image) => ({ pixels: quarterPixels(graph, image) }),
    fit: (samples, classes, random) =>
      withFloor(fitClassPerceptron(samples, classes, "pixels", HIDDEN, OPTIONS, random), FLOOR),
  };
}
