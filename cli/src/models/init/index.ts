import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

import {
  loadModel,
  lookAtModel,
  MODEL_FILE,
  ModelFileError,
  TOKENIZER_FILE,
  type GraphFacts,
  type Manifest,
  type RunConfig,
} from "@assay/keeper";

import { CliError } from "../../lib/errors.ts";
import { writeText } from "../../lib/files.ts";
import { readModelBytes } from "../inspect.ts";
import { fuzzClaims } from "../fuzz.ts";
import { createInterview, type Flags, type Terminal } from "./interview.ts";
import { interviewFor } from "./manifest.ts";
import { assertWritable, manifestText } from "./write.ts";

export interface Initialised {
  /** Path of the manifest that was written. */
  readonly path: string;
  readonly manifest: Manifest;
  /** What the model answered to a made-up claim; NaN if it would not judge it. */
  readonly trial: number;
  /** What an operator should know before going on. */
  readonly notes: readonly string[];
}

/**
 * Writes a manifest beside a model, after the model was loaded and asked once the way the manifest says.
 *
 * @param file a model.onnx
 * @throws CliError if an answer is missing or impossible, the manifest exists already, or the model cannot be used;
 * ModelFileError if it cannot be loaded
 */
export async function initModel(
  file: string,
  flags: Flags,
  terminal: Terminal | undefined,
  { inference }: RunConfig,
): Promise<Initialised> {
  const folder = dirname(file);
  const path = join(folder, "manifest.json");
  if (basename(file) !== MODEL_FILE) {
    throw new CliError(
      "MODEL_MISNAMED",
      `A model lies in a folder of its own as ${MODEL_FILE}`,
      { file },
      `Move it: mkdir FOLDER, then mv ${basename(file)} FOLDER/${MODEL_FILE}.`,
    );
  }
  assertWritable(path, flags);
  const model = readModelBytes(file);
  const graph = await readFacts(file, model, inference);
  const beside = join(folder, TOKENIZER_FILE);
  const tokenizer = existsSync(beside) ? readFileSync(beside) : undefined;
  const interview = createInterview(flags, terminal);
  const manifest = await interviewFor(graph, { model, tokenizer }, interview).finally(interview.close);
  const takesTokens = TOKENIZER_FILE in manifest.files;
  const session = await loadModel(
    { manifest, bytes: model, folder, ...(takesTokens && tokenizer !== undefined && { tokenizer }) },
    inference,
  );
  let trial: number;
  try {
    [trial = Number.NaN] = await session.judge(fuzzClaims(manifest, 1));
  } finally {
    await session.close();
  }
  writeText(path, manifestText(manifest));
  return { path, manifest, trial, notes: notesOn(graph, manifest) };
}

/** A label is all or nothing, where the same export holds probabilities that nobody can ask for. */
function notesOn({ outputs }: GraphFacts, { output }: Manifest): string[] {
  const map = outputs.find(({ type }) => type === "map" || type === "sequence");
  if (output.values !== "labels" || map === undefined) return [];
  return [
    `the probabilities of this export are a map (${map.name}), and keepers ask for tensors only: its votes come from the label ${output.name} and are all or nothing. scikit-learn exports probabilities as a tensor with options={'zipmap': False}`,
  ];
}

/** Nobody is asked about a model that keepers refuse whatever its manifest says. */
async function readFacts(
  file: string,
  bytes: Uint8Array,
  inference: RunConfig["inference"],
): Promise<GraphFacts> {
  const { facts, refused } = await lookAtModel(bytes, file, inference);
  if (refused !== undefined) throw new ModelFileError(file, refused);
  return facts;
}
