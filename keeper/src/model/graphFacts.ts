import onnxProto from "onnx-proto";

import { summarizeGraph } from "./graphProto.ts";

const { onnx } = onnxProto;

type Graph = onnxProto.onnx.IGraphProto;
type Node = onnxProto.onnx.INodeProto;
type ValueInfo = onnxProto.onnx.IValueInfoProto;

/** A named place of a graph as its file declares it. */
export interface DeclaredPort {
  readonly name: string;
  /** `float32`, `string`, … or `map` and `sequence`, which are no tensors. */
  readonly type: string;
  /** A text stands for a dimension that is free, "" for a free one without a name. Undefined: not declared. */
  readonly shape: readonly (number | string)[] | undefined;
}

/** What an ONNX file says about itself, read without running it. */
export interface GraphFacts {
  readonly inputs: readonly DeclaredPort[];
  readonly outputs: readonly DeclaredPort[];
  /** Operator sets by domain; the default one is `ai.onnx`. */
  readonly opsets: Readonly<Record<string, number>>;
  /** How often each operator occurs, subgraphs and functions counted in; other domains than the default are written before it. */
  readonly operators: Readonly<Record<string, number>>;
  /** The operator each output of the graph comes from. */
  readonly producers: Readonly<Record<string, string>>;
  /** Files beside the model that hold weights; keepers refuse such models. */
  readonly externalFiles: readonly string[];
  readonly memory: MemoryEstimate;
  /** Names of the classes in their order, where the exporter left them. */
  readonly labels: readonly string[] | undefined;
}

/** Bytes a model needs, as far as its file says. */
export interface MemoryEstimate {
  /** All constants as they lie in the file. */
  readonly weights: number;
  /** Twice the largest tensor with a declared shape, {@link ESTIMATE_BATCH} items a batch, other free dimensions 1. */
  readonly activations: number;
  /** Results of operators without a declared shape, which the estimate does not see. */
  readonly unseen: number;
}

/** Items a batch that the estimate assumes. */
export const ESTIMATE_BATCH = 16;

const { DataType } = onnx.TensorProto;
const TYPE_NAMES: Readonly<Record<number, string>> = {
  [DataType.FLOAT]: "float32",
  [DataType.DOUBLE]: "float64",
};
/** Bytes of a string tensor's element: a guess, the texts themselves are elsewhere. */
const STRING_BYTES = 32;
const BYTES: Readonly<Record<string, number>> = {
  float64: 8,
  int64: 8,
  uint64: 8,
  float32: 4,
  int32: 4,
  uint32: 4,
  complex64: 8,
  complex128: 16,
  float16: 2,
  bfloat16: 2,
  int16: 2,
  uint16: 2,
  string: STRING_BYTES,
};

/**
 * Reads an ONNX file.
 *
 * @throws RefusedModel if the bytes are no model
 */
export function readGraph(bytes: Uint8Array): GraphFacts {
  const { opsets, operators, externalData, constantBytes } = summarizeGraph(bytes);
  const model = onnx.ModelProto.decode(bytes);
  const graph = model.graph ?? {};
  const nodes = graph.node ?? [];
  const isConstant = new Set((graph.initializer ?? []).map(({ name }) => name));
  const inputs = (graph.input ?? []).filter(({ name }) => !isConstant.has(name)).map(declared);
  const outputs = (graph.output ?? []).map(declared);
  return {
    inputs,
    outputs,
    opsets,
    operators,
    producers: Object.fromEntries(
      outputs.map(({ name }) => {
        const from = nodes.find(({ output }) => output?.includes(name));
        return [name, from === undefined ? "" : producer(from, nodes)];
      }),
    ),
    externalFiles: externalData,
    memory: estimate(graph, [...inputs, ...outputs], constantBytes),
    labels: labelsOf(nodes) ?? labelsIn((model.metadataProps ?? []).map(({ value }) => value ?? "")),
  };
}

/** Operators that only pass a value on, in another shape or type. */
const PASSES = ["Identity", "Cast", "Reshape", "Squeeze", "Unsqueeze", "Flatten"];

/** The operator that made a value, looked for behind those that only pass it on. */
function producer(node: Node, nodes: readonly Node[]): string {
  let made = node;
  // A file may lead in a circle: no further than it has operators.
  for (let step = 0; step < nodes.length && PASSES.includes(made.opType ?? ""); step++) {
    const from = nodes.find(({ output }) => output?.includes(made.input?.[0] ?? ""));
    if (from === undefined) break;
    made = from;
  }
  return operatorName(made);
}

/** The classes of scikit-learn's classifiers, which are attributes of the operator. */
function labelsOf(nodes: readonly Node[]): string[] | undefined {
  for (const { name, strings, ints } of nodes.flatMap(({ attribute }) => attribute ?? [])) {
    if (!/^classlabels_/.test(name ?? "")) continue;
    const labels = strings?.length ? strings.map((text) => Buffer.from(text).toString()) : ints?.map(String);
    if (labels?.length) return labels;
  }
  return undefined;
}

/** A list of names, or one from number to name, as JSON or as Python writes it. */
function labelsIn(texts: readonly string[]): string[] | undefined {
  for (const text of texts) {
    const json = text.replaceAll("'", '"').replaceAll(/([{,]\s*)(\d+)\s*:/g, '$1"$2":');
    try {
      const read: unknown = JSON.parse(json);
      const names = typeof read === "object" && read !== null ? Object.values(read) : [];
      if (names.length > 1 && names.every((name) => typeof name === "string")) return names;
    } catch {
      // Another kind of text.
    }
  }
  return undefined;
}

function operatorName({ domain, opType }: Node): string {
  return domain ? `${domain}:${opType}` : (opType ?? "");
}

function declared({ name, type }: ValueInfo): DeclaredPort {
  const tensor = type?.tensorType;
  if (tensor == null) {
    const kind = type?.sequenceType == null ? (type?.mapType == null ? "not a tensor" : "map") : "sequence";
    return { name: name ?? "", type: kind, shape: undefined };
  }
  return {
    name: name ?? "",
    type: typeName(tensor.elemType ?? 0),
    shape: tensor.shape?.dim?.map(({ dimValue, dimParam }) => Number(dimValue ?? 0) || (dimParam ?? "")),
  };
}

function typeName(type: number): string {
  return TYPE_NAMES[type] ?? DataType[type]?.toLowerCase() ?? `type ${type}`;
}

function estimate(graph: Graph, ports: readonly DeclaredPort[], weights: number): MemoryEstimate {
  const known = [...ports, ...(graph.valueInfo ?? []).map(declared)].filter(
    ({ shape }) => shape !== undefined,
  );
  const largest = known
    .map(({ shape = [], type }) => batched(shape) * bytesOf(type))
    .reduce((most, size) => Math.max(most, size), 0);
  const seen = new Set(known.map(({ name }) => name));
  const results = (graph.node ?? []).flatMap(({ output }) => output ?? []);
  return {
    weights,
    activations: 2 * largest,
    unseen: results.filter((name) => name !== "" && !seen.has(name)).length,
  };
}

/** Elements of a tensor of a batch: the first free dimension is the batch. */
function batched(shape: readonly (number | string)[]): number {
  const [first, ...rest] = shape;
  const sizes = rest.map((size) => (typeof size === "number" ? size : 1));
  return elements([typeof first === "number" ? first : ESTIMATE_BATCH, ...sizes]);
}

function elements(sizes: readonly number[]): number {
  return sizes.reduce((product, size) => product * size, 1);
}

function bytesOf(type: string): number {
  return BYTES[type] ?? 1;
}
