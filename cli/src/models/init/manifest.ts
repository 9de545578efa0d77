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

import { CliError } from "../../lib/errors.ts";
import { aboutOf, textLimits } from "./about.ts";
import { describeInput } from "./inputs.ts";
import type { Interview } from "./interview.ts";
import { describeOutput } from "./output.ts";
import { range } from "./parse.ts";
import { checked } from "./write.ts";

/** What lies in a model's folder. */
export interface ModelBytes {
  readonly model: Uint8Array;
  readonly tokenizer: Uint8Array | undefined;
}

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
  const { check } = interview;
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
  const { head, baseRate, provenance } = await aboutOf(interview);
  check();
  return checked(manifestSchema, {
    $schema: MANIFEST_SCHEMA_ID,
    ...head,
    inputs,
    output,
    calibration: { method: "none" },
    baseRate,
    limits: limitsOf(inputs, output, interview),
    files: {
      [MODEL_FILE]: sha256(model),
      ...(takesTokens && tokenizer !== undefined && { [TOKENIZER_FILE]: sha256(tokenizer) }),
    },
    provenance,
  });
}

/** Limits of the fields the model sees: those of options, else something sensible to begin with. */
function limitsOf(
  inputs: readonly (ManifestInput | undefined)[],
  output: ManifestOutput | undefined,
  interview: Interview,
): Manifest["limits"] {
  const fields = textFieldsOf(inputs.filter((input) => input !== undefined));
  // The name of a class may be one letter.
  const shortest = output?.select.by === "answer" ? 1 : undefined;
  const image = interview.given({ flag: "image-limits", parse: range }) ?? imageLimits(inputs);
  return { ...textLimits(fields, interview, shortest), ...(image && { image }) };
}

function imageLimits(inputs: readonly (ManifestInput | undefined)[]): Manifest["limits"]["image"] {
  const sides = inputs.flatMap((input) => (input?.kind === "image" ? [input.width, input.height] : []));
  return sides.length === 0 ? undefined : { min: 1, max: Math.max(MAX_SIDE, ...sides) };
}
