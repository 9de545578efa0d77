import type { Logger } from "../lib/logger.ts";
import type { Claim } from "../payload/schema.ts";
import { MODEL_FILE, readModel, type Calibration, type Manifest } from "./manifest.ts";
import { loadModel, type InferenceOptions, type Model } from "./session.ts";

/** What a model says it is, before it runs. */
export type ModelIdentity = Pick<Manifest, "name" | "family" | "domain"> & Pick<Model, "hash">;

/** A model that is described and checked, but not running yet. */
export interface ModelSource {
  readonly identity: ModelIdentity;
  /** @throws AssayError if it cannot run; retryable if that may pass */
  open(log: Logger): Promise<Model>;
}

/** What whoever measures a model wants otherwise than a keeper. */
export interface Measuring {
  /** Instead of the manifest's. */
  readonly calibration?: Calibration;
  /** Told of every answer of a chat model that came without log-probabilities. */
  readonly onBareAnswer?: (claim: Claim, word: "true" | "false") => void;
}

/**
 * A model file, run by the keeper in a process of its own.
 *
 * @param path the manifest.json
 * @throws ModelFileError
 */
export function embeddedSource(
  path: string,
  options: Partial<InferenceOptions> = {},
  { calibration }: Measuring = {},
): ModelSource {
  const read = readModel(path);
  const file = { ...read, manifest: { ...read.manifest, ...(calibration && { calibration }) } };
  const { name, family, domain, files } = file.manifest;
  return {
    identity: { name, family, domain, hash: `0x${files[MODEL_FILE]}` },
    open: (log) => loadModel(file, options, log),
  };
}
