import { InferenceSession } from "onnxruntime-node";

/** One input or output of a graph. */
export interface Port {
  readonly name: string;
  readonly type: string;
  /** A text stands for a dimension that is free. */
  readonly shape: readonly (number | string)[];
}

/** What a graph takes and gives, without running it. Throws if the bytes are no graph. */
export async function describeGraph(bytes: Uint8Array): Promise<{ inputs: Port[]; outputs: Port[] }> {
  // 4 = fatal: what is wrong comes back as an error, not on standard error.
  const session = await InferenceSession.create(bytes, { logSeverityLevel: 4 });
  try {
    return { inputs: session.inputMetadata.map(portOf), outputs: session.outputMetadata.map(portOf) };
  } finally {
    await session.release();
  }
}

function portOf(metadata: InferenceSession.ValueMetadata): Port {
  return metadata.isTensor
    ? { name: metadata.name, type: metadata.type, shape: metadata.shape }
    : { name: metadata.name, type: "not a tensor", shape: [] };
}
