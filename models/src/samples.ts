import { readFileSync } from "node:fs";

import { decode } from "fast-png";

import type { KnownClaim } from "./domains/domain.ts";
import { samplesFile } from "./paths.ts";

interface Line {
  readonly text?: string;
  /** Base64 of a PNG. */
  readonly image?: string;
  readonly answer: string;
  readonly truth: boolean;
}

/** The claims of a domain that were written for this project; images decoded, gray ones only. */
export function readSamples(domain: string): KnownClaim[] {
  const lines = readFileSync(samplesFile(domain), "utf8").trim().split("\n");
  return lines.map((line) => {
    const { text, image, answer, truth } = JSON.parse(line) as Line;
    return {
      ...(text !== undefined && { text }),
      ...(image !== undefined && { pixels: Uint8Array.from(decode(Buffer.from(image, "base64")).data) }),
      answer,
      truth,
    };
  });
}
