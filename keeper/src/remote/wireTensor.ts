import { z } from "zod";

import { RemoteError } from "./errors.ts";

/** A tensor as onnxruntime has it; flat, row by row. */
export interface FlatTensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: ArrayLike<number | bigint | string | boolean>;
}

/** Names of the Open Inference Protocol. FP16 has no form in JSON, so it is not among them. */
const DATATYPES: Readonly<Record<string, string>> = {
  string: "BYTES",
  float32: "FP32",
  float64: "FP64",
  int64: "INT64",
  int32: "INT32",
  uint8: "UINT8",
  bool: "BOOL",
};

/** @returns undefined for a type that cannot travel as JSON */
export function datatypeOf(type: string): string | undefined {
  return DATATYPES[type];
}

/** A tensor of a question, in JSON. */
export function toWire(name: string, { type, dims, data }: FlatTensor): object {
  const datatype = datatypeOf(type);
  if (datatype === undefined) throw new Error(`a tensor of ${type} cannot be sent as JSON`);
  const plain = Array.from(data, (value) =>
    type === "bool" ? Boolean(value) : typeof value === "bigint" ? Number(value) : value,
  );
  return { name, shape: dims, datatype, data: plain };
}

const answerSchema = z.object({
  id: z.string().optional(),
  outputs: z.array(
    z.object({
      name: z.string(),
      datatype: z.string(),
      shape: z.array(z.int().min(0)).max(8),
      data: z.array(z.unknown()),
    }),
  ),
});

const TYPES = new Map(Object.entries(DATATYPES).map(([type, datatype]) => [datatype, type]));

export interface Expected {
  /** Name of the output. */
  readonly name: string;
  /** Rows asked about. */
  readonly rows: number;
  /** Id of the question, which the answer repeats if it has one. */
  readonly id: string;
  /** Path asked, for the error. */
  readonly path: string;
}

/**
 * The one output out of an answer, with as many elements as its shape says and one row a claim.
 *
 * @throws RemoteError if it is anything else
 */
export function fromWire(answer: unknown, { name, rows, id, path }: Expected): FlatTensor {
  const wrong = (given: string, allowed: string): RemoteError =>
    new RemoteError("REMOTE_ANSWER_WRONG", { path, given, allowed });
  const parsed = answerSchema.safeParse(answer);
  if (!parsed.success) {
    throw wrong(
      z.prettifyError(parsed.error).replaceAll("\n", " "),
      "an inference response with JSON tensors",
    );
  }
  if (parsed.data.id !== undefined && parsed.data.id !== id) throw wrong(`id ${parsed.data.id}`, `id ${id}`);
  const named = parsed.data.outputs.filter((output) => output.name === name);
  const [output] = named;
  if (output === undefined || named.length > 1) throw wrong(`${named.length} outputs ${name}`, "one");
  const { datatype, shape } = output;
  // Halves travel as numbers like the others.
  const type = datatype === "FP16" ? "float32" : TYPES.get(datatype);
  if (type === undefined) throw wrong(datatype, [...TYPES.keys()].join(", "));
  // The protocol allows nested data as well as flat.
  const data = output.data.flat(Math.max(0, shape.length - 1));
  const size = shape.reduce((all, length) => all * length, 1);
  if (shape[0] !== rows || data.length !== size) {
    throw wrong(`shape [${shape.join(", ")}], ${data.length} elements`, `${rows} rows, as many elements`);
  }
  const isRight = type === "string" ? isString : type === "bool" ? isBoolean : isNumber;
  if (!data.every(isRight)) throw wrong(`other elements than ${datatype}`, datatype);
  return { type, dims: shape, data: data as FlatTensor["data"] };
}

const isString = (value: unknown): boolean => typeof value === "string";
const isBoolean = (value: unknown): boolean => typeof value === "boolean";
const isNumber = (value: unknown): boolean => typeof value === "number" && Number.isFinite(value);
