import { readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

import { z } from "zod";

import { sha256 } from "../lib/sha256.ts";
import { ModelFileError } from "./errors.ts";
import { countOf } from "./inputs/tensors.ts";

/** Largest model file that is read, bytes. */
export const MAX_MODEL_BYTES = 64 * 1024 * 1024;

/** What to do about a larger one. */
export const TOO_LARGE_ADVICE =
  "Use a smaller model (float16 and int8 work), or have a server run it: docs/operators.md, Models on a server.";

export const MODEL_FILE = "model.onnx";
export const TOKENIZER_FILE = "tokenizer.json";

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const slug = z.string().regex(/^[a-z][a-z0-9-]*$/);
const port = z.string().min(1).max(256);
const textField = z.enum(["text", "answer"]);
const divisor = z.number().refine((std) => std !== 0, { error: "nothing can be divided by 0" });
const numberType = z.enum(["float32", "float16", "float64", "int64", "int32", "uint8", "bool"]);

const stringInput = z.strictObject({
  kind: z.literal("string"),
  name: port.describe("Input of the graph: a string tensor [N]"),
  field: textField.describe("Field of the claim it takes"),
});

const stringsInput = z.strictObject({
  kind: z.literal("strings"),
  name: port.describe("Input of the graph: a string tensor [N, fields], as scikit-learn exports have it"),
  fields: z.array(textField).min(1).max(2).describe("Fields of the claim, one a column"),
});

const tokensInput = z.strictObject({
  kind: z.literal("tokens"),
  name: port.describe("Input of the graph: an integer tensor [N, tokens]"),
  part: z.enum(["ids", "attentionMask", "typeIds"]).describe("What of the encoding it takes"),
  fields: z.array(textField).min(1).max(2).describe("One text, or a pair, given to tokenizer.json"),
  maxTokens: z.int().min(1).max(8_192).describe("Longer encodings are cut"),
  pad: z.enum(["longest", "maximum"]).describe("Length of a batch: its longest row, or always maxTokens"),
  type: z.enum(["int64", "int32"]),
});

const imageInput = z
  .strictObject({
    kind: z.literal("image"),
    name: port.describe("Input of the graph: a numeric tensor laid out as `layout` says"),
    width: z.int().min(1).max(4_096),
    height: z.int().min(1).max(4_096),
    resize: z.enum(["none", "nearest", "bilinear"]).describe("none: an image of another size is not judged"),
    channels: z.enum(["gray", "rgb", "bgr"]),
    layout: z.enum(["nchw", "nhwc", "nhw"]).describe("nhw only for gray"),
    scale: z.number().describe("value = (pixel · scale − mean) / std; pixels are 0..255"),
    mean: z
      .array(z.number())
      .min(1)
      .max(3)
      .describe("One number, or one a channel in the order of `channels`"),
    std: z.array(divisor).min(1).max(3).describe("One number, or one a channel in the order of `channels`"),
    type: z.enum(["float32", "float16", "uint8"]),
  })
  .refine(({ channels, layout }) => layout !== "nhw" || channels === "gray", {
    error: "nhw has no place for colours",
    path: ["layout"],
  })
  .refine(
    ({ channels, mean, std }) =>
      [mean, std].every(({ length }) => [1, channels === "gray" ? 1 : 3].includes(length)),
    { error: "mean and std hold one number, or one a channel", path: ["mean"] },
  );

/** One number for all of a tensor, or a list of one for each. */
function oneOrEach(number: z.ZodNumber) {
  return z
    .union([number, z.array(number).min(1)], { error: "neither a number nor a list of numbers" })
    .describe("One number, or one for each of the values, row by row");
}

const valuesInput = z
  .strictObject({
    kind: z.literal("values"),
    name: port.describe("Input of the graph: a numeric tensor [N, ...shape]"),
    shape: z.array(z.int().min(1)).max(4).describe("Without the batch; row-major"),
    scale: z.number().describe("value = (number · scale − mean) / std"),
    mean: oneOrEach(z.number()),
    std: oneOrEach(
      z.number().gt(0, { error: ({ input }) => `${String(input)} is given, allowed is a number above 0` }),
    ),
    type: numberType.describe("Whole numbers are rounded and cut to what fits; bool: what is not 0"),
  })
  .superRefine((input, { addIssue }) => {
    const count = countOf(input.shape);
    for (const field of ["mean", "std"] as const) {
      const given = input[field];
      if (typeof given === "number" || given.length === count) continue;
      const message = `${given.length} numbers are given, allowed are one number or a list of ${count}, as many as shape [${input.shape.join(", ")}] has`;
      addIssue({ code: "custom", path: [field], message });
    }
  });

const inputSchema = z.discriminatedUnion("kind", [
  stringInput,
  stringsInput,
  tokensInput,
  imageInput,
  valuesInput,
]);
export type ManifestInput = z.infer<typeof inputSchema>;

/** Fields of a claim that a model reads as text. */
export function textFieldsOf(inputs: readonly ManifestInput[]): ("text" | "answer")[] {
  const fields = inputs.flatMap((input) => {
    if (input.kind === "string") return [input.field];
    return input.kind === "tokens" || input.kind === "strings" ? input.fields : [];
  });
  return [...new Set(fields)];
}

const selectSchema = z.discriminatedUnion("by", [
  z.strictObject({ by: z.literal("only") }).describe("The output has one number a claim"),
  z
    .strictObject({ by: z.literal("index"), index: z.int().min(0), classes: z.int().min(1) })
    .refine(({ index, classes }) => index < classes, { error: "there is no such class", path: ["index"] })
    .describe("Number `index` of `classes` numbers a claim"),
  z
    .strictObject({ by: z.literal("label"), label: z.string().min(1) })
    .describe("The output is a predicted label: the claim is true iff it is this one"),
  z
    .strictObject({ by: z.literal("answer"), labels: z.array(z.string().min(1)).min(2) })
    .refine(({ labels }) => new Set(labels).size === labels.length, {
      error: "a label is there twice",
      path: ["labels"],
    })
    .describe("One number a label, and the claim's answer is the label it is about, to the letter"),
]);

const outputSchema = z.strictObject({
  name: port.describe("Output of the graph; only this one is asked for"),
  values: z
    .enum(["probabilities", "logits", "labels"])
    .describe("logits: sigmoid for one number, softmax over several; labels: int64 or string"),
  select: selectSchema,
});
export type ManifestOutput = z.infer<typeof outputSchema>;

const calibrationSchema = z.discriminatedUnion("method", [
  z.strictObject({ method: z.literal("none") }).describe("Calibrated inside the graph, or not at all"),
  z
    .strictObject({ method: z.literal("temperature"), temperature: z.number().positive() })
    .describe("logit p / temperature"),
  z
    .strictObject({ method: z.literal("platt"), slope: z.number(), offset: z.number() })
    .describe("slope · logit p + offset"),
  z
    .strictObject({
      method: z.literal("isotonic"),
      from: z.array(z.number().min(0).max(1)).min(2),
      to: z.array(z.number().min(0).max(1)).min(2),
    })
    .refine(({ from, to }) => from.length === to.length, { error: "from and to differ in length" })
    .refine(({ from }) => from.every((x, i) => i === 0 || x > (from[i - 1] ?? 0)), {
      error: "from does not rise",
    })
    .refine(({ to }) => to.every((y, i) => i === 0 || y >= (to[i - 1] ?? 0)), { error: "to falls" })
    .describe("Straight lines between the points (from, to), flat outside"),
]);
export type Calibration = z.infer<typeof calibrationSchema>;

const lengthSchema = z
  .strictObject({ min: z.int().min(0), max: z.int().min(1) })
  .refine(({ min, max }) => min <= max, { error: "min is above max" });

/** Names the schema wherever the file lies; the number is that of `schemaVersion`. */
export const MANIFEST_SCHEMA_ID = "urn:assay:manifest:2";

/** The one source of a manifest's shape: models/manifest.schema.json is made from it. */
export const manifestSchema = z
  .strictObject({
    $schema: z.string().exactOptional().describe("Path or `$id` of this schema, for editors; in no hash"),
    schemaVersion: z.literal(2),
    name: z.string().min(1).describe("For people"),
    domain: slug.describe("The kind of question"),
    family: slug.describe("Lineage: architecture, training data, base weights"),
    summary: z.string().min(1).exactOptional(),
    inputs: z
      .array(inputSchema)
      .min(1)
      .refine((inputs) => new Set(inputs.map(({ name }) => name)).size === inputs.length, {
        error: "an input is there twice",
      }),
    output: outputSchema,
    calibration: calibrationSchema.describe("What the keeper does with a probability, before it is moved"),
    baseRate: z
      .number()
      .gt(0)
      .lt(1)
      .describe("Prior of the calibrated probabilities: share of true claims they were fitted on"),
    limits: z
      .strictObject({
        text: lengthSchema.exactOptional().describe("Characters"),
        answer: lengthSchema.exactOptional().describe("Characters"),
        image: lengthSchema.exactOptional().describe("Pixels of the longer side"),
      })
      .describe("Claims outside are not judged: the keeper votes the base rate"),
    files: z
      .strictObject({
        [MODEL_FILE]: hash.describe("Also the modelHash on the chain"),
        [TOKENIZER_FILE]: hash.exactOptional(),
      })
      .describe("SHA-256 of every file beside the manifest"),
    provenance: z.strictObject({
      source: z.string().min(1).describe("Training data and where the weights come from"),
      licence: z.string().min(1),
      attribution: z.string().min(1).exactOptional(),
    }),
    measured: z
      .record(z.string(), z.unknown())
      .exactOptional()
      .describe("What the author measured; for people, the keeper ignores it"),
  })
  .refine(({ inputs, files }) => TOKENIZER_FILE in files === inputs.some(({ kind }) => kind === "tokens"), {
    error: `${TOKENIZER_FILE} belongs beside a model with inputs of kind tokens, and only there`,
    path: ["files"],
  })
  .refine(({ inputs, limits }) => textFieldsOf(inputs).every((field) => (limits[field]?.min ?? 0) >= 1), {
    error:
      "a field the model reads needs limits that begin at one character or more: nothing can be said about nothing",
    path: ["limits"],
  })
  .refine(({ output: { values, select } }) => (values === "labels") === (select.by === "label"), {
    error: "values labels and select by label belong together",
    path: ["output"],
  });
export type Manifest = z.infer<typeof manifestSchema>;

/** JSON Schema of a manifest, for editors and other languages. */
export function manifestJsonSchema(): object {
  return { $id: MANIFEST_SCHEMA_ID, title: "Assay model manifest", ...z.toJSONSchema(manifestSchema) };
}

export interface ModelFile {
  readonly manifest: Manifest;
  /** The very bytes whose SHA-256 was checked; the session is made from them, never from the path again. */
  readonly bytes: Uint8Array;
  /** tokenizer.json, checked as well. */
  readonly tokenizer?: Uint8Array;
  readonly folder: string;
}

/**
 * Reads a manifest and the files beside it.
 *
 * @param path the manifest.json
 * @throws ModelFileError if one cannot be read, the manifest has the wrong shape, or a hash differs
 */
export function readModel(path: string): ModelFile {
  const described = readDescribed(path);
  const { manifest, folder } = described;
  return { ...described, bytes: readChecked(join(folder, MODEL_FILE), manifest.files[MODEL_FILE]) };
}

/**
 * The same without the graph, for a model that runs elsewhere.
 *
 * @throws ModelFileError
 */
export function readDescribed(path: string): Omit<ModelFile, "bytes"> {
  const manifest = parseManifest(path, manifestSchema);
  const folder = dirname(path);
  const tokenizerHash = manifest.files[TOKENIZER_FILE];
  if (tokenizerHash === undefined) return { manifest, folder };
  return { manifest, folder, tokenizer: readChecked(join(folder, TOKENIZER_FILE), tokenizerHash) };
}

/** @throws ModelFileError if the file cannot be read or has another shape */
export function parseManifest<T>(path: string, schema: z.ZodType<T>): T {
  try {
    return schema.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch (error) {
    const given = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    const allowed = "a manifest of version 2";
    const advice =
      "Correct the fields named, or write a manifest with `assay models init`; docs/manifest.md describes it.";
    throw new ModelFileError(path, { code: "MANIFEST_INVALID", given, allowed, advice }, error);
  }
}

function readChecked(file: string, expected: string): Uint8Array {
  let bytes: Uint8Array;
  try {
    const { size } = statSync(file);
    if (size > MAX_MODEL_BYTES) {
      const allowed = `at most ${MAX_MODEL_BYTES} bytes`;
      throw new ModelFileError(file, {
        code: "MODEL_UNREADABLE",
        given: `${size} bytes`,
        allowed,
        advice: TOO_LARGE_ADVICE,
      });
    }
    bytes = readFileSync(file);
  } catch (error) {
    if (error instanceof ModelFileError) throw error;
    const allowed = "a readable file";
    throw new ModelFileError(file, { code: "MODEL_UNREADABLE", given: String(error), allowed }, error);
  }
  const given = sha256(bytes);
  if (given !== expected) {
    throw new ModelFileError(file, {
      code: "MODEL_HASH_MISMATCH",
      given: `SHA-256 ${given}`,
      allowed: `SHA-256 ${expected} of the manifest`,
    });
  }
  return bytes;
}
