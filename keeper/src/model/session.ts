import { InferenceSession, Tensor } from "onnxruntime-node";

import type { Claim } from "../payload/schema.ts";
import { judgeInBatches } from "./batches.ts";
import { isWithinLimits } from "./limits.ts";
import { MODEL_FILE, ModelFileError, type ManifestInput, type ModelFile } from "./manifest.ts";

/** Judges claims. The answer for a claim that could not be judged is NaN. */
export interface Model {
  readonly name: string;
  readonly family: string;
  /** SHA-256 of the model file, 32 bytes in hexadecimal with 0x. */
  readonly hash: `0x${string}`;
  /** The prior the probabilities are calibrated on. */
  readonly baseRate: number;
  /**
   * One probability in [0, 1] or NaN per claim, in order.
   *
   * @throws the reason of `signal` if it fires: to stop is no abstention
   */
  judge(claims: readonly Claim[], signal?: AbortSignal): Promise<number[]>;
  close(): Promise<void>;
}

/** Rows per run. Bounds memory; a batch agrees with single runs within 1e-5. */
const BATCH = 16;

/**
 * Loads a checked model file for reproducible runs: one thread, so that sums are always taken in the same order, and
 * from bytes, so that nothing beside the file is ever read.
 *
 * @throws ModelFileError if the bytes are no graph, or not the one the manifest describes
 */
export async function loadModel({ manifest, bytes, folder }: ModelFile): Promise<Model> {
  const session = await InferenceSession.create(bytes, {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: "sequential",
    graphOptimizationLevel: "all",
    logSeverityLevel: 3,
  }).catch((error: unknown) => {
    throw new ModelFileError("MODEL_UNREADABLE", folder, String(error), "an ONNX graph", error);
  });
  const given = [...session.inputNames, ...session.outputNames].join(", ");
  const named = [...manifest.inputs.map(({ name }) => name), manifest.output.name].join(", ");
  const hasOutput = session.outputNames.includes(manifest.output.name);
  const hasInputs = manifest.inputs.every(({ name }) => session.inputNames.includes(name));
  if (!hasInputs || !hasOutput || session.inputNames.length !== manifest.inputs.length) {
    // Told now: at the first request it would only ever vote the base rate.
    await session.release();
    throw new ModelFileError("MANIFEST_INVALID", folder, `a graph with ${given}`, named);
  }
  const judgeBatch = async (claims: readonly Claim[]): Promise<number[]> => {
    const feeds = Object.fromEntries(
      manifest.inputs.map((input) => [
        input.name,
        new Tensor(
          "string",
          claims.map((claim) => stringField(claim, input)),
          [claims.length],
        ),
      ]),
    );
    const output = (await session.run(feeds))[manifest.output.name];
    return output === undefined ? [] : Array.from(output.data as Float32Array);
  };
  return {
    name: manifest.name,
    family: manifest.family,
    hash: `0x${manifest.files[MODEL_FILE]}`,
    baseRate: manifest.baseRate,
    async judge(claims) {
      const judged = claims.map((claim) => isWithinLimits(claim, manifest.limits));
      const results = await judgeInBatches(
        claims.filter((_, i) => judged[i]),
        BATCH,
        judgeBatch,
      );
      return judged.map((isJudged) => (isJudged ? (results.shift() ?? Number.NaN) : Number.NaN));
    },
    close: () => session.release(),
  };
}

/** The native binding ends a string at the first NUL; a space keeps what follows in view of the model. */
export function stringField(claim: Claim, input: ManifestInput): string {
  if (input.kind !== "string") throw new Error(`inputs of kind ${input.kind} cannot be fed`);
  const value = claim[input.field];
  if (value === undefined) throw new Error(`the claim has no ${input.field}`);
  return value.replaceAll("\0", " ");
}
