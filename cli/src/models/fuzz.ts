import { createHash } from "node:crypto";

import {
  countOf,
  encodePng,
  isChatManifest,
  saysAtLeast,
  type AnyManifest,
  type Claim,
  type Manifest,
  type ManifestInput,
} from "@assay/keeper";

/** Bytes that look random and are the same for the same name. */
function noise(name: string, length: number): Buffer {
  return createHash("shake256", { outputLength: length }).update(name).digest();
}

/** A whole number in [0, below), the same for the same name. */
function dice(name: string, below: number): number {
  return noise(name, 4).readUInt32BE() % below;
}

const WORDS =
  "the a river bridge opened in 1932 and was not closed by seven engineers who never measured its length of 503 metres".split(
    " ",
  );
/** What tokenizers and normalisers stumble over: scripts, signs above signs, directions, line ends, NUL, long words. */
const ODDITIES = [
  "Ünïcödé ﬁ ǅ ß",
  "日本語の文章です。",
  "שלום עולם \u202e abc",
  "e\u0301\u0323\u0308 Z\u0351\u036b",
  "👩‍👩‍👧‍👦 🏳️‍🌈 𝕏",
  "line\nbreak\r\n\ttab",
  "zero\0byte",
  "''\"\"`<script>{}[]\\/",
  "-1e309 0.000 1,000,000 ½",
  "x".repeat(600),
  "   ",
];

function words(name: string): string {
  const length = 1 + dice(`${name} length`, 60);
  return Array.from({ length }, (_, i) => WORDS[dice(`${name} ${i}`, WORDS.length)]).join(" ");
}

/**
 * Made-up claims of the kind a model takes, all within the manifest's limits. The same manifest always gets the same
 * claims.
 *
 * @param odd every second claim is one that real ones seldom look like
 */
export function fuzzClaims(
  manifest: AnyManifest,
  count: number,
  { odd = true }: { odd?: boolean } = {},
): Claim[] {
  const { limits } = manifest;
  const inputs = isChatManifest(manifest) ? [] : manifest.inputs;
  const labels =
    !isChatManifest(manifest) && manifest.output.select.by === "answer"
      ? manifest.output.select.labels
      : undefined;
  const quotesValues = isChatManifest(manifest) && manifest.prompt.template.includes("{{values}}");
  return Array.from({ length: count }, (_, nth) => {
    // Even numbers make ordinary claims.
    const i = odd ? nth : 2 * nth;
    const answer = labels?.[i % labels.length] ?? fitted(textOf(`answer ${i}`, i), limits.answer);
    const image = inputs.find((input) => input.kind === "image");
    if (image !== undefined) return { image: imageOf(image, limits.image, i), answer };
    const values = inputs.find((input) => input.kind === "values");
    if (values !== undefined) return { values: valuesOf(values, i), answer };
    if (quotesValues) return { values: valuesOf(PLAIN_VALUES, i), answer };
    return { text: fitted(textOf(`text ${i}`, i), limits.text), answer };
  });
}

/** Claims as short and as long as the limits allow, two each; none for a model that reads no text. */
export function edgeClaims(manifest: AnyManifest): Claim[] {
  const { limits } = manifest;
  if (limits.text === undefined && limits.answer === undefined) return [];
  return fuzzClaims(manifest, 4, { odd: false }).map((claim, i) => {
    const stretch = (text: string, limit: Limit | undefined): string => {
      if (limit === undefined || !text) return text;
      const size = i < 2 ? limit.min : limit.max;
      // As many words as there can be, and words of a language.
      const long = i % 2 === 0 ? "o" : text;
      const many = `${long} `.repeat(Math.ceil(size / (long.length + 1))).slice(0, size);
      return many.trimEnd().padEnd(size, "o");
    };
    const isLabel = !isChatManifest(manifest) && manifest.output.select.by === "answer";
    return {
      ...claim,
      ...(claim.text !== undefined && { text: stretch(claim.text, limits.text) }),
      answer: isLabel ? claim.answer : stretch(claim.answer, limits.answer),
    };
  });
}

type Limit = { readonly min: number; readonly max: number };

function textOf(name: string, i: number): string {
  const odd = ODDITIES[Math.floor(i / 2) % ODDITIES.length] ?? "";
  if (i % 2 === 0) return words(name);
  return i % 4 === 1 ? odd : `${words(name)} ${odd} ${words(`${name} again`)}`;
}

/** As many characters as allowed. */
function fitted(text: string, { min, max }: Limit = { min: 1, max: 8_192 }): string {
  let longer = text;
  while (!saysAtLeast(longer, min)) longer += " and so on";
  const cut = [...longer].slice(0, max).join("");
  return saysAtLeast(cut, min) ? cut : "o".repeat(min);
}

/** A prompt takes any numbers. */
const PLAIN_VALUES = { shape: [4], scale: 1, mean: 0, std: 1 };

type Of<K extends ManifestInput["kind"]> = Extract<ManifestInput, { kind: K }>;

/** Noise, black, white and a gradient, in the model's size or, where it resizes, in others. */
function imageOf(
  { width, height, resize, channels }: Of<"image">,
  limits: Manifest["limits"]["image"],
  i: number,
): string {
  const free = (side: number, name: string): number => {
    const size = resize === "none" || i % 2 === 0 ? side : 1 + dice(`${name} ${i}`, 2 * side);
    return Math.min(limits?.max ?? size, Math.max(limits?.min ?? size, size));
  };
  const [across, down] = [free(width, "width"), free(height, "height")];
  const depth = channels === "gray" ? 1 : 3;
  const pixels = noise(`image ${i}`, across * down * depth);
  if (i % 4 === 1) pixels.fill(i % 8 === 1 ? 0 : 255);
  if (i % 4 === 3) pixels.forEach((_, at) => (pixels[at] = (at * 7) & 255));
  return encodePng({ width: across, height: down, channels: depth, data: pixels }).toString("base64");
}

/** Numbers around those the preprocessing expects, and, every fourth time, zeros or far ones. */
function valuesOf(
  { shape, scale, mean, std }: Pick<Of<"values">, "shape" | "scale" | "mean" | "std">,
  i: number,
): number[] {
  const length = countOf(shape);
  const pick = (numbers: number | readonly number[], at: number): number =>
    typeof numbers === "number" ? numbers : (numbers[at] ?? 0);
  const bytes = noise(`values ${i}`, 4 * length);
  return Array.from({ length }, (_, at) => {
    const even = bytes.readUInt32BE(4 * at) / 2 ** 31 - 1;
    const spread = [2, 0, 2, 1_000][i % 4] ?? 1;
    return (even * spread * pick(std, at) + pick(mean, at)) / (scale === 0 ? 1 : scale);
  });
}
