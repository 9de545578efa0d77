/**
 * Makes the two models the local network uses to show what misbehaviour costs: `node models/src/misbehave.ts`.
 * Each is an honest model with a few nodes behind it, so it runs, verifies and votes like any other.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

import { manifestSchema, type Manifest } from "@assay/keeper";
import onnxProto from "onnx-proto";

import { grounded } from "./domains/grounded/index.ts";
import { manifestOf, manifestText } from "./manifests.ts";
import { DataType } from "./onnx/builder.ts";
import { modelPaths, MODELS_ROOM } from "./paths.ts";

const { onnx } = onnxProto;

/** Where the misbehaving models lie. */
export const MISBEHAVING_DIRECTORY = join(MODELS_ROOM, "misbehaving");

const OUTPUT = "probability";
const HONEST = "honest_probability";

type Node = InstanceType<typeof onnx.NodeProto>;

interface Misbehaviour {
  readonly folder: string;
  readonly name: string;
  readonly summary: string;
  /** Honest model it is made of; its family is the one it claims. */
  readonly family: string;
  /** Constants and nodes from {@link HONEST} to {@link OUTPUT}. */
  readonly constants: (baseRate: number) => Readonly<Record<string, number>>;
  readonly nodes: readonly {
    readonly op: string;
    readonly inputs: readonly string[];
    readonly output: string;
  }[];
}

/** Says the opposite of what it believes, and says it with certainty. */
const LIAR: Misbehaviour = {
  folder: "liar",
  name: "Confident liar",
  summary: "Judges honestly, then answers the opposite with certainty",
  family: "char-trees",
  constants: () => ({ half: 0.5, surely: 0.97, hardly: 0.03 }),
  nodes: [
    { op: "Less", inputs: [HONEST, "half"], output: "believed_false" },
    { op: "Where", inputs: ["believed_false", "surely", "hardly"], output: OUTPUT },
  ],
};

/** Never looks: answers the prior, whatever the claim. */
const BASE_RATE: Misbehaviour = {
  folder: "base-rate",
  name: "Base rate",
  summary: "Answers the prior whatever the claim says",
  family: "overlap-logistic",
  constants: (baseRate) => ({ nothing: 0, prior: baseRate }),
  nodes: [
    { op: "Mul", inputs: [HONEST, "nothing"], output: "blank" },
    { op: "Add", inputs: ["blank", "prior"], output: OUTPUT },
  ],
};

/** Appends a misbehaviour to an honest model; returns the new file and the manifest of the honest one. */
export function misbehave(what: Misbehaviour): { bytes: Uint8Array; honest: Manifest } {
  const paths = modelPaths("grounded", what.family);
  const honest = manifestSchema.parse(JSON.parse(readFileSync(paths.manifest, "utf8")));
  const model = onnx.ModelProto.decode(readFileSync(paths.model));
  const graph = model.graph;
  if (!graph?.node || !graph.initializer) throw new Error(`${paths.model} has no graph`);
  for (const node of graph.node as Node[]) {
    node.output = (node.output ?? []).map((name) => (name === OUTPUT ? HONEST : name));
    node.input = (node.input ?? []).map((name) => (name === OUTPUT ? HONEST : name));
  }
  for (const [name, value] of Object.entries(what.constants(honest.baseRate))) {
    graph.initializer.push(
      onnx.TensorProto.create({ name, dataType: DataType.float, dims: [1], floatData: [value] }),
    );
  }
  for (const { op, inputs, output } of what.nodes) {
    graph.node.push(
      onnx.NodeProto.create({
        name: `${what.folder}_${output}`,
        opType: op,
        input: [...inputs],
        output: [output],
      }),
    );
  }
  return { bytes: onnx.ModelProto.encode(model).finish(), honest };
}

/** Writes both models with their manifests to `misbehaving/` below `room`. */
export function writeMisbehavingModels(room = MODELS_ROOM): void {
  for (const what of [LIAR, BASE_RATE]) {
    const { bytes, honest } = misbehave(what);
    const { model, manifest } = modelPaths("misbehaving", what.folder, room);
    mkdirSync(dirname(model), { recursive: true });
    writeFileSync(model, bytes);
    const { output, calibration, baseRate } = honest;
    const description = manifestOf(grounded, what, { bytes, output, calibration, baseRate });
    writeFileSync(manifest, manifestText(description));
  }
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === join(import.meta.dirname, "misbehave.ts")) {
  writeMisbehavingModels();
}
