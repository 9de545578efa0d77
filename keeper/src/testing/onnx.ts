/** Writes small ONNX files: honest ones of every kind of input, and one of every kind that must be refused. */
import onnxProto from "onnx-proto";

const { onnx } = onnxProto;

/** Element types as the format numbers them. */
export const TYPE = {
  float: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  double: 11,
} as const;
export type ElementType = keyof typeof TYPE;

export interface PortSpec {
  readonly name: string;
  readonly type: ElementType;
  /** A text names a free dimension. */
  readonly shape: readonly (number | string)[];
}

export type Attribute =
  | number
  | bigint
  | string
  | readonly string[]
  | readonly bigint[]
  | readonly number[]
  | Graph
  | Tensor
  | SparseTensor;
export type Node = readonly [
  op: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes?: Readonly<Record<string, Attribute>>,
];
type Tensor = { readonly tensor: Constant };
type SparseTensor = { readonly sparse: Constant };
type Graph = { readonly graph: onnxProto.onnx.IGraphProto };

export interface Constant {
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly data: readonly (number | string)[];
  /** Where the numbers lie instead of in the file. */
  readonly external?: string;
}

/** A list of maps from label to number: what ZipMap gives. */
export interface MapSpec {
  readonly name: string;
  readonly map: true;
  readonly keys: "int64" | "string";
}

export interface FunctionSpec {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly nodes: readonly Node[];
}

export interface GraphSpec {
  readonly inputs: readonly PortSpec[];
  readonly outputs: readonly (PortSpec | MapSpec)[];
  /** `domain:Op` for operators outside the default set. */
  readonly nodes: readonly Node[];
  readonly constants?: Readonly<Record<string, Constant>>;
  /** Operators of the file's own domain, `own:Name`. */
  readonly functions?: Readonly<Record<string, FunctionSpec>>;
  /** What an exporter leaves beside the graph. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** A graph to be used as attribute, such as the body of a Loop. */
export function subgraph(spec: GraphSpec): Graph {
  return { graph: graphProto(spec) };
}

/**
 * The bytes of a model.
 *
 * @param own versions of other operator sets, used or not
 */
export function onnxFile(
  spec: GraphSpec,
  opset = 20,
  own: Readonly<Record<string, number>> = {},
): Uint8Array {
  const model = onnx.ModelProto.create({
    irVersion: 9,
    producerName: "assay-tests",
    metadataProps: Object.entries(spec.metadata ?? {}).map(([key, value]) => ({ key, value })),
    opsetImport: [
      { domain: "", version: opset },
      // Only where they are used: a file cut off before one would be a whole one.
      ...Object.entries({ "ai.onnx.ml": 3, "com.microsoft": 1, own: 1 })
        .filter(([domain]) => spec.nodes.some(([op]) => op.startsWith(`${domain}:`)))
        .map(([domain, version]) => ({ domain, version })),
      ...Object.entries(own).map(([domain, version]) => ({ domain, version })),
    ],
    graph: graphProto(spec),
    functions: Object.entries(spec.functions ?? {}).map(([name, { inputs, outputs, nodes }]) => ({
      name,
      domain: "own",
      input: [...inputs],
      output: [...outputs],
      node: nodes.map(nodeProto),
      opsetImport: [{ domain: "", version: opset }],
    })),
  });
  return onnx.ModelProto.encode(model).finish();
}

function graphProto({ inputs, outputs, nodes, constants = {} }: GraphSpec): onnxProto.onnx.IGraphProto {
  return {
    name: "graph",
    node: nodes.map(nodeProto),
    initializer: Object.entries(constants).map(([name, constant]) => tensorProto(name, constant)),
    input: inputs.map(valueInfo),
    output: outputs.map((port) => ("map" in port ? mapInfo(port) : valueInfo(port))),
  };
}

function nodeProto([op, input, output, attributes = {}]: Node, i: number): onnxProto.onnx.INodeProto {
  const [opType, domain = ""] = op.split(":").reverse() as [string, string?];
  const attribute = Object.entries(attributes).map(([name, value]) => attributeProto(name, value));
  return { name: `${opType}_${i}`, opType, domain, input: [...input], output: [...output], attribute };
}

function tensorProto(name: string, { type, shape, data, external }: Constant): onnxProto.onnx.ITensorProto {
  const tensor = { name, dims: [...shape], dataType: TYPE[type] };
  if (external !== undefined) {
    const externalData = [{ key: "location", value: external }];
    return { ...tensor, externalData, dataLocation: onnx.TensorProto.DataLocation.EXTERNAL };
  }
  if (type === "string") return { ...tensor, stringData: data.map((text) => Buffer.from(String(text))) };
  const numbers = data.map(Number);
  return { ...tensor, rawData: bytesOf(type, numbers) };
}

function bytesOf(type: ElementType, numbers: readonly number[]): Uint8Array {
  const array =
    type === "float"
      ? Float32Array.from(numbers)
      : type === "double"
        ? Float64Array.from(numbers)
        : type === "float16"
          ? Float16Array.from(numbers)
          : type === "int64"
            ? BigInt64Array.from(numbers, BigInt)
            : type === "int32"
              ? Int32Array.from(numbers)
              : type === "int8"
                ? Int8Array.from(numbers)
                : Uint8Array.from(numbers);
  return new Uint8Array(array.buffer);
}

function valueInfo({ name, type, shape }: PortSpec): onnxProto.onnx.IValueInfoProto {
  const dim = shape.map((size) => (typeof size === "string" ? { dimParam: size } : { dimValue: size }));
  return { name, type: { tensorType: { elemType: TYPE[type], shape: { dim } } } };
}

function mapInfo({ name, keys }: MapSpec): onnxProto.onnx.IValueInfoProto {
  const valueType = { tensorType: { elemType: TYPE.float, shape: {} } };
  return { name, type: { sequenceType: { elemType: { mapType: { keyType: TYPE[keys], valueType } } } } };
}

function attributeProto(name: string, value: Attribute): onnxProto.onnx.IAttributeProto {
  const { AttributeType } = onnx.AttributeProto;
  if (typeof value === "number") return { name, type: AttributeType.FLOAT, f: value };
  if (typeof value === "bigint") return { name, type: AttributeType.INT, i: Number(value) };
  if (typeof value === "string") return { name, type: AttributeType.STRING, s: Buffer.from(value) };
  if ("graph" in value) return { name, type: AttributeType.GRAPH, g: value.graph };
  if ("tensor" in value) return { name, type: AttributeType.TENSOR, t: tensorProto("", value.tensor) };
  if ("sparse" in value) {
    const indices = tensorProto("", { type: "int64", shape: [1], data: [0] });
    const sparseTensor = { dims: [...value.sparse.shape], values: tensorProto("", value.sparse), indices };
    return { name, type: AttributeType.SPARSE_TENSOR, sparseTensor };
  }
  if (value.every((item) => typeof item === "bigint"))
    return { name, type: AttributeType.INTS, ints: value.map(Number) };
  if (value.every((item) => typeof item === "number"))
    return { name, type: AttributeType.FLOATS, floats: [...value] };
  return { name, type: AttributeType.STRINGS, strings: value.map((item) => Buffer.from(String(item))) };
}
