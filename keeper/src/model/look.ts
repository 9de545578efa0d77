import { ModelFileError, type Refusal } from "./errors.ts";
import type { GraphFacts } from "./graphFacts.ts";
import { INFERENCE_DEFAULTS, type InferenceOptions } from "./session.ts";
import { startModelProcess } from "./worker/process.ts";

/** What a file says about itself, and why it cannot be opened; undefined if it can. */
export interface Look {
  readonly facts: GraphFacts;
  readonly refused: Refusal | undefined;
}

/**
 * Looks at a model file without a manifest, in a process of its own: even to read a stranger's file may take more memory
 * or time than there is.
 *
 * @param path for the error
 * @throws ModelFileError if it cannot be read at all
 */
export async function lookAtModel(
  bytes: Uint8Array,
  path: string,
  options: Partial<InferenceOptions> = {},
): Promise<Look> {
  const worker = startModelProcess({ ...INFERENCE_DEFAULTS, ...options });
  try {
    const facts = await worker.describe(bytes, path);
    const refused = await worker.open(bytes, path).then(
      () => undefined,
      (error: unknown) => {
        if (error instanceof ModelFileError) return error.refusal;
        throw error;
      },
    );
    return { facts, refused };
  } finally {
    worker.stop();
    await worker.ended;
  }
}
