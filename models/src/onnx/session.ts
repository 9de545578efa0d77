import { InferenceSession, Tensor } from "onnxruntime-node";

/** What a model reads: the text, and the answer that should be attributable to it. */
export interface Pair {
  readonly text: string;
  readonly answer: string;
}

/** A numeric tensor of one row, without the batch dimension; `data` is row-major. */
export interface Row {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Opens a graph for reproducible runs: one thread, so that sums are always taken in the same order. */
export async function openSession(model: Uint8Array | string): Promise<InferenceSession> {
  const options: InferenceSession.SessionOptions = {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: "sequential",
    graphOptimizationLevel: "all",
    logSeverityLevel: 3,
  };
  return typeof model === "string"
    ? InferenceSession.create(model, options)
    : InferenceSession.create(model, options);
}

/** Runs all pairs as one batch and returns `probability`, one number per pair. */
export async function runBatch(session: InferenceSession, pairs: readonly Pair[]): Promise<number[]> {
  const { probability } = await session.run(feeds(pairs));
  if (probability === undefined) throw new Error("model has no output named probability");
  return Array.from(probability.data as Float32Array);
}

/** Inputs of one run, by name. */
export type Feeds = Readonly<Record<string, Tensor>>;

/** Runs each pair alone and returns all float outputs of the graph, batch dimension removed. */
export async function runRows(
  session: InferenceSession,
  pairs: readonly Pair[],
): Promise<Readonly<Record<string, Row>>[]> {
  return runFeeds(
    session,
    pairs.map((pair) => feeds([pair])),
  );
}

/** Runs each item (a batch of one) and returns all float outputs of the graph, batch dimension removed. */
export async function runFeeds(
  session: InferenceSession,
  items: readonly Feeds[],
): Promise<Readonly<Record<string, Row>>[]> {
  const rows: Readonly<Record<string, Row>>[] = [];
  for (const item of items) {
    const outputs = await session.run(item);
    rows.push(
      Object.fromEntries(
        Object.entries(outputs).map(([name, tensor]) => [
          name,
          { shape: tensor.dims.slice(1), data: Float32Array.from(tensor.data as Float32Array) },
        ]),
      ),
    );
  }
  return rows;
}

/** A batch of strings, [N]. */
export function stringTensor(values: readonly string[]): Tensor {
  return new Tensor("string", values.map(clean), [values.length]);
}

// The native binding ends a string at the first NUL; a space keeps what follows in view of the model.
function clean(value: string): string {
  return value.replaceAll("\0", " ");
}

function feeds(pairs: readonly Pair[]): Record<string, Tensor> {
  return {
    text: stringTensor(pairs.map(({ text }) => text)),
    answer: stringTensor(pairs.map(({ answer }) => answer)),
  };
}
