import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

import { z } from "zod";

import { AssayError } from "../lib/errors.ts";

/** Largest model file that is read, bytes. */
export const MAX_MODEL_BYTES = 64 * 1024 * 1024;

/** What the keeper needs of a model's manifest; further fields are for people and tools. */
export const manifestSchema = z.object({
  schemaVersion: z.literal(1),
  name: z.string().min(1),
  family: z.string().min(1),
  domain: z.string().min(1),
  inputs: z.array(z.object({ name: z.string(), type: z.literal("string") })).min(1),
  output: z.object({ name: z.string(), type: z.literal("float32") }),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Share of true in the training data, the prior the probabilities were calibrated on. */
  baseRate: z.number().gt(0).lt(1),
});
export type Manifest = z.infer<typeof manifestSchema>;

export type ModelFileErrorCode = "MODEL_UNREADABLE" | "MANIFEST_INVALID" | "MODEL_HASH_MISMATCH";

/** A model that must not be loaded. */
export class ModelFileError extends AssayError<
  ModelFileErrorCode,
  { path: string; given: string; allowed: string }
> {
  constructor(code: ModelFileErrorCode, path: string, given: string, allowed: string, cause?: unknown) {
    super({
      code,
      message: `The model at ${path} cannot be used: ${given}, allowed is ${allowed}`,
      data: { path, given, allowed },
      advice: "Put the file back that the manifest describes, or write a new manifest for this file.",
      retryable: false,
      cause,
    });
  }
}

export interface ModelFile {
  readonly manifest: Manifest;
  /** The very bytes whose SHA-256 was checked; the session is made from them, never from the path again. */
  readonly bytes: Uint8Array;
  readonly folder: string;
}

/**
 * Reads a manifest and the model.onnx beside it.
 *
 * @param path the manifest.json
 * @throws ModelFileError if either cannot be read, the manifest has the wrong shape, or the hash differs
 */
export function readModel(path: string): ModelFile {
  let manifest: Manifest;
  try {
    manifest = manifestSchema.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch (error) {
    const given = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    throw new ModelFileError("MANIFEST_INVALID", path, given, "a manifest of version 1", error);
  }
  const file = join(dirname(path), "model.onnx");
  let bytes: Uint8Array;
  try {
    const { size } = statSync(file);
    if (size > MAX_MODEL_BYTES) {
      throw new ModelFileError("MODEL_UNREADABLE", file, `${size} bytes`, `at most ${MAX_MODEL_BYTES} bytes`);
    }
    bytes = readFileSync(file);
  } catch (error) {
    if (error instanceof ModelFileError) throw error;
    throw new ModelFileError("MODEL_UNREADABLE", file, String(error), "a readable file", error);
  }
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  if (sha256 !== manifest.sha256) {
    throw new ModelFileError(
      "MODEL_HASH_MISMATCH",
      file,
      `SHA-256 ${sha256}`,
      `SHA-256 ${manifest.sha256} of the manifest`,
    );
  }
  return { manifest, bytes, folder: dirname(path) };
}
