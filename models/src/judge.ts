import { type Claim, encodePng, loadModel, type Manifest, type ModelFile } from "@assay/keeper";

import type { KnownClaim } from "./domains/domain.ts";
import { MODELS_ROOM } from "./paths.ts";

/** A model ready to be measured, run as a keeper runs it. */
export interface Judge {
  /**
   * Calibrated probability of each claim, under the manifest's base rate; NaN where the model has none. Claims are judged one by
   * one, whatever the manifest's limits are.
   *
   * @throws Error if the model did not stay alive: what it said then is no measurement
   */
  judge(claims: readonly KnownClaim[]): Promise<number[]>;
  /** Mean time of one claim so far, milliseconds: preparing and running it, without the way to the model's process. */
  milliseconds(): number;
  release(): Promise<void>;
}

/** For all claims of a domain at once. */
const LONGEST_MS = 3_600_000;

/** Opens a model the way its manifest says, in the keeper's own runtime. */
export async function openJudge(manifest: Manifest, bytes: Uint8Array): Promise<Judge> {
  const file: ModelFile = { manifest: { ...manifest, limits: {} }, bytes, folder: MODELS_ROOM };
  // Batches would be quicker, but agree with single runs within 1e-5 only.
  const model = await loadModel(file, { batch: 1, requestMs: LONGEST_MS });
  return {
    async judge(claims) {
      const probabilities = await model.judge(claims.map(asAsked));
      const { ends } = model.stats();
      if (Object.keys(ends).length > 0) {
        throw new Error(
          `${manifest.domain}/${manifest.family} ended while it judged: ${JSON.stringify(ends)}`,
        );
      }
      return probabilities;
    },
    milliseconds() {
      const { inferenceMs, claims } = model.stats();
      return inferenceMs / Math.max(1, claims);
    },
    release: () => model.close(),
  };
}

/** The claim as a payload has it; pixels are those of a square. */
function asAsked({ text, pixels, answer }: KnownClaim): Claim {
  const side = Math.sqrt(pixels?.length ?? 0);
  return {
    answer,
    ...(text !== undefined && { text }),
    ...(pixels !== undefined && {
      image: encodePng({ width: side, height: side, channels: 1, data: pixels }).toString("base64"),
    }),
  };
}
