import onnxProto from "onnx-proto";

import { RefusedModel } from "./errors.ts";

const { onnx } = onnxProto;
type GraphProto = onnxProto.onnx.IGraphProto;
type SparseTensorProto = onnxProto.onnx.ISparseTensorProto;
type TensorProto = onnxProto.onnx.ITensorProto;

/** What a file says about itself, read without running it. */
export interface GraphSummary {
  readonly irVersion: number;
  /** Version by operator set; the default set has the name ai.onnx. */
  readonly opsets: Readonly<Record<string, number>>;
  /** How often each operator is used, subgraphs and functions counted in; `domain:Op` outside the default set. */
  readonly operators: Readonly<Record<string, number>>;
  /** Files the tensors lie in that are not in this one, as the graph names them. */
  readonly externalData: readonly string[];
  /** Bytes of all constants. */
  readonly constantBytes: number;
}

/** @throws RefusedModel if the bytes are no ONNX model */
export function summarizeGraph(bytes: Uint8Array): GraphSummary {
  const model = decode(bytes);
  const operators: Record<string, number> = {};
  const externalData = new Set<string>();
  let constantBytes = 0;
  const addTensor = (tensor: TensorProto): void => {
    const { dataLocation, externalData: entries } = tensor;
    if (dataLocation === onnx.TensorProto.DataLocation.EXTERNAL || (entries?.length ?? 0) > 0)
      externalData.add(entries?.find(({ key }) => key === "location")?.value ?? "without a name");
    constantBytes += onnx.TensorProto.encode(tensor).len;
  };
  const addSparse = ({ values, indices }: SparseTensorProto): void => {
    for (const tensor of [values, indices]) if (tensor) addTensor(tensor);
  };
  const addGraph = (graph: GraphProto): void => {
    for (const tensor of graph.initializer ?? []) addTensor(tensor);
    for (const sparse of graph.sparseInitializer ?? []) addSparse(sparse);
    for (const node of graph.node ?? []) {
      const name = `${isDefault(node.domain) ? "" : `${node.domain}:`}${node.opType}`;
      operators[name] = (operators[name] ?? 0) + 1;
      for (const attribute of node.attribute ?? []) {
        for (const tensor of [attribute.t, ...(attribute.tensors ?? [])]) if (tensor) addTensor(tensor);
        for (const sparse of [attribute.sparseTensor, ...(attribute.sparseTensors ?? [])])
          if (sparse) addSparse(sparse);
        for (const inner of [attribute.g, ...(attribute.graphs ?? [])]) if (inner) addGraph(inner);
      }
    }
  };
  addGraph(model.graph ?? {});
  for (const { node } of model.functions) addGraph({ node: node ?? [] });
  return {
    irVersion: Number(model.irVersion),
    opsets: Object.fromEntries(
      model.opsetImport.map(({ domain, version }) => [
        isDefault(domain) ? "ai.onnx" : String(domain),
        Number(version),
      ]),
    ),
    operators,
    externalData: [...externalData],
    constantBytes,
  };
}

/**
 * Refuses what onnxruntime must not even open.
 *
 * @throws RefusedModel if the bytes are no ONNX model, or name other files
 */
export function checkGraph(bytes: Uint8Array): void {
  const [file] = summarizeGraph(bytes).externalData;
  if (file === undefined) return;
  throw new RefusedModel({
    code: "EXTERNAL_DATA",
    given: `weights outside the file, in ${JSON.stringify(file)}`,
    allowed: "a model in one file",
    advice:
      "Save it in one file: onnx.save(onnx.load(path), 'model.onnx'), or export with external_data=False.",
  });
}

function decode(bytes: Uint8Array): onnxProto.onnx.ModelProto {
  let reason = "no graph in it";
  try {
    const model = onnx.ModelProto.decode(bytes);
    if ((model.graph?.node?.length ?? 0) > 0) return model;
  } catch (error) {
    reason = String(error);
  }
  throw new RefusedModel({
    code: "MODEL_NOT_ONNX",
    given: `${bytes.length} bytes that are no ONNX model (${reason})`,
    allowed: "a whole ONNX file",
    advice: "The file is damaged or cut off: copy it again, or export the model again.",
  });
}

function isDefault(domain: string | null | undefined): boolean {
  return domain === undefined || domain === null || domain === "" || domain === "ai.onnx";
}
