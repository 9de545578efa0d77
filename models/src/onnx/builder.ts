import onnxProto from "onnx-proto";

const { onnx } = onnxProto;

/** Name of a value inside the graph; what operators take and give. */
export type Value = string;

/** Attribute of an operator: integers stay `bigint` so that they are never mistaken for floats. */
export type Attribute = number | bigint | string | readonly number[] | readonly bigint[] | readonly string[];

/** Element types of ONNX tensors, as numbered by the format. */
export const DataType = { float: 1, uint8: 2, int32: 6, int64: 7, string: 8, bool: 9 } as const;
export type ElementType = keyof typeof DataType;

/** Operators outside the default set that our graphs may use, and the version that onnxruntime 1.30 knows. */
const OPSETS = [
  { domain: "", version: 20 },
  { domain: "ai.onnx.ml", version: 3 },
  { domain: "com.microsoft", version: 1 },
];
const IR_VERSION = 9;

/**
 * Builds one ONNX graph, node by node. Names are counters and nothing depends on the clock or on the order of a hash map, so the
 * same calls always serialise to the same bytes.
 */
export class GraphBuilder {
  readonly #nodes: onnxProto.onnx.INodeProto[] = [];
  readonly #initializers: onnxProto.onnx.ITensorProto[] = [];
  readonly #inputs: onnxProto.onnx.IValueInfoProto[] = [];
  readonly #constants = new Map<string, Value>();
  #count = 0;

  /** Declares an input of the graph; a string in `shape` names a dynamic dimension. */
  input(name: string, type: ElementType, shape: readonly (string | number)[]): Value {
    this.#inputs.push(valueInfo(name, type, shape));
    return name;
  }

  /** A float32 constant; `shape` [] is a scalar. Equal constants share one initializer. */
  floats(values: readonly number[] | Float32Array, shape: readonly number[]): Value {
    const data = new Float32Array(values);
    return this.#constant({ dims: [...shape], dataType: DataType.float, rawData: bytesOf(data) });
  }

  /** An int64 constant; `shape` [] is a scalar. */
  integers(values: readonly number[], shape: readonly number[] = [values.length]): Value {
    const data = BigInt64Array.from(values, BigInt);
    return this.#constant({ dims: [...shape], dataType: DataType.int64, rawData: bytesOf(data) });
  }

  /** A string constant; `shape` [] is a scalar. */
  strings(values: readonly string[], shape: readonly number[] = [values.length]): Value {
    const stringData = values.map((value) => Buffer.from(value, "utf8"));
    return this.#constant({ dims: [...shape], dataType: DataType.string, stringData });
  }

  scalar(value: number): Value {
    return this.floats([value], []);
  }

  /** Adds an operator with one output and returns that output. `op` may carry its domain: `com.microsoft:Tokenizer`. */
  op(op: string, inputs: readonly Value[], attributes: Readonly<Record<string, Attribute>> = {}): Value {
    const [opType, domain = ""] = op.split(":").reverse() as [string, string?];
    const output = `${opType}_${this.#count++}`;
    const attribute = Object.entries(attributes).map(([name, value]) => attributeProto(name, value));
    this.#nodes.push({ name: output, opType, domain, input: [...inputs], output: [output], attribute });
    return output;
  }

  cast(value: Value, type: ElementType): Value {
    return this.op("Cast", [value], { to: BigInt(DataType[type]) });
  }

  /** value[…, start:end, …] along `axis`; `end` may exceed the length. */
  slice(value: Value, axis: number, start: number, end: number): Value {
    return this.op("Slice", [value, this.integers([start]), this.integers([end]), this.integers([axis])]);
  }

  unsqueeze(value: Value, axis: number): Value {
    return this.op("Unsqueeze", [value, this.integers([axis])]);
  }

  /** Reduces over one axis without keeping it. */
  reduce(op: "ReduceSum" | "ReduceMax" | "ReduceMin", value: Value, axis: number): Value {
    return this.op(op, [value, this.integers([axis])], { keepdims: 0n });
  }

  /** Serialises the graph with the given outputs (shape [N] or [N, k] as declared). */
  build(
    name: string,
    outputs: readonly { name: string; from: Value; type: ElementType; shape: readonly (string | number)[] }[],
  ): Uint8Array {
    const renamed = outputs.map(({ name: output, from }) => ({
      name: `output_${output}`,
      opType: "Identity",
      domain: "",
      input: [from],
      output: [output],
    }));
    const model = onnx.ModelProto.create({
      irVersion: IR_VERSION,
      producerName: "assay-models",
      opsetImport: OPSETS,
      graph: {
        name,
        node: [...this.#nodes, ...renamed],
        initializer: this.#initializers,
        input: this.#inputs,
        output: outputs.map((output) => valueInfo(output.name, output.type, output.shape)),
      },
    });
    return onnx.ModelProto.encode(model).finish();
  }

  #constant(tensor: onnxProto.onnx.ITensorProto): Value {
    const key = JSON.stringify([tensor.dims, tensor.dataType, tensor.stringData, tensor.rawData]);
    const known = this.#constants.get(key);
    if (known !== undefined) return known;
    const name = `constant_${this.#count++}`;
    this.#initializers.push({ ...tensor, name });
    this.#constants.set(key, name);
    return name;
  }
}

function bytesOf(data: Float32Array | BigInt64Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function valueInfo(
  name: string,
  type: ElementType,
  shape: readonly (string | number)[],
): onnxProto.onnx.IValueInfoProto {
  const dim = shape.map((size) => (typeof size === "string" ? { dimParam: size } : { dimValue: size }));
  return { name, type: { tensorType: { elemType: DataType[type], shape: { dim } } } };
}

const AttributeType = onnx.AttributeProto.AttributeType;

function attributeProto(name: string, value: Attribute): onnxProto.onnx.IAttributeProto {
  if (typeof value === "number") return { name, type: AttributeType.FLOAT, f: value };
  if (typeof value === "bigint") return { name, type: AttributeType.INT, i: Number(value) };
  if (typeof value === "string") return { name, type: AttributeType.STRING, s: Buffer.from(value, "utf8") };
  if (value.every((item) => typeof item === "bigint")) {
    return { name, type: AttributeType.INTS, ints: value.map(Number) };
  }
  if (value.every((item) => typeof item === "number")) {
    return { name, type: AttributeType.FLOATS, floats: [...value] };
  }
  return {
    name,
    type: AttributeType.STRINGS,
    strings: value.map((item) => Buffer.from(String(item), "utf8")),
  };
}
