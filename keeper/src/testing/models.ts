/** Models for tests, made when they are asked for: honest ones of every kind, and every kind that must be refused. */
import { sha256 } from "../lib/sha256.ts";
import {
  MODEL_FILE,
  TOKENIZER_FILE,
  manifestSchema,
  textFieldsOf,
  type Manifest,
  type ManifestInput,
  type ModelFile,
} from "../model/manifest.ts";
import { onnxFile, subgraph, type GraphSpec, type Node, type PortSpec } from "./onnx.ts";

/** A model file as if it had been read from a folder; checked like one. */
export function modelOf(bytes: Uint8Array, own: Partial<Manifest>, tokenizer?: object): ModelFile {
  const fields = textFieldsOf(own.inputs ?? []);
  const tokenizerBytes = tokenizer && new TextEncoder().encode(JSON.stringify(tokenizer));
  const manifest = manifestSchema.parse({
    schemaVersion: 2,
    name: "made by a test",
    domain: "test",
    family: "test",
    inputs: [VALUES],
    output: { name: "p", values: "probabilities", select: { by: "only" } },
    calibration: { method: "none" },
    baseRate: 0.5,
    limits: Object.fromEntries(fields.map((field) => [field, { min: 1, max: 32_768 }])),
    files: {
      [MODEL_FILE]: sha256(bytes),
      ...(tokenizerBytes && { [TOKENIZER_FILE]: sha256(tokenizerBytes) }),
    },
    provenance: { source: "made by a test", licence: "MIT" },
    ...own,
  });
  const file = { manifest, bytes, folder: "test" };
  return tokenizerBytes === undefined ? file : { ...file, tokenizer: tokenizerBytes };
}

/** One number a claim, named x. */
export const VALUES: Extract<ManifestInput, { kind: "values" }> = {
  kind: "values",
  name: "x",
  shape: [1],
  scale: 1,
  mean: 0,
  std: 1,
  type: "float32",
};

export const X: PortSpec = { name: "x", type: "float", shape: ["N", 1] };
export const P: PortSpec = { name: "p", type: "float", shape: ["N", 1] };

/** p = sigmoid(x): one number in, one probability out. */
export const SIGMOID: GraphSpec = { inputs: [X], outputs: [P], nodes: [["Sigmoid", ["x"], ["p"]]] };

/** The same in other words: with weights, an attribute, and the sigmoid in a graph within the graph. */
export const LEAKY: GraphSpec = {
  inputs: [X],
  outputs: [P],
  nodes: [
    ["LeakyRelu", ["x"], ["l"], { alpha: 1 }],
    ["Mul", ["l", "w"], ["m"]],
    [
      "If",
      ["yes"],
      ["p"],
      {
        then_branch: subgraph({
          inputs: [],
          outputs: [{ ...P, name: "q" }],
          nodes: [["Sigmoid", ["m"], ["q"]]],
        }),
        else_branch: subgraph({
          inputs: [],
          outputs: [{ ...P, name: "r" }],
          nodes: [["Identity", ["m"], ["r"]]],
        }),
      },
    ],
  ],
  constants: {
    w: { type: "float", shape: [1], data: [1] },
    yes: { type: "bool", shape: [], data: [1] },
  },
};

const int64 = (...data: number[]) => ({ type: "int64", shape: [data.length], data }) as const;
const scalar = (data: number) => ({ type: "int64", shape: [], data: [data] }) as const;

/** A graph that goes round as often as the greatest x says: with 0 at once, with 1e15 not in our lifetime. */
export function loopingModel(): Uint8Array {
  const body = subgraph({
    inputs: [
      { name: "i", type: "int64", shape: [] },
      { name: "go", type: "bool", shape: [] },
      { name: "a", type: "float", shape: [] },
    ],
    outputs: [
      { name: "go2", type: "bool", shape: [] },
      { name: "a2", type: "float", shape: [] },
    ],
    nodes: [
      ["Identity", ["go"], ["go2"]],
      ["Cos", ["a"], ["a2"]],
    ],
  });
  return onnxFile({
    inputs: [X],
    outputs: [P],
    nodes: [
      ["ReduceMax", ["x"], ["most"], { keepdims: 0n }],
      ["Cast", ["most"], ["trips"], { to: 7n }],
      ["Loop", ["trips", "", "start"], ["end"], { body }],
      ["Mul", ["end", "zero"], ["nothing"]],
      ["Add", ["x", "nothing"], ["moved"]],
      ["Sigmoid", ["moved"], ["p"]],
    ],
    constants: {
      start: { type: "float", shape: [], data: [1] },
      zero: { type: "float", shape: [], data: [0] },
    },
  });
}

/** A graph that goes round until nobody lives any more, whatever it is asked. */
export function hangingModel(): Uint8Array {
  const body = subgraph({
    inputs: [
      { name: "i", type: "int64", shape: [] },
      { name: "go", type: "bool", shape: [] },
      { name: "a", type: "float", shape: ["N", 1] },
    ],
    outputs: [
      { name: "go2", type: "bool", shape: [] },
      { name: "a2", type: "float", shape: ["N", 1] },
    ],
    nodes: [
      ["Identity", ["go"], ["go2"]],
      ["Cos", ["a"], ["a2"]],
    ],
  });
  return onnxFile({
    inputs: [X],
    outputs: [P],
    nodes: [
      ["Loop", ["trips", "", "x"], ["end"], { body }],
      ["Sigmoid", ["end"], ["p"]],
    ],
    constants: { trips: scalar(1e15) },
  });
}

/**
 * A file of 48 MiB that says it has an operator with 48 million whole numbers: a few bytes on disk each, and a hundred
 * times as much for whoever reads it.
 */
export function swellingModel(): Uint8Array {
  const length = 48 * 2 ** 20;
  // Field 8 of an attribute holds whole numbers, one byte each, with their count in front.
  const ints = framed(8, new Uint8Array(length).fill(1));
  const attribute = framed(5, concat(framed(1, Buffer.from("many")), ints));
  const node = framed(1, concat(framed(2, Buffer.from("p")), framed(4, Buffer.from("Sum")), attribute));
  return concat(Uint8Array.of(8, 9), framed(7, node));
}

/** A field of a protocol buffer that has a length. */
function framed(field: number, bytes: Uint8Array): Uint8Array {
  const head = [(field << 3) | 2];
  let left = bytes.length;
  for (; left > 127; left = Math.floor(left / 128)) head.push((left & 127) | 128);
  return concat(Uint8Array.from([...head, left]), bytes);
}

const concat = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

/** A graph in a graph in a graph, so many that whoever goes into them one by one runs out of stack. */
export function nestedModel(depth = 20_000): Uint8Array {
  let graph = framed(1, framed(4, Buffer.from("Identity")));
  // Field 6 of an attribute is a graph, field 5 of an operator an attribute, field 1 of a graph an operator.
  for (let i = 0; i < depth; i++) graph = framed(1, framed(5, framed(6, graph)));
  return concat(Uint8Array.of(8, 9), framed(7, graph));
}

/** An operator whose name would clear the screen of whoever prints it. */
export function rudeModel(): Uint8Array {
  return onnxFile({ ...SIGMOID, nodes: [["\u001b[2J\u001b[31mOWNED", ["x"], ["p"]]] });
}

/** A graph that takes as many MiB as the greatest x says, and touches them. */
export function greedyModel(): Uint8Array {
  return onnxFile({
    inputs: [X],
    outputs: [P],
    nodes: [
      ["ReduceMax", ["x"], ["most"], { keepdims: 0n }],
      ["Cast", ["most"], ["mebibytes"], { to: 7n }],
      ["Mul", ["mebibytes", "numbers"], ["count"]],
      ["Reshape", ["count", "one"], ["shape"]],
      ["ConstantOfShape", ["shape"], ["big"]],
      ["ReduceSum", ["big"], ["nothing"], { keepdims: 0n }],
      ["Add", ["x", "nothing"], ["moved"]],
      ["Sigmoid", ["moved"], ["p"]],
    ],
    constants: { numbers: scalar(262_144), one: int64(1) },
  });
}

/**
 * A graph that divides the least of the 64-bit numbers by −1, which has no result in 64 bits: x86 ends the process over
 * it (SIGFPE), and onnxruntime, which looks for zeros alone, does not prevent it. Elsewhere it does no harm.
 *
 * @param at the x that ends it; every other gets sigmoid(x). Undefined: it ends as soon as the optimiser sees the graph
 */
export function crashingModel(at?: number): Uint8Array {
  return onnxFile({
    inputs: [X],
    outputs: [P],
    nodes: [
      ["Cast", [at === undefined ? "zero" : "x"], ["whole"], { to: 7n }],
      ["Sub", ["whole", "next"], ["divisor"]],
      ["Div", ["least", "divisor"], ["quotient"]],
      ["Cast", ["quotient"], ["number"], { to: 1n }],
      ["Mul", ["number", "zero"], ["nothing"]],
      ["Add", ["x", "nothing"], ["moved"]],
      ["Sigmoid", ["moved"], ["p"]],
    ],
    constants: {
      least: scalar(-(2 ** 63)),
      next: scalar((at ?? 0) + 1),
      zero: { type: "float", shape: [], data: [0] },
    },
  });
}

/** log x: NaN below zero. */
export function nanModel(): Uint8Array {
  return onnxFile({
    inputs: [X],
    outputs: [P],
    nodes: [
      ["Log", ["x"], ["log"]],
      ["Sigmoid", ["log"], ["p"]],
    ],
  });
}

/** A tensor of 4 TB, whatever is asked. */
export function hugeModel(): Uint8Array {
  return onnxFile({
    inputs: [X],
    outputs: [P],
    nodes: [
      ["ConstantOfShape", ["shape"], ["big"]],
      ["ReduceSum", ["big"], ["nothing"], { keepdims: 0n }],
      ["Add", ["x", "nothing"], ["p"]],
    ],
    constants: { shape: int64(2 ** 40) },
  });
}

/** A matrix whose weights lie in another file. */
export function externalModel(location: string, isInSubgraph = false): Uint8Array {
  const weight = { type: "float", shape: [1], data: [], external: location } as const;
  if (!isInSubgraph)
    return onnxFile({ ...SIGMOID, nodes: [["Add", ["x", "w"], ["p"]]], constants: { w: weight } });
  const branch = subgraph({
    inputs: [],
    outputs: [{ name: "q", type: "float", shape: ["N", 1] }],
    nodes: [["Add", ["x", "w"], ["q"]]],
    constants: { w: weight },
  });
  return onnxFile({
    ...SIGMOID,
    nodes: [["If", ["yes"], ["p"], { then_branch: branch, else_branch: branch }]],
    constants: { yes: { type: "bool", shape: [], data: [1] } },
  });
}

/** A constant whose numbers lie in another file, as an attribute: in the graph, sparse, or in a function of the file. */
export function externalAttributeModel(location: string, where: "graph" | "sparse" | "function"): Uint8Array {
  const weight = { type: "float", shape: [1], data: [], external: location } as const;
  const constant: Node = [
    "Constant",
    [],
    ["w"],
    where === "sparse" ? { sparse_value: { sparse: weight } } : { value: { tensor: weight } },
  ];
  if (where !== "function") return onnxFile({ ...SIGMOID, nodes: [constant, ["Add", ["x", "w"], ["p"]]] });
  const nodes: readonly Node[] = [constant, ["Add", ["a", "w"], ["b"]]];
  return onnxFile({
    ...SIGMOID,
    nodes: [["own:Shift", ["x"], ["p"]]],
    functions: { Shift: { inputs: ["a"], outputs: ["b"], nodes } },
  });
}

/** What skl2onnx writes for a classifier: a label, and a list of maps in place of a tensor of probabilities. */
export function zipMapModel(labels: readonly string[] | readonly bigint[]): Uint8Array {
  const isText = typeof labels[0] === "string";
  return onnxFile({
    inputs: [{ ...X, shape: ["N", 2] }],
    outputs: [
      { name: "label", type: isText ? "string" : "int64", shape: ["N"] },
      { name: "probabilities", type: "float", shape: ["N", 2] },
      { name: "output_probability", map: true, keys: isText ? "string" : "int64" },
    ],
    nodes: [
      ["Softmax", ["x"], ["probabilities"], { axis: 1n }],
      ["ArgMax", ["x"], ["place"], { axis: 1n, keepdims: 0n }],
      [
        "ai.onnx.ml:LabelEncoder",
        ["place"],
        ["label"],
        isText
          ? { keys_int64s: [0n, 1n], values_strings: labels as readonly string[] }
          : { keys_int64s: [0n, 1n], values_int64s: labels as readonly bigint[] },
      ],
      [
        "ai.onnx.ml:ZipMap",
        ["probabilities"],
        ["output_probability"],
        isText
          ? { classlabels_strings: labels as readonly string[] }
          : { classlabels_int64s: labels as readonly bigint[] },
      ],
    ],
  });
}

/** Lower-cases a text under a locale and says whether it is "yes". */
export function localeModel(locale: string | undefined): Uint8Array {
  return onnxFile({
    inputs: [{ name: "t", type: "string", shape: ["N"] }],
    outputs: [{ name: "p", type: "float", shape: ["N"] }],
    nodes: [
      [
        "StringNormalizer",
        ["t"],
        ["low"],
        { case_change_action: "LOWER", ...(locale !== undefined && { locale }) },
      ],
      [
        "ai.onnx.ml:LabelEncoder",
        ["low"],
        ["p"],
        { keys_strings: ["yes"], values_floats: [1], default_float: 0 },
      ],
    ],
  });
}
