import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

import {
  checkGraph,
  describeGraph,
  MAX_MODEL_BYTES,
  MODEL_FILE,
  ModelFileError,
  RefusedModel,
  refusalOf,
  sha256,
  type Refusal,
} from "@assay/keeper";

import { CliError } from "../lib/errors.ts";
import { readGraph, type GraphFacts } from "./graph.ts";

export interface Inspection extends GraphFacts {
  readonly model: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Why keepers refuse the graph, and the cure; undefined if they do not. */
  readonly refused: Refusal | undefined;
  /** The manifest beside the model as it is; undefined if there is none. */
  readonly manifest: Readonly<Record<string, unknown>> | undefined;
  /** Whether the manifest names this very file; undefined without a manifest. */
  readonly hashMatches: boolean | undefined;
}

/**
 * Looks at a model without judging anything.
 *
 * @param file a manifest.json, or a model.onnx with or without its manifest
 */
export async function inspectModel(file: string): Promise<Inspection> {
  const isManifest = file.endsWith(".json");
  const model = isManifest ? join(dirname(file), MODEL_FILE) : file;
  const beside = isManifest ? file : join(dirname(file), "manifest.json");
  const manifest = isManifest || existsSync(beside) ? readManifest(beside) : undefined;
  const bytes = readModelBytes(model);
  const hash = sha256(bytes);
  let graph: GraphFacts;
  try {
    graph = readGraph(bytes);
  } catch (error) {
    throw error instanceof RefusedModel ? new ModelFileError(model, error.refusal, error) : error;
  }
  const refused = await refusalFor(bytes);
  const hashMatches = manifest === undefined ? undefined : hashOf(manifest) === hash;
  return { model, bytes: bytes.length, sha256: hash, ...graph, refused, manifest, hashMatches };
}

/** What a keeper would say about the graph; weights in other files are not even looked for. */
async function refusalFor(bytes: Uint8Array): Promise<Refusal | undefined> {
  try {
    checkGraph(bytes);
    await describeGraph(bytes);
    return undefined;
  } catch (error) {
    return error instanceof RefusedModel ? error.refusal : refusalOf(error);
  }
}

/** The hash a manifest names, which may have any shape. */
function hashOf({ files }: Readonly<Record<string, unknown>>): unknown {
  return typeof files === "object" && files !== null && MODEL_FILE in files ? files[MODEL_FILE] : undefined;
}

function readManifest(file: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
  } catch (error) {
    throw unusable(file, error, "Name a manifest.json or a model.onnx.");
  }
}

/** @throws CliError if the file cannot be read, or is larger than keepers read */
export function readModelBytes(file: string): Buffer {
  try {
    const { size } = statSync(file);
    if (size > MAX_MODEL_BYTES) throw new Error(`${size} bytes, keepers read at most ${MAX_MODEL_BYTES}`);
    return readFileSync(file);
  } catch (error) {
    throw unusable(file, error, "Name a manifest.json or a model.onnx.");
  }
}

function unusable(file: string, error: unknown, advice: string): CliError {
  const reason = error instanceof Error ? error.message : String(error);
  return new CliError("MODEL_UNUSABLE", "The file cannot be used", { file, reason }, advice);
}
