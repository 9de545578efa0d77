import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

import { seededRandom, shuffled } from "../../rng.ts";

/** Width and height of an image, pixels. */
export const SIDE = 28;

/** A gray image, 0 = black ground … 255 = stroke, row by row, and its digit. */
export interface DigitRow {
  readonly pixels: Uint8Array;
  readonly digit: number;
}

export interface DigitData {
  readonly training: readonly DigitRow[];
  readonly heldOut: readonly DigitRow[];
}

const IMAGES_FILE = "digits/images-2000-idx3-ubyte.gz";
const LABELS_FILE = "digits/labels-2000-idx1-ubyte.gz";
/** Below the data directory. */
export const DIGIT_FILES = [IMAGES_FILE, LABELS_FILE];
const IMAGE_HEADER = 16;
const LABEL_HEADER = 8;
const SEED = 41;
/** Images of each digit that are only measured on. */
const HELD_OUT = 60;

/** Reads the two gzipped IDX files and splits them by row: of every digit the same number is held out. */
export function readDigitData(directory: string): DigitData {
  const images = gunzipSync(readFileSync(join(directory, IMAGES_FILE)));
  const labels = gunzipSync(readFileSync(join(directory, LABELS_FILE)));
  const size = SIDE * SIDE;
  const rows = Array.from(labels.subarray(LABEL_HEADER), (digit, index) => ({
    pixels: images.subarray(IMAGE_HEADER + index * size, IMAGE_HEADER + (index + 1) * size),
    digit,
  }));
  const random = seededRandom(SEED);
  const parts = Array.from({ length: 10 }, (_, digit) =>
    shuffled(
      random,
      rows.filter((row) => row.digit === digit),
    ),
  );
  return {
    training: shuffled(
      random,
      parts.flatMap((own) => own.slice(HELD_OUT)),
    ),
    heldOut: parts.flatMap((own) => own.slice(0, HELD_OUT)),
  };
}
