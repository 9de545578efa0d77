import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { z } from "zod";

const probability = z.number().min(0).max(1);
const share = z.number().min(0).max(1);

/** What lies beside every model.onnx: how to feed it, what it was made from, and what it was measured to be worth. */
export const manifestSchema = z.strictObject({
  schemaVersion: z.literal(1),
  /** For people. */
  name: z.string().min(1),
  /** Lineage: architecture and features. Also the name of the folder. */
  family: z.string().regex(/^[a-z][a-z0-9-]*$/),
  /** The kind of question. */
  domain: z.string().regex(/^[a-z][a-z0-9-]*$/),
  summary: z.string().min(1),
  /** Each input is a string tensor of shape [N]; N is the batch. */
  inputs: z.tuple([inputSchema("text"), inputSchema("answer")]),
  /** float32 [N]: calibrated probability that the answer is fully attributable to the text. */
  output: z.strictObject({
    name: z.literal("probability"),
    type: z.literal("float32"),
    shape: z.tuple([z.literal("N")]),
  }),
  /** Hex, of model.onnx. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  sizeBytes: z.int().positive(),
  /** Share of true rows in training: the prior inside the probability. Move it with logit p + logit b − logit baseRate. */
  baseRate: probability,
  calibration: z.strictObject({
    /** Already inside the graph; stated so that it can be undone. */
    method: z.literal("platt"),
    /** Calibrated log-odds = slope · raw log-odds + offset. */
    params: z.strictObject({ slope: z.number().positive(), offset: z.number() }),
    fittedOn: z.string().min(1),
    /** Expected calibration error on the held-out rows, ten bins. */
    ece: share,
  }),
  training: z.strictObject({
    source: z.string().min(1),
    licence: z.string().min(1),
    attribution: z.string().min(1),
    rows: z.int().positive(),
    seed: z.int(),
  }),
  /** On the held-out file, which is never trained or calibrated on; computed with model.onnx itself. */
  measured: z.strictObject({
    rows: z.int().positive(),
    accuracy: share,
    brier: share,
    /** nats */
    logLoss: z.number().nonnegative(),
    ece: share,
    /** What answering always the same gets. */
    majorityAccuracy: share,
    /** Of true answers which the model accepts: share of edited copies that it rejects, and how many copies there were. */
    editsRejected: z.strictObject({
      negation: editSchema(),
      number: editSchema(),
      wordSwap: editSchema(),
    }),
  }),
});

export type Manifest = z.infer<typeof manifestSchema>;

/** Reads and checks a manifest.json. Throws ZodError where it does not fit the schema. */
export function readManifest(path: string): Manifest {
  return manifestSchema.parse(JSON.parse(readFileSync(path, "utf8")));
}

/** Hex SHA-256, as `modelHash` on chain and `sha256` here. */
export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function inputSchema<Name extends string>(name: Name) {
  return z.strictObject({
    name: z.literal(name),
    type: z.literal("string"),
    shape: z.tuple([z.literal("N")]),
  });
}

function editSchema() {
  return z.strictObject({ rejected: share, rows: z.int().nonnegative() });
}
