/** Writes samples/digits-claims.jsonl, drawn by ourselves: `node models/src/domains/digits/samples.ts`. */
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";

import { encode } from "fast-png";

import { samplesFile } from "../../paths.ts";
import { seededRandom } from "../../rng.ts";
import { SIDE } from "./data.ts";
import { drawDigit } from "./draw.ts";

const SEED = 43;
/** The digit that a false claim names instead. */
const MISTAKEN_FOR = [6, 7, 7, 5, 9, 6, 0, 1, 3, 4];

/** Twenty claims: every digit once named rightly and once wrongly. */
export function digitSamples(): string {
  const random = seededRandom(SEED);
  const lines = MISTAKEN_FOR.flatMap((other, digit) =>
    [digit, other].map((named) => ({
      image: pngOf(drawDigit(digit, random)),
      answer: String(named),
      truth: named === digit,
    })),
  );
  const id = (index: number): string => `d${String(index + 1).padStart(2, "0")}`;
  return lines.map((line, index) => `${JSON.stringify({ id: id(index), ...line })}\n`).join("");
}

/** Base64 of a gray PNG. */
function pngOf(pixels: Uint8Array): string {
  const png = encode({ width: SIDE, height: SIDE, data: pixels, channels: 1, depth: 8 });
  return Buffer.from(png).toString("base64");
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === import.meta.filename) {
  writeFileSync(samplesFile("digits"), digitSamples());
}
