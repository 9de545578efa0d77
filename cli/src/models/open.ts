import { dirname, join } from "node:path";

import {
  createLogger,
  readAnyManifest,
  readModelSource,
  type AnyManifest,
  type Claim,
  type Measuring,
  type Model,
  type RunConfig,
} from "@assay/keeper";

import { CliError } from "../lib/errors.ts";

/** A model as its keeper would run it: here, or at a server. */
export interface OpenedModel {
  readonly manifest: AnyManifest;
  readonly model: Model;
  /** Most claims that one call of `judge` answers as a keeper would: its time is that of one request. */
  readonly atOnce: number;
  /** What went wrong since it was opened, each reason once. */
  trouble(): string[];
}

/** Reasons shown at once. */
const SHOWN = 3;
/** Claims of the largest request. */
const MOST_CLAIMS = 256;

/** The manifest of a model that was named by either of its files. */
export function manifestOf(file: string): string {
  return file.endsWith(".json") ? file : join(dirname(file), "manifest.json");
}

/**
 * Opens a model through the same runtime as the keeper.
 *
 * @param path the manifest.json
 * @throws ModelFileError if it cannot be loaded, RemoteError if its server refuses
 */
export async function openModel(
  path: string,
  run: RunConfig,
  measuring: Measuring = {},
): Promise<OpenedModel> {
  const reasons = new Set<string>();
  const log = createLogger({
    level: "warn",
    secrets: run.remoteToken === undefined ? [] : [run.remoteToken],
    write: (line) => reasons.add(reasonOf(line)),
  });
  const manifest = readAnyManifest(path);
  const model = await readModelSource({ ...run, model: path }, measuring).open(log);
  return {
    manifest,
    model,
    atOnce: claimsAtOnce(run),
    trouble: () => {
      const all = [...reasons];
      return all.length <= SHOWN
        ? all
        : [...all.slice(0, SHOWN), `and ${all.length - SHOWN} more reasons of this kind`];
    },
  };
}

/** Judges all claims, whatever their number, and lets go of the model. */
export async function judgeAll(
  { model, atOnce }: OpenedModel,
  claims: readonly Claim[],
): Promise<readonly number[]> {
  try {
    const probabilities: number[] = [];
    // One by one: a spread of very many overflows the stack.
    for (let i = 0; i < claims.length; i += atOnce)
      for (const p of await model.judge(claims.slice(i, i + atOnce))) probabilities.push(p);
    return probabilities;
  } finally {
    await model.close();
  }
}

/** @throws CliError if no claim at all was judged: there is nothing to measure then */
export function assertJudged(
  data: string,
  probabilities: readonly number[],
  trouble: readonly string[],
  { limits }: AnyManifest,
): void {
  if (probabilities.some((p) => Number.isFinite(p))) return;
  throw new CliError(
    "NOTHING_JUDGED",
    "The model judged none of the claims",
    {
      file: data,
      claims: probabilities.length,
      limits: JSON.stringify(limits),
      reason: trouble.join("; ") || undefined,
    },
    trouble.length > 0
      ? "Mend what the reason says; assay models verify tries the model on claims of its own."
      : "Check that the claims have what the model takes (text, image or values) and lie within its limits.",
  );
}

function claimsAtOnce({ remote }: RunConfig): number {
  switch (remote?.kind) {
    case undefined:
      return MOST_CLAIMS;
    case "open-inference":
      return remote.batch * remote.maxConcurrent;
    case "openai-chat":
      return remote.maxConcurrent;
  }
}

/** A line of the keeper's log for a person. */
function reasonOf(line: string): string {
  const { msg, reason, detail, example, error } = JSON.parse(line) as Partial<Record<string, string>>;
  return [msg, reason, detail, example, error].filter((part) => part !== undefined).join(": ");
}
