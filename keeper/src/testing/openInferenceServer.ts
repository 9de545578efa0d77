/**
 * A server of the Open Inference Protocol v2 (HTTP, JSON tensors) that runs an ONNX file: health, metadata, infer.
 *
 *   node openInferenceServer.ts NAME FILE
 *
 * Written from the protocol's text, so strict where it says must; knows nothing of the keeper. Variants by path:
 * `nested` (tensor data nested as the protocol allows), and answers that break it: `few-rows`, `other-name`, `other-id`,
 * `other-type`, `out-of-range`. A batch with a string that holds POISON is refused.
 */
import { readFileSync } from "node:fs";

import { InferenceSession, Tensor } from "onnxruntime-node";

import { serveInference, type Answer, type Asked } from "./inferenceHttp.ts";

const TYPES = {
  string: "BYTES",
  float16: "FP16",
  float32: "FP32",
  float64: "FP64",
  int64: "INT64",
  int32: "INT32",
  uint8: "UINT8",
  bool: "BOOL",
} as const;
type OrtType = keyof typeof TYPES;
type Data = (string | number)[];

interface WireTensor {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly data: Data;
}

const [name = "", file = ""] = process.argv.slice(2);
const VERSION = "1";
const session = await InferenceSession.create(readFileSync(file), {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: "sequential",
  graphOptimizationLevel: "all",
});

const fail = (status: number, error: string): Answer => ({ status, body: { error } });
const ok = (body: unknown): Answer => ({ status: 200, body });
const product = (shape: readonly number[]): number => shape.reduce((all, size) => all * size, 1);

/** Only tensors travel; a list of maps, as scikit-learn exports have, is not served. */
const ports = (metadata: readonly InferenceSession.ValueMetadata[]): object[] =>
  metadata
    .filter((port) => port.isTensor)
    .map(({ name: port, type, shape }) => ({
      name: port,
      datatype: TYPES[type as OrtType],
      shape: shape.map((size) => (typeof size === "number" ? size : -1)),
    }));

serveInference(async (asked) => {
  const { method, path } = asked;
  if (method === "GET" && /^\/v2\/health\/(live|ready)$/.test(path)) return ok({ live: true });
  if (method === "GET" && path === "/v2") return ok({ name: "test", version: "0", extensions: [] });
  const [, model, version, action] =
    /^\/v2\/models\/([^/]+)(?:\/versions\/([^/]+))?(\/ready|\/infer)?$/.exec(path) ?? [];
  if (model === undefined) return fail(404, `no such path: ${path}`);
  if (decodeURIComponent(model) !== name || (version ?? VERSION) !== VERSION)
    return fail(404, "no such model");
  if (method === "GET" && action === "/ready") return ok({ name, ready: true });
  if (method === "GET" && action === undefined) {
    return ok({
      name,
      versions: [VERSION],
      platform: "onnxruntime_onnx",
      inputs: ports(session.inputMetadata),
      outputs: ports(session.outputMetadata),
    });
  }
  return method === "POST" && action === "/infer" ? infer(asked) : fail(405, "no such method");
});

async function infer({ body, variant }: Asked): Promise<Answer> {
  const { id, inputs, outputs } = body as {
    id?: string;
    inputs: WireTensor[];
    outputs?: { name: string }[];
  };
  const feeds: Record<string, Tensor> = {};
  for (const { name: port, datatype, shape, data } of inputs) {
    const metadata = session.inputMetadata.find((one) => one.name === port);
    if (!metadata?.isTensor) return fail(400, `unexpected input ${port}`);
    const type = metadata.type as OrtType;
    if (TYPES[type] !== datatype) return fail(400, `input ${port} is ${TYPES[type]}, not ${datatype}`);
    if (data.length !== product(shape)) return fail(400, `input ${port} has ${data.length} elements`);
    if (data.some((value) => String(value).includes("POISON"))) return fail(400, "this one cannot be judged");
    feeds[port] = new Tensor(type, ortData(type, data) as never, shape);
  }
  const missing = session.inputNames.filter((port) => feeds[port] === undefined);
  if (missing.length > 0) return fail(400, `missing inputs: ${missing.join(", ")}`);
  const results = await session.run(feeds, outputs?.map((output) => output.name) ?? session.outputNames);
  const tensors = Object.entries(results).map(([port, tensor]) => wire(port, tensor, variant));
  return ok({
    model_name: name,
    model_version: VERSION,
    ...(id === undefined ? {} : { id: variant === "other-id" ? `${id}x` : id }),
    outputs: tensors,
  });
}

function ortData(type: OrtType, data: Data): unknown {
  switch (type) {
    case "string":
      return data;
    case "int64":
      return BigInt64Array.from(data, (value) => BigInt(value));
    case "float32":
      return Float32Array.from(data as number[]);
    case "float64":
      return Float64Array.from(data as number[]);
    case "int32":
      return Int32Array.from(data as number[]);
    default:
      return Uint8Array.from(data as number[]);
  }
}

function wire(port: string, tensor: Tensor, variant: string | undefined): object {
  const values = Array.from(tensor.data as ArrayLike<unknown>, (value) =>
    typeof value === "bigint" ? Number(value) : value,
  );
  const shape = [...tensor.dims];
  const datatype = TYPES[tensor.type as OrtType];
  switch (variant) {
    case "nested":
      return { name: port, datatype, shape, data: nest(values, shape) };
    case "few-rows":
      return { name: port, datatype, shape: [shape[0]! - 1, ...shape.slice(1)], data: values.slice(1) };
    case "other-name":
      return { name: `${port}x`, datatype, shape, data: values };
    case "other-type":
      return { name: port, datatype: "BYTES", shape, data: values.map(String) };
    case "out-of-range":
      return { name: port, datatype, shape, data: values.map(() => 7) };
    default:
      return { name: port, datatype, shape, data: values };
  }
}

function nest(values: readonly unknown[], shape: readonly number[]): unknown {
  if (shape.length <= 1) return values;
  const [rows = 0, ...rest] = shape;
  const size = product(rest);
  return Array.from({ length: rows }, (_, i) => nest(values.slice(i * size, (i + 1) * size), rest));
}
