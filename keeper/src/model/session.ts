import { InferenceSession, Tensor } from "onnxruntime-node";

import type { Claim } from "../payload/schema.ts";
import type { ModelFile } from "./manifest.ts";

/** Judges claims. The answer for a claim that could not be judged is NaN. */
export interface Model {
  readonly name: string;
  readonly family: string;
  /** SHA-256 of the model file, 32 bytes in hexadecimal with 0x. */
  readonly hash: `0x${string}`;
  /** The prior the probabilities are calibrated on. */
  readonly baseRate: number;
  /** One probability in [0, 1] or NaN per claim, in order. */
  judge(claims: readonly Claim[]): Promise<number[]>;
  close(): Promise<void>;
}

/** Rows per run. Bounds memory; a batch agrees with single runs within 1e-5. */
const BATCH = 16;

/**
 * Loads a checked model file for reproducible runs: one thread, so that sums are always taken in the same order, and
 * from bytes, so that nothing beside the file is ever read.
 */
export async function loadModel({ manifest, bytes }: ModelFile): Promise<Model> {
  const session = await InferenceSession.create(bytes, {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: "sequential",
    graphOptimizationLevel: "all",
    logSeverityLevel: 3,
  });
  const judgeBatch = async (claims: readonly Claim[]): Promise<number[]> => {
    const feeds = Object.fromEntries(
      manifest.inputs.map(({ name }) => [
        name,
        new Tensor(
          "string",
          claims.map((claim) => field(claim, name)),
          [claims.length],
        ),
      ]),
    );
    const output = (await session.run(feeds))[manifest.output.name];
    const values = output === undefined ? [] : Array.from(output.data as Float32Array);
    if (values.length !== claims.length) {
      throw new Error(`the model gave ${values.length} probabilities for ${claims.length} claims`);
    }
    return values;
  };
  return {
    name: manifest.name,
    family: manifest.family,
    hash: `0x${manifest.sha256}`,
    baseRate: manifest.baseRate,
    async judge(claims) {
      const results: number[] = [];
      for (let i = 0; i < claims.length; i += BATCH) {
        results.push(...(await judgeBatch(claims.slice(i, i + BATCH))));
      }
      return results;
    },
    close: () => session.release(),
  };
}

/** The native binding ends a string at the first NUL; a space keeps what follows in view of the model. */
function field(claim: Claim, name: string): string {
  if (name !== "text" && name !== "answer") throw new Error(`a claim has no field ${name}`);
  return claim[name].replaceAll("\0", " ");
}
