import { rowOf } from "../../onnx/front.ts";
import type { ClassFamily } from "../../classes/family.ts";
import { fitForest } from "../../learn/forest.ts";
import { forestHead } from "../../onnx/forest.ts";
import { quarterPixels } from "./features.ts";

const OPTIONS = { trees: 80, depth: 12, tries: 14, minRows: 2 };

/** Asks single pixels, one after the other. */
export const pixelForest: ClassFamily = {
  family: "pixel-forest",
  name: "Pixel forest, 200 examples",
  summary: "Extremely randomised trees on 14 × 14 pixels, trained on 200 images",
  front: (graph, image) => ({ pixels: quarterPixels(graph, image) }),
  fit(samples, classes, random) {
    const rows = samples.map(({ row, label }) => ({ x: rowOf(row, "pixels").data, label }));
    return forestHead(fitForest(rows, classes, OPTIONS, random), "pixels");
  },
};
