import {
  MANIFEST_SCHEMA_ID,
  manifestSchema,
  MODEL_FILE,
  sha256,
  textFieldsOf,
  TOKENIZER_FILE,
  type GraphFacts,
  type Manifest,
  type ManifestInput,
  type ManifestOutput,
} from "@assay/keeper";
import { z } from "zod";

import { CliError } from "../../lib/errors.ts";
import { describeInput } from "./inputs.ts";
import type { Interview } from "./interview.ts";
import { describeOutput } from "./output.ts";
import { range, share, slug, text } from "./parse.ts";

/** What lies in a model's folder. */
export interface ModelBytes {
  readonly model: Uint8Array;
  readonly tokenizer: Uint8Array | undefined;
}

/** Shortest text or answer that is judged unless the operator says otherwise: shorter ones give confident nonsense. */
const MIN_CHARACTERS = 3;
/** Longest text and answer of a payload, characters at most. */
const MAX_TEXT = 32_768;
const MAX_ANSWER = 8_192;
/** Longer side of images that are judged, pixels: a stranger's image of a few bytes may unfold to millions of pixels. */
const MAX_SIDE = 1_024;

/**
 * Writes a manifest for a model: what the graph says, and the interview's answers for the rest.
 *
 * @throws CliError with all answers that are missing, or if no manifest can describe the model
 */
export async function interviewFor(
  graph: GraphFacts,
  { model, tokenizer }: ModelBytes,
  interview: Interview,
): Promise<Manifest> {
  const { ask, given, check } = interview;
  const inputs: (ManifestInput | undefined)[] = [];
  for (const port of graph.inputs) inputs.push(await describeInput(port, interview, tokenizer !== undefined));
  const takesTokens = inputs.some((input) => input?.kind === "tokens");
  if (takesTokens && tokenizer === undefined) {
    throw new CliError(
      "TOKENIZER_MISSING",
      "The graph takes token ids, and no tokenizer lies beside it",
      { file: TOKENIZER_FILE },
      "Put the model's Hugging Face tokenizer.json beside it; whole numbers that are no tokens need --kind INPUT=values.",
    );
  }
  const output = await describeOutput(graph, interview);
  const name = await ask({ flag: "name", text: "name of the model, for people", parse: text });
  const domain = await ask({ flag: "domain", text: "domain it judges, such as grounded", parse: slug });
  const family = await ask({
    flag: "family",
    text: "family it belongs to: architecture, training data, base weights",
    parse: slug,
  });
  const baseRate = await ask({
    flag: "base-rate",
    text: "share of true claims in its training data",
    proposal: "0.5",
    parse: share,
  });
  const source = await ask({
    flag: "source",
    text: "training data and where the weights come from",
    parse: text,
  });
  const licence = await ask({ flag: "licence", text: "licence of the weights", parse: text });
  check();
  const summary = given({ flag: "summary", parse: text });
  const attribution = given({ flag: "attribution", parse: text });
  return checked({
    $schema: MANIFEST_SCHEMA_ID,
    schemaVersion: 2,
    name,
    domain,
    family,
    ...(summary !== undefined && { summary }),
    inputs,
    output,
    calibration: { method: "none" },
    baseRate,
    limits: limitsOf(inputs, output, interview),
    files: {
      [MODEL_FILE]: sha256(model),
      ...(takesTokens && tokenizer !== undefined && { [TOKENIZER_FILE]: sha256(tokenizer) }),
    },
    provenance: { source, licence, ...(attribution !== undefined && { attribution }) },
  });
}

/** Limits of the fields the model sees: those of options, else something sensible to begin with. */
function limitsOf(
  inputs: readonly (ManifestInput | undefined)[],
  output: ManifestOutput | undefined,
  { given }: Interview,
): Manifest["limits"] {
  const fields = textFieldsOf(inputs.filter((input) => input !== undefined));
  // The name of a class may be one letter.
  const shortest = output?.select.by === "answer" ? 1 : MIN_CHARACTERS;
  const text =
    given({ flag: "text-limits", parse: range }) ??
    (fields.includes("text") ? { min: MIN_CHARACTERS, max: MAX_TEXT } : undefined);
  const answer =
    given({ flag: "answer-limits", parse: range }) ??
    (fields.includes("answer") ? { min: shortest, max: MAX_ANSWER } : undefined);
  const image = given({ flag: "image-limits", parse: range }) ?? imageLimits(inputs);
  return { ...(text && { text }), ...(answer && { answer }), ...(image && { image }) };
}

function imageLimits(inputs: readonly (ManifestInput | undefined)[]): Manifest["limits"]["image"] {
  const sides = inputs.flatMap((input) => (input?.kind === "image" ? [input.width, input.height] : []));
  return sides.length === 0 ? undefined : { min: 1, max: Math.max(MAX_SIDE, ...sides) };
}

function checked(manifest: unknown): Manifest {
  const parsed = manifestSchema.safeParse(manifest);
  if (parsed.success) return parsed.data;
  throw new CliError(
    "MANIFEST_IMPOSSIBLE",
    "The answers do not make a manifest",
    { reason: z.prettifyError(parsed.error).replaceAll("\n", " ") },
    "Correct the options.",
  );
}
