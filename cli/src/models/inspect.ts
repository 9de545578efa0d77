import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

import {
  chatModelHash,
  isChatManifest,
  loadModel,
  lookAtModel,
  MAX_MODEL_BYTES,
  MODEL_FILE,
  ModelFileError,
  readAnyManifest,
  readModel,
  readRunConfig,
  renderError,
  renderPrompt,
  sha256,
  TOO_LARGE_ADVICE,
  type ChatManifest,
  type GraphFacts,
  type Message,
  type Refusal,
  type RunConfig,
} from "@assay/keeper";

import { CliError } from "../lib/errors.ts";
import { fuzzClaims } from "./fuzz.ts";
import { openModel } from "./open.ts";

export interface GraphInspection extends GraphFacts {
  readonly kind: "graph";
  readonly model: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Why keepers refuse the model, and the cure; undefined if they do not. */
  readonly refused: Refusal | undefined;
  /** The manifest beside the model as it is; undefined if there is none. */
  readonly manifest: Readonly<Record<string, unknown>> | undefined;
  /** Whether the manifest names this very file; undefined without a manifest. */
  readonly hashMatches: boolean | undefined;
  readonly server: ServerCheck | undefined;
}

/** A chat model is its manifest: there is no file to look into. */
export interface ChatInspection {
  readonly kind: "chat";
  readonly model: string;
  readonly hash: `0x${string}`;
  readonly manifest: ChatManifest;
  /** What a server is asked about a made-up claim. */
  readonly conversation: readonly Message[];
  readonly server: ServerCheck | undefined;
}

export type Inspection = GraphInspection | ChatInspection;

/** What the configured server said when it was asked as a keeper asks at its start; undefined: none is configured. */
export interface ServerCheck {
  readonly url: string;
  /** Why a keeper would not start with it. */
  readonly refused: string | undefined;
}

/**
 * Looks at a model without judging anything. The file is a stranger's: it is read, opened and tried in a process of its
 * own.
 *
 * @param file a manifest.json, or a model.onnx with or without its manifest
 * @throws ModelFileError if the file cannot be read as a model at all
 */
export async function inspectModel(file: string, run: RunConfig = readRunConfig()): Promise<Inspection> {
  const isManifest = file.endsWith(".json");
  const beside = isManifest ? file : join(dirname(file), "manifest.json");
  const manifest = isManifest || existsSync(beside) ? readManifest(beside) : undefined;
  const server = manifest === undefined ? undefined : await askServer(beside, run);
  if (isManifest && manifest !== undefined && "prompt" in manifest) return inspectChat(beside, server);
  const model = isManifest ? join(dirname(file), MODEL_FILE) : file;
  const bytes = readModelBytes(model);
  const hash = sha256(bytes);
  const { facts, refused } = await lookAtModel(bytes, model, run.inference);
  return {
    kind: "graph",
    model,
    bytes: bytes.length,
    sha256: hash,
    ...facts,
    refused: refused ?? (manifest === undefined ? undefined : await refusalOf(beside, run)),
    manifest,
    hashMatches: manifest === undefined ? undefined : hashOf(manifest) === hash,
    server,
  };
}

function inspectChat(path: string, server: ServerCheck | undefined): ChatInspection {
  const manifest = readAnyManifest(path);
  if (!isChatManifest(manifest)) throw new Error("a manifest changed while it was read");
  const [claim] = fuzzClaims(manifest, 1);
  return {
    kind: "chat",
    model: path,
    hash: chatModelHash(manifest),
    manifest,
    conversation: claim === undefined ? [] : renderPrompt(manifest.prompt, claim),
    server,
  };
}

/** What a keeper would say that runs the model here: it loads and tries it the way the manifest says. */
async function refusalOf(path: string, { inference }: RunConfig): Promise<Refusal | undefined> {
  try {
    await (await loadModel(readModel(path), inference)).close();
    return undefined;
  } catch (error) {
    if (error instanceof ModelFileError) return error.refusal;
    throw error;
  }
}

async function askServer(path: string, run: RunConfig): Promise<ServerCheck | undefined> {
  if (run.remote === undefined) return undefined;
  const { url } = run.remote;
  try {
    await (await openModel(path, run)).model.close();
    return { url, refused: undefined };
  } catch (error) {
    return { url, refused: renderError(error) };
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
  let size: number;
  try {
    ({ size } = statSync(file));
    if (size <= MAX_MODEL_BYTES) return readFileSync(file);
  } catch (error) {
    throw unusable(file, error, "Name a manifest.json or a model.onnx.");
  }
  throw unusable(file, new Error(`${size} bytes, keepers read at most ${MAX_MODEL_BYTES}`), TOO_LARGE_ADVICE);
}

function unusable(file: string, error: unknown, advice: string): CliError {
  const reason = error instanceof Error ? error.message : String(error);
  return new CliError("MODEL_UNUSABLE", "The file cannot be used", { file, reason }, advice);
}
