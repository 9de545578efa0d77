import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { MODEL_FILE, sha256, type Manifest } from "@assay/keeper";
import onnxProto from "onnx-proto";

const { onnx } = onnxProto;

type Attributes = Readonly<Record<string, number | bigint | string | readonly string[]>>;
type Types = "FLOAT" | "DOUBLE" | "UINT8" | "INT32" | "INT64" | "BOOL" | "STRING" | "FLOAT16";

export interface PortPlan {
  readonly name: string;
  readonly type: Types;
  readonly shape: readonly (number | string)[];
}

/** A graph small enough to write down; all operators are of the default domain unless written `domain:Operator`. */
export interface GraphPlan {
  readonly inputs: readonly PortPlan[];
  readonly outputs: readonly PortPlan[];
  /** Operator, inputs, output or outputs, attributes. */
  readonly nodes: readonly (readonly [string, readonly string[], string | readonly string[], Attributes?])[];
  readonly floats?: Readonly<
    Record<string, { readonly shape: readonly number[]; readonly data: readonly number[] }>
  >;
  readonly integers?: Readonly<Record<string, readonly number[]>>;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly opset?: number;
  /** Name of a constant that claims to lie in another file, and the file. */
  readonly external?: readonly [string, string];
}

/** Serialises a graph. */
export function onnxModel(plan: GraphPlan): Uint8Array {
  const bytesOf = (data: Float32Array | BigInt64Array) => new Uint8Array(data.buffer);
  const floats = Object.entries(plan.floats ?? {}).map(([name, { shape, data }]) => ({
    name,
    dims: [...shape],
    dataType: onnx.TensorProto.DataType.FLOAT,
    rawData: bytesOf(Float32Array.from(data)),
  }));
  const integers = Object.entries(plan.integers ?? {}).map(([name, data]) => ({
    name,
    dims: [data.length],
    dataType: onnx.TensorProto.DataType.INT64,
    rawData: bytesOf(BigInt64Array.from(data, BigInt)),
  }));
  const external = (plan.external === undefined ? [] : [plan.external]).map(([name, location]) => ({
    name,
    dims: [1],
    dataType: onnx.TensorProto.DataType.FLOAT,
    dataLocation: onnx.TensorProto.DataLocation.EXTERNAL,
    externalData: [{ key: "location", value: location }],
  }));
  const model = onnx.ModelProto.create({
    irVersion: 9,
    opsetImport: [
      { domain: "", version: plan.opset ?? 20 },
      { domain: "ai.onnx.ml", version: 3 },
    ],
    metadataProps: Object.entries(plan.metadata ?? {}).map(([key, value]) => ({ key, value })),
    graph: {
      name: "test",
      node: plan.nodes.map(([op, input, output, attributes = {}]) => {
        const [opType = "", domain = ""] = op.split(":").reverse();
        const attribute = Object.entries(attributes).map(([name, value]) => attributeOf(name, value));
        return { opType, domain, input: [...input], output: [output].flat(), attribute };
      }),
      initializer: [...floats, ...integers, ...external],
      input: plan.inputs.map(portOf),
      output: plan.outputs.map(portOf),
    },
  });
  return onnx.ModelProto.encode(model).finish();
}

function attributeOf(name: string, value: Attributes[string]): onnxProto.onnx.IAttributeProto {
  const { FLOAT, INT, STRING, STRINGS } = onnx.AttributeProto.AttributeType;
  if (typeof value === "number") return { name, type: FLOAT, f: value };
  if (typeof value === "bigint") return { name, type: INT, i: Number(value) };
  if (typeof value === "string") return { name, type: STRING, s: Buffer.from(value) };
  return { name, type: STRINGS, strings: value.map((text) => Buffer.from(text)) };
}

function portOf({ name, type, shape }: PortPlan): onnxProto.onnx.IValueInfoProto {
  const dim = shape.map((size) => (typeof size === "string" ? { dimParam: size } : { dimValue: size }));
  return { name, type: { tensorType: { elemType: onnx.TensorProto.DataType[type], shape: { dim } } } };
}

/** Counts the words of the answer; `tail` makes `probability` of `words`, a float a claim. */
export function wordsModel(
  tail: GraphPlan["nodes"] = [
    ["Mul", ["words", "slope"], "scaled"],
    ["Add", ["scaled", "offset"], "logit"],
    ["Sigmoid", ["logit"], "probability"],
  ],
): GraphPlan {
  return {
    inputs: [{ name: "answer", type: "STRING", shape: ["N"] }],
    outputs: [{ name: "probability", type: "FLOAT", shape: ["N"] }],
    nodes: [
      ["StringSplit", ["answer"], ["split", "count"]],
      ["Cast", ["count"], "words", { to: 1n }],
      ...tail,
    ],
    floats: {
      slope: { shape: [], data: [0.5] },
      offset: { shape: [], data: [-3] },
      most: { shape: [], data: [3_000] },
    },
  };
}

/** Writes a model folder: the graph, and a manifest that describes it but for what is given. */
export function writeModel(folder: string, bytes: Uint8Array, manifest: Partial<Manifest> = {}): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, MODEL_FILE), bytes);
  const described: Manifest = {
    schemaVersion: 2,
    name: "Test model",
    domain: "test",
    family: "test",
    inputs: [{ kind: "string", name: "answer", field: "answer" }],
    output: { name: "probability", values: "probabilities", select: { by: "only" } },
    calibration: { method: "none" },
    baseRate: 0.5,
    limits: { answer: { min: 1, max: 8_192 } },
    files: { [MODEL_FILE]: sha256(bytes) },
    provenance: { source: "a test", licence: "MIT" },
    ...manifest,
  };
  const path = join(folder, "manifest.json");
  writeFileSync(path, JSON.stringify(described));
  return path;
}
