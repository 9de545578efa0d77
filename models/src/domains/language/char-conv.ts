import { rowOf, valueOf } from "../../onnx/front.ts";
import type { ClassFamily, ClassHead, ClassSample } from "../../classes/family.ts";
import type { RowTensors } from "../../onnx/front.ts";
import { runClassEpochs } from "../../learn/epochs.ts";
import {
  accumulate,
  add,
  backward,
  forward,
  type Layer,
  layer,
  type Parameters,
  parameters,
} from "../../learn/network.ts";
import { shift } from "../../onnx/alignment.ts";
import type { GraphBuilder, Value } from "../../onnx/builder.ts";
import { denseLayer } from "../../onnx/heads.ts";
import { ngrams } from "../../onnx/ngrams.ts";
import { characters } from "../../onnx/words.ts";
import type { Random } from "../../rng.ts";

const CHARACTERS = 80;
const BUCKETS = 509;
const WIDTH = 6;
/** Characters which one filter sees. */
const REACH = 4;
const FILTERS = 40;
const TRAINING = { epochs: 7, batch: 16, learningRate: 8e-3, weightDecay: 0.01 };

/** Learned characters, a convolution over four neighbours, and for each filter only its strongest place. */
export const charConv: ClassFamily = {
  family: "char-conv",
  name: "Character convolution",
  summary: "Convolution over four learned characters at a time, maximum pooling, and a linear layer",
  front(graph, input) {
    const source = characters(graph, input, CHARACTERS);
    const { ids, mask } = ngrams(graph, source, 1, BUCKETS);
    return { ids, mask };
  },
  fit: fitConvolution,
};

interface Network {
  readonly table: Parameters;
  readonly filters: Layer;
  readonly output: Layer;
}

/** Strongest place of each filter, its value after the ReLU, and the characters read. */
interface Pass {
  readonly ids: readonly number[];
  readonly peak: Int32Array;
  readonly pooled: Float64Array;
}

function fitConvolution(samples: readonly ClassSample[], classes: number, random: Random): ClassHead {
  const network: Network = {
    table: parameters(BUCKETS * WIDTH, 0.3, random),
    filters: layer(REACH * WIDTH, FILTERS, random),
    output: layer(FILTERS, classes, random),
  };
  const { table, filters, output } = network;
  const all = [table, filters.weights, filters.bias, output.weights, output.bias];
  runClassEpochs(samples, all, TRAINING, random, ({ row }, slopesAt) => {
    const pass = run(network, row);
    const back = backward(output, pass.pooled, slopesAt(forward(output, pass.pooled)));
    learnPeaks(network, pass, back);
  });
  return {
    logits: (row) => forward(output, run(network, row).pooled),
    build: (graph, front) => buildNetwork(graph, front, network),
  };
}

/** Only the strongest place of a filter has a gradient; places are gathered so that each window is walked once. */
function learnPeaks({ table, filters }: Network, { ids, peak, pooled }: Pass, back: Float64Array): void {
  const byPlace = new Map<number, Float64Array>();
  for (let filter = 0; filter < FILTERS; filter++) {
    if ((pooled[filter] ?? 0) <= 0) continue;
    const place = peak[filter] ?? 0;
    const slopes = byPlace.get(place) ?? new Float64Array(FILTERS);
    slopes[filter] = back[filter] ?? 0;
    byPlace.set(place, slopes);
  }
  for (const [place, slopes] of byPlace) {
    const window = windowOf(table, ids, place);
    accumulate(filters, window, slopes);
    for (let i = 0; i < window.length; i++) {
      const id = ids[place + Math.floor(i / WIDTH)];
      if (id === undefined) continue;
      let slope = 0;
      for (let f = 0; f < FILTERS; f++)
        slope += (slopes[f] ?? 0) * (filters.weights.value[i * FILTERS + f] ?? 0);
      add(table.gradient, id * WIDTH + (i % WIDTH), slope);
    }
  }
}

/** Embeddings of REACH characters from `place` on, zeros behind the end. */
function windowOf(table: Parameters, ids: readonly number[], place: number): Float64Array {
  const window = new Float64Array(REACH * WIDTH);
  for (let ahead = 0; ahead < REACH; ahead++) {
    const id = ids[place + ahead];
    if (id !== undefined) window.set(table.value.subarray(id * WIDTH, (id + 1) * WIDTH), ahead * WIDTH);
  }
  return window;
}

function run({ table, filters }: Network, row: RowTensors): Pass {
  const mask = rowOf(row, "mask").data;
  const ids = [...rowOf(row, "ids").data].filter((_, place) => (mask[place] ?? 0) > 0);
  const peak = new Int32Array(FILTERS);
  const pooled = new Float64Array(FILTERS);
  for (let place = 0; place < ids.length; place++) {
    const values = forward(filters, windowOf(table, ids, place));
    for (let filter = 0; filter < FILTERS; filter++) {
      const value = values[filter] ?? 0;
      // The maximum starts at zero, which is what the ReLU makes of everything below.
      if (value <= (pooled[filter] ?? 0)) continue;
      pooled[filter] = value;
      peak[filter] = place;
    }
  }
  return { ids, peak, pooled };
}

function buildNetwork(
  graph: GraphBuilder,
  front: Readonly<Record<string, Value>>,
  { table, filters, output }: Network,
): Value {
  const mask = valueOf(front, "mask");
  const ids = valueOf(front, "ids");
  const embeddings = graph.floats([...table.value], [BUCKETS, WIDTH]);
  const windows = Array.from({ length: REACH }, (_, ahead) => {
    const rows = graph.op("Gather", [embeddings, graph.cast(shift(graph, ids, ahead), "int64")]);
    return graph.op("Mul", [rows, graph.unsqueeze(shift(graph, mask, ahead), 2)]);
  });
  const active = graph.op("Relu", [denseLayer(graph, graph.op("Concat", windows, { axis: 2n }), filters)]);
  const masked = graph.op("Mul", [active, graph.unsqueeze(mask, 2)]);
  return denseLayer(graph, graph.reduce("ReduceMax", masked, 1), output);
}
