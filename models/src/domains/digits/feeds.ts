import { Tensor } from "onnxruntime-node";

import type { Feeds } from "../../onnx/session.ts";
import { SIDE } from "./data.ts";

/** One image as the graphs take it: pixels 0 … 255 become 0 … 1. */
export function imageFeeds(pixels: Uint8Array): Feeds {
  const values = Float32Array.from(pixels, (value) => value / 255);
  return { image: new Tensor("float32", values, [1, 1, SIDE, SIDE]) };
}
