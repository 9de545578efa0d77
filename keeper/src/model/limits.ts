import { bytesOf, type GivenClaim } from "./inputs/feeds.ts";
import { PNG_HEADER_BYTES, PngError, readPngHeader } from "./inputs/png.ts";
import type { Manifest } from "./manifest.ts";

/**
 * Whether text, answer and image of a claim are of a size the model may be asked about. What is not there has none; an
 * image that is no image is beyond any limit.
 */
export function isWithinLimits(claim: GivenClaim, limits: Manifest["limits"]): boolean {
  const { text, answer, image } = claim;
  return (
    isLengthWithin(text, limits.text) &&
    isLengthWithin(answer, limits.answer) &&
    (image === undefined || limits.image === undefined || isWithin(longerSide(image), limits.image))
  );
}

type Limit = { readonly min: number; readonly max: number };

function isWithin(size: number, { min, max }: Limit): boolean {
  return size >= min && size <= max;
}

function isLengthWithin(text: string | undefined, limit: Limit | undefined): boolean {
  if (text === undefined || limit === undefined) return true;
  return isAtMost(text, limit.max) && saysAtLeast(text, limit.min);
}

function isAtMost(text: string, max: number): boolean {
  // A character is one UTF-16 unit or two: mostly that is all there is to know.
  return text.length <= max || charactersOf(text) <= max;
}

const BLANK = /[\p{White_Space}\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]/u;

/** What is known of each code point of one UTF-16 unit: 0 nothing, 1 that it is blank, 2 that it is not. */
const known = new Uint8Array(0x1_0000);

/** Of ASCII, which is most of what there is, it takes no table to tell; of the others those of one unit are tested once. */
function isBlank(code: number): boolean {
  if (code <= 0x20) return true;
  if (code < 0x7f) return false;
  const told = known[code];
  if (told !== 0 && told !== undefined) return told === 1;
  const blank = BLANK.test(String.fromCodePoint(code));
  known[code] = blank ? 1 : 2;
  return blank;
}

/**
 * Whether a text has so many characters if blanks and what nobody sees count for nothing at its ends, and for one
 * between others however many they are: spaces make no sentence out of a letter.
 */
export function saysAtLeast(text: string, min: number): boolean {
  let said = 0;
  let isApart = false;
  for (let i = 0; i < text.length && said < min; i++) {
    const code = text.codePointAt(i)!;
    if (code > 0xffff) i += 1;
    if (isBlank(code)) {
      isApart = said > 0;
      continue;
    }
    said += isApart ? 2 : 1;
    isApart = false;
  }
  return said >= min;
}

/** Characters, not UTF-16 units: other languages must count the same. */
function charactersOf(text: string): number {
  let pairs = 0;
  for (let i = 0; i < text.length; i++) if (text.codePointAt(i)! > 0xffff) pairs += 1;
  return text.length - pairs;
}

/** Pixels; NaN, which is within no limit, if it is no PNG file. */
function longerSide(image: string | Uint8Array): number {
  try {
    const { width, height } = readPngHeader(bytesOf(image, PNG_HEADER_BYTES));
    return Math.max(width, height);
  } catch (error) {
    if (error instanceof PngError) return Number.NaN;
    throw error;
  }
}
