import type { Logger } from "../lib/logger.ts";
import { MODEL_FILE, readModel, type Manifest } from "./manifest.ts";
import { loadModel, type InferenceOptions, type Model } from "./session.ts";

/** What a model says it is, before it runs. */
export type ModelIdentity = Pick<Manifest, "name" | "family" | "domain"> & Pick<Model, "hash">;

/** A model that is described and checked, but not running yet. */
export interface ModelSource {
  readonly identity: ModelIdentity;
  /** @throws AssayError if it cannot run; retryable if that may pass */
  open(log: Logger): Promise<Model>;
}

/**
 * A model file, run by the keeper in a process of its own.
 *
 * @param path the manifest.json
 * @throws ModelFileError
 */
export function embeddedSource(path: string, options: Partial<InferenceOptions> = {}): ModelSource {
  const file = readModel(path);
  const { name, family, domain, files } = file.manifest;
  return {
    identity: { name, family, domain, hash: `0x${files[MODEL_FILE]}` },
    open: (log) => loadModel(file, options, log),
  };
}
