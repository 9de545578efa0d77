/** A model of the size operators run, made when it is asked for: three wide layers over a row of numbers. */
import { MODEL_FILE, manifestSchema, sha256, type Claim, type ModelFile } from "@assay/keeper";
import onnxProto from "onnx-proto";

const { onnx } = onnxProto;

const FLOAT = 1;
const NUMBERS = 256;
/** 5.2 million weights, 21 MB. */
const LAYERS = [NUMBERS, 2_048, 2_048, 256, 1] as const;

/** A multilayer perceptron with weights that look random and are the same every time. */
export function wideModel(): ModelFile {
  const random = generator(1);
  const initializer: onnxProto.onnx.ITensorProto[] = [];
  const node: onnxProto.onnx.INodeProto[] = [];
  let value = "x";
  for (const [layer, width] of LAYERS.slice(1).entries()) {
    const before = LAYERS[layer]!;
    const weights = Float32Array.from({ length: before * width }, () => random() / Math.sqrt(before));
    const rawData = new Uint8Array(weights.buffer);
    initializer.push({ name: `w${layer}`, dims: [before, width], dataType: FLOAT, rawData });
    node.push({ opType: "MatMul", input: [value, `w${layer}`], output: [`m${layer}`] });
    const isLast = layer === LAYERS.length - 2;
    value = isLast ? "p" : `h${layer}`;
    node.push({ opType: isLast ? "Sigmoid" : "Relu", input: [`m${layer}`], output: [value] });
  }
  const port = (name: string, width: number): onnxProto.onnx.IValueInfoProto => {
    const dim = [{ dimParam: "N" }, { dimValue: width }];
    return { name, type: { tensorType: { elemType: FLOAT, shape: { dim } } } };
  };
  const model = onnx.ModelProto.create({
    irVersion: 9,
    opsetImport: [{ domain: "", version: 20 }],
    graph: { name: "wide", node, initializer, input: [port("x", NUMBERS)], output: [port("p", 1)] },
  });
  const bytes = onnx.ModelProto.encode(model).finish();
  const manifest = manifestSchema.parse({
    schemaVersion: 2,
    name: "Wide perceptron",
    domain: "bench",
    family: "wide",
    inputs: [{ kind: "values", name: "x", shape: [NUMBERS], scale: 1, mean: 0, std: 1, type: "float32" }],
    output: { name: "p", values: "probabilities", select: { by: "only" } },
    calibration: { method: "none" },
    baseRate: 0.5,
    limits: {},
    files: { [MODEL_FILE]: sha256(bytes) },
    provenance: { source: "made up", licence: "MIT" },
  });
  return { manifest, bytes, folder: "wide" };
}

/** Claims for it, the same every time. */
export function wideClaims(count: number): Claim[] {
  const random = generator(2);
  return Array.from({ length: count }, () => ({
    values: Array.from({ length: NUMBERS }, random),
    answer: "yes",
  }));
}

/** Numbers in [−1, 1): Marsaglia's xorshift of 32 bits. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state / 2 ** 31;
  };
}
