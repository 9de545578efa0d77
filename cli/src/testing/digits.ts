import { readFileSync } from "node:fs";
import { join } from "node:path";

import { decodePng, encodePng } from "@assay/keeper";

import type { ClaimLine } from "../claims.ts";
import { ROOT } from "./chain.ts";
import { onnxModel } from "./onnx.ts";

/** The strokes of a seven-segment display: top, upper left, upper right, middle, lower left, lower right, bottom. */
const SEGMENTS = [
  "1110111",
  "0010010",
  "1011101",
  "1011011",
  "0111010",
  "1101011",
  "1101111",
  "1010010",
  "1111111",
  "1111011",
];
const STROKES: readonly (readonly [number, number, number, number])[] = [
  [2, 1, 5, 1],
  [1, 1, 1, 3],
  [6, 1, 6, 3],
  [2, 4, 5, 4],
  [1, 4, 1, 6],
  [6, 4, 6, 6],
  [2, 6, 5, 6],
];
const SIDE = 8;

export const DIGITS = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"] as const;

/** 8 × 8 pixels, 0 … 1. */
function drawn(digit: number): number[] {
  const pixels = new Array<number>(SIDE * SIDE).fill(0);
  STROKES.forEach(([x1, y1, x2, y2], stroke) => {
    if (SEGMENTS[digit]?.[stroke] !== "1") return;
    for (let x = x1; x <= x2; x++) for (let y = y1; y <= y2; y++) pixels[y * SIDE + x] = 1;
  });
  return pixels;
}

/** A classifier of 8 × 8 images in 0 … 1: softmax over the distance to each drawn digit. */
export function digitsModel(): Uint8Array {
  const drawings = DIGITS.map((_, digit) => drawn(digit));
  const sharpness = 3;
  return onnxModel({
    inputs: [{ name: "image", type: "FLOAT", shape: ["N", SIDE, SIDE] }],
    outputs: [{ name: "digits", type: "FLOAT", shape: ["N", 10] }],
    nodes: [
      ["Reshape", ["image", "flat"], "pixels"],
      ["MatMul", ["pixels", "weights"], "products"],
      ["Add", ["products", "bias"], "logits"],
      ["Softmax", ["logits"], "digits"],
    ],
    integers: { flat: [-1, SIDE * SIDE] },
    floats: {
      weights: {
        shape: [SIDE * SIDE, 10],
        data: Array.from(
          { length: SIDE * SIDE * 10 },
          (_, i) => sharpness * (drawings[i % 10]?.[Math.floor(i / 10)] ?? 0),
        ),
      },
      // −|drawing|² / 2: what a product with a drawing of many pixels has too much.
      bias: {
        shape: [10],
        data: drawings.map((pixels) => (-sharpness * pixels.reduce((sum, one) => sum + one * one, 0)) / 2),
      },
    },
  });
}

/** Claims "this shows digit X" about drawings with noise; every second is true. */
export function digitClaims(count: number): ClaimLine[] {
  let state = 1;
  const noise = (): number => (state = (state * 48_271) % 0x7fff_ffff) / 0x7fff_ffff;
  return Array.from({ length: count }, (_, i) => {
    const digit = i % 10;
    const data = Uint8Array.from(
      drawn(digit),
      (pixel) => 255 * Math.min(1, Math.max(0, 0.7 * pixel + 0.3 * noise())),
    );
    const truth = Math.floor(i / 10) % 2 === 0;
    const claimed = truth ? digit : (digit + 1 + Math.floor(9 * noise())) % 10;
    const image = encodePng({ width: SIDE, height: SIDE, channels: 1, data }).toString("base64");
    return { image, answer: String(claimed), truth };
  });
}

/** Claims "this shows digit X" about the sample of every digit, each time in another brightness; every second is true. */
export function sampleDigitClaims(count: number): ClaimLine[] {
  const samples = readFileSync(join(ROOT, "samples/digits-claims.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Required<Pick<ClaimLine, "image" | "answer" | "truth">>)
    .filter(({ truth }) => truth);
  let state = 48_271;
  const noise = (): number => (state = (state * 48_271) % 0x7fff_ffff) / 0x7fff_ffff;
  return Array.from({ length: count }, (_, i) => {
    const { image, answer } = samples[i % samples.length]!;
    const { width, height, data } = decodePng(Buffer.from(image, "base64"));
    const faded = Uint8Array.from(data, (pixel) => pixel * (0.6 + 0.4 * noise()));
    const truth = Math.floor(i / samples.length) % 2 === 0;
    const claimed = truth ? Number(answer) : (Number(answer) + 1 + Math.floor(9 * noise())) % 10;
    return {
      image: encodePng({ width, height, channels: 1, data: faded }).toString("base64"),
      answer: String(claimed),
      truth,
    };
  });
}
