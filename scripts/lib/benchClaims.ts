import { readFileSync } from "node:fs";
import { join } from "node:path";

import { decodePng, encodePng, type Claim, type Manifest } from "@assay/keeper";

import { ROOT } from "./run.ts";

/** Characters that every text has at least: more than any built-in model asks for. */
const LEAST = 24;

/**
 * Claims for a built-in model, all different: each is made of two samples of its domain, texts from half to one and a half
 * times as long as the first of them.
 */
export function differentClaims({ domain, output }: Manifest, count: number): Claim[] {
  const samples = readFileSync(join(ROOT, `samples/${domain}-claims.jsonl`), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Claim);
  const isClass = output.select.by === "answer";
  return Array.from({ length: count }, (_, i): Claim => {
    const first = samples[i % samples.length]!;
    const second = samples[(i + 1 + Math.floor(i / samples.length)) % samples.length]!;
    const share = 0.5 + ((i * 37) % 101) / 100;
    return {
      answer: isClass ? first.answer : spliced(first.answer, second.answer, share),
      ...(first.text !== undefined && { text: spliced(first.text, second.text ?? "", share) }),
      ...(first.image !== undefined && { image: blended(first.image, second.image ?? first.image) }),
    };
  });
}

function spliced(first: string, second: string, share: number): string {
  const characters = Array.from(first);
  const length = Math.max(LEAST, Math.round(share * characters.length));
  return [...characters, " ", ...second].slice(0, length).join("");
}

/** The first image with the second one shining through. */
function blended(first: string, second: string): string {
  const [one, two] = [first, second].map((image) => decodePng(Buffer.from(image, "base64"))) as [
    ReturnType<typeof decodePng>,
    ReturnType<typeof decodePng>,
  ];
  const data = one.data.map((pixel, at) => (3 * pixel + (two.data[at] ?? 0)) >> 2);
  return encodePng({ ...one, data }).toString("base64");
}
