import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

import { describeGraph, MAX_MODEL_BYTES, MODEL_FILE, sha256 } from "@assay/keeper";

import { CliError } from "../lib/errors.ts";
import { readGraph, type GraphFacts } from "./graph.ts";

export interface Inspection extends GraphFacts {
  readonly model: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Why onnxruntime cannot load the graph; undefined if it can. */
  readonly refused: string | undefined;
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
    throw unusable(model, error, "Export the model again: it must be an ONNX file.");
  }
  const refused = await describeGraph(bytes).then(
    () => undefined,
    (error: unknown) => oneLine(error instanceof Error ? error.message : String(error)),
  );
  const hashMatches = manifest === undefined ? undefined : hashOf(manifest) === hash;
  return { model, bytes: bytes.length, sha256: hash, ...graph, refused, manifest, hashMatches };
}

/** What onnxruntime says, without the place in its own sources. */
function oneLine(message: string): string {
  return message
    .replace(/^\S+\.(h|cc):\d+ .*?\) (?=[A-Z])/, "")
    .replaceAll(/\s+/g, " ")
    .trim();
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
