import { rowOf } from "../onnx/front.ts";
import type { ClassHead, ClassSample } from "../classes/family.ts";
import type { RowTensors } from "../onnx/front.ts";
import { denseLayer } from "../onnx/heads.ts";
import { bagOf } from "../onnx/ngrams.ts";
import type { Random } from "../rng.ts";
import { type EpochOptions, runClassEpochs } from "./epochs.ts";
import { add, backward, forward, layer, parameters, type Parameters } from "./network.ts";

/** A bag of table rows: which tensors of the front name them. */
export interface Bag {
  readonly ids: string;
  readonly mask: string;
}

export interface EmbeddingOptions extends EpochOptions {
  readonly buckets: number;
  /** Numbers a bucket. */
  readonly width: number;
  /** Half range of the initial numbers. */
  readonly scale: number;
}

/** The mean of learned embeddings of each bag, side by side, and one linear layer: a fastText classifier. */
export function fitEmbeddings(
  samples: readonly ClassSample[],
  classes: number,
  bags: readonly Bag[],
  options: EmbeddingOptions,
  random: Random,
): ClassHead {
  const { buckets, width } = options;
  const tables = bags.map(() => parameters(buckets * width, options.scale, random));
  const output = layer(bags.length * width, classes, random);
  runClassEpochs(samples, [...tables, output.weights, output.bias], options, random, ({ row }, slopesAt) => {
    const means = meansOf(row);
    const back = backward(output, means, slopesAt(forward(output, means)));
    bags.forEach((bag, index) =>
      eachEntry(row, bag, width, index, (place, factor, column) =>
        add((tables[index] as Parameters).gradient, place, factor * (back[column] ?? 0)),
      ),
    );
  });
  return {
    logits: (row) => forward(output, meansOf(row)),
    build: (graph, front) => {
      const means = bags.map(({ ids, mask }, index) =>
        bagOf(
          graph,
          { ids: front[ids] as string, mask: front[mask] as string },
          Float32Array.from((tables[index] as Parameters).value),
          width,
          1,
        ),
      );
      return denseLayer(graph, graph.op("Concat", means, { axis: 1n }), output);
    },
  };

  function meansOf(row: RowTensors): Float64Array {
    const means = new Float64Array(bags.length * width);
    bags.forEach((bag, index) =>
      eachEntry(row, bag, width, index, (place, factor, column) =>
        add(means, column, factor * ((tables[index] as Parameters).value[place] ?? 0)),
      ),
    );
    return means;
  }
}

/** Calls `visit` for every number of every entry of a bag: its place in the table, its share, its column among the means. */
function eachEntry(
  row: RowTensors,
  { ids, mask }: Bag,
  width: number,
  index: number,
  visit: (place: number, factor: number, column: number) => void,
): void {
  const weights = rowOf(row, mask).data;
  const count = Math.max(
    1,
    weights.reduce((sum, value) => sum + value, 0),
  );
  rowOf(row, ids).data.forEach((id, position) => {
    const factor = (weights[position] ?? 0) / count;
    if (factor === 0) return;
    for (let i = 0; i < width; i++) visit(id * width + i, factor, index * width + i);
  });
}
