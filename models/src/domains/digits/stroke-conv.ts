import { rowOf, valueOf } from "../../onnx/front.ts";
import type { ClassFamily, ClassHead, ClassSample } from "../../classes/family.ts";
import type { RowTensors } from "../../onnx/front.ts";
import { runClassEpochs } from "../../learn/epochs.ts";
import { accumulate, backward, forward, type Layer, layer } from "../../learn/network.ts";
import { denseLayer } from "../../onnx/heads.ts";
import type { Random } from "../../rng.ts";
import { SIDE } from "./data.ts";
import { flat } from "./features.ts";

const KERNEL = 5;
const STRIDE = 2;
const FILTERS = 10;
/** Places of a filter along one side, before and after pooling two by two. */
const PLACES = (SIDE - KERNEL - 1) / STRIDE + 1;
const POOLED = PLACES / 2;
const TRAINING = { epochs: 40, batch: 16, learningRate: 5e-3, weightDecay: 0.02 };

/** Learns small pieces of strokes and where they lie. */
export const strokeConv: ClassFamily = {
  family: "stroke-conv",
  name: "Stroke convolution, 200 examples",
  summary: "Ten learned 5 × 5 filters, maximum pooling, and a linear layer, trained on 200 images",
  front: (_graph, image) => ({ pixels: image }),
  fit: fitConvolution,
};

/** Per filter and pooled place: the greatest value and the window where it is. */
interface Pass {
  readonly pooled: Float64Array;
  readonly peak: Int32Array;
  readonly windows: readonly Float32Array[];
}

function fitConvolution(samples: readonly ClassSample[], classes: number, random: Random): ClassHead {
  const filters = layer(KERNEL * KERNEL, FILTERS, random);
  const output = layer(FILTERS * POOLED * POOLED, classes, random);
  const all = [filters.weights, filters.bias, output.weights, output.bias];
  const known = new Map<RowTensors, Float32Array[]>();
  const windowsOf = (row: RowTensors): Float32Array[] => {
    const windows = known.get(row) ?? cut(rowOf(row, "pixels").data);
    known.set(row, windows);
    return windows;
  };
  runClassEpochs(samples, all, TRAINING, random, ({ row }, slopesAt) => {
    const { pooled, peak, windows } = run(filters, windowsOf(row));
    const back = backward(output, pooled, slopesAt(forward(output, pooled)));
    const slopes = new Map<number, Float64Array>();
    back.forEach((slope, unit) => {
      if ((pooled[unit] ?? 0) <= 0) return;
      const place = peak[unit] ?? 0;
      const own = slopes.get(place) ?? new Float64Array(FILTERS);
      own[Math.floor(unit / (POOLED * POOLED))] = slope;
      slopes.set(place, own);
    });
    for (const [place, own] of slopes) accumulate(filters, windows[place] ?? [], own);
  });
  return {
    logits: (row) => forward(output, run(filters, cut(rowOf(row, "pixels").data)).pooled),
    build(graph, front) {
      const kernels = Array.from({ length: FILTERS }, (_, filter) =>
        Array.from({ length: KERNEL * KERNEL }, (_, i) => filters.weights.value[i * FILTERS + filter] ?? 0),
      );
      const weights = graph.floats(kernels.flat(), [FILTERS, 1, KERNEL, KERNEL]);
      const bias = graph.floats([...filters.bias.value], [FILTERS]);
      const strides = [BigInt(STRIDE), BigInt(STRIDE)];
      const active = graph.op("Relu", [
        graph.op("Conv", [valueOf(front, "pixels"), weights, bias], { strides }),
      ]);
      const pooled = graph.op("MaxPool", [active], { kernel_shape: [2n, 2n], strides: [2n, 2n] });
      return denseLayer(graph, flat(graph, pooled), output);
    },
  };
}

/** The windows a filter is laid on, [PLACES · PLACES][KERNEL · KERNEL]. */
function cut(image: Float32Array): Float32Array[] {
  return Array.from({ length: PLACES * PLACES }, (_, place) => {
    const [top, left] = [STRIDE * Math.floor(place / PLACES), STRIDE * (place % PLACES)];
    return Float32Array.from(
      { length: KERNEL * KERNEL },
      (_, i) => image[(top + Math.floor(i / KERNEL)) * SIDE + left + (i % KERNEL)] ?? 0,
    );
  });
}

function run(filters: Layer, windows: readonly Float32Array[]): Pass {
  const pooled = new Float64Array(FILTERS * POOLED * POOLED);
  const peak = new Int32Array(pooled.length);
  windows.forEach((window, place) => {
    const cell = Math.floor(place / PLACES / 2) * POOLED + Math.floor((place % PLACES) / 2);
    const values = forward(filters, window);
    for (let filter = 0; filter < FILTERS; filter++) {
      const unit = filter * POOLED * POOLED + cell;
      if ((values[filter] ?? 0) <= (pooled[unit] ?? 0)) continue;
      pooled[unit] = values[filter] ?? 0;
      peak[unit] = place;
    }
  });
  return { pooled, peak, windows };
}
