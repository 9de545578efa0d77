import type { Claim } from "../payload/schema.ts";
import { PngError, readPngHeader } from "./inputs/png.ts";
import type { Manifest } from "./manifest.ts";

/**
 * Whether text, answer and image of a claim are of a size the model may be asked about. What is not there has none; an
 * image that is no image is beyond any limit.
 */
export function isWithinLimits(claim: Claim, limits: Manifest["limits"]): boolean {
  const sizes = {
    text: charactersOf(claim.text),
    answer: charactersOf(claim.answer),
    image: limits.image && claim.image !== undefined ? longerSide(claim.image) : undefined,
  };
  return (["text", "answer", "image"] as const).every((field) => {
    const [limit, size] = [limits[field], sizes[field]];
    if (limit === undefined || size === undefined) return true;
    return size >= limit.min && size <= limit.max;
  });
}

/** Characters, not UTF-16 units: other languages must count the same. */
function charactersOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : [...text].length;
}

/** Pixels; NaN, which is within no limit, if it is no PNG file. */
function longerSide(image: string): number {
  try {
    const { width, height } = readPngHeader(Buffer.from(image.slice(0, 44), "base64"));
    return Math.max(width, height);
  } catch (error) {
    if (error instanceof PngError) return Number.NaN;
    throw error;
  }
}
