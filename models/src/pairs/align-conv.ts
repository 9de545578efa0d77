import { runEpochs } from "../learn/epochs.ts";
import {
  accumulate,
  add,
  backward,
  forward,
  type Layer,
  layer,
  relu,
  reluGradient,
} from "../learn/network.ts";
import { count, covered, equality, ratio, runs, shift, shiftBoth } from "../onnx/alignment.ts";
import type { GraphBuilder, Value } from "../onnx/builder.ts";
import { denseLayer, flatten } from "../onnx/heads.ts";
import { FUNCTION_WORD, matching, NEGATION, NUMBER, PERSONAL, words } from "../onnx/words.ts";
import type { Random } from "../rng.ts";
import type { Family, Head, Inputs, Sample } from "./family.ts";
import { rowOf, valueOf } from "../onnx/front.ts";

const ANSWER_WORDS = 128;
const TEXT_WORDS = 512;
/** Marks per word of the answer; see `marks`. */
const MARKS = 11;
/** Words on each side which the convolution sees. */
const REACH = 2;
const WINDOW = (2 * REACH + 1) * MARKS;
const FILTERS = 10;
const HIDDEN = 10;
/** Sums over words are divided by this. */
const SCALE = 8;
const GLOBALS = 2;
const TRAINING = { epochs: 14, batch: 32, learningRate: 6e-3, weightDecay: 0.05 };

/** A convolution over the words of the answer, each marked with how it lies in the text; maximum and sum are pooled. */
export const alignConv: Family = {
  family: "align-conv",
  name: "Alignment convolution",
  summary:
    "Convolution over the answer's words, marked with their place in runs shared with the text; max and sum pooling",
  editWeight: 0.15,
  front: alignmentFront,
  fit: fitConvolution,
};

function alignmentFront(graph: GraphBuilder, inputs: Inputs): Record<string, Value> {
  const answer = words(graph, inputs.answer, ANSWER_WORDS);
  const text = words(graph, inputs.text, TEXT_WORDS);
  const equal = equality(graph, answer, text);
  const used = graph.reduce("ReduceMax", equal, 1);
  const inRuns = [...runs(graph, equal, [1, 2, 3, 5])].map(([length, run]) =>
    covered(graph, graph.reduce("ReduceMax", run, 2), length),
  );
  const skips = [
    [1, 2],
    [2, 1],
  ].map(([rows = 0, columns = 0]) =>
    graph.reduce("ReduceMax", graph.op("Mul", [equal, shiftBoth(graph, equal, rows, columns)]), 2),
  );
  const kinds = [FUNCTION_WORD, PERSONAL, NUMBER, NEGATION].map((pattern) =>
    matching(graph, answer, pattern),
  );
  const marks = [answer.mask, ...inRuns, ...skips, ...kinds];
  const window = Array.from({ length: 2 * REACH + 1 }, (_, place) =>
    marks.map((mark) => graph.unsqueeze(shift(graph, mark, place - REACH), 2)),
  ).flat();
  const textLength = count(graph, text.mask);
  return {
    windows: graph.op("Concat", window, { axis: 2n }),
    mask: answer.mask,
    globals: graph.op(
      "Concat",
      [ratio(graph, count(graph, used), textLength), ratio(graph, count(graph, answer.mask), textLength)].map(
        (value) => graph.unsqueeze(graph.op("Min", [value, graph.scalar(2)]), 1),
      ),
      { axis: 1n },
    ),
  };
}

interface Network {
  readonly filters: Layer;
  readonly hidden: Layer;
  readonly output: Layer;
}

/** Everything of one forward pass that the backward pass needs. */
interface Pass {
  /** relu(filter) per word, [A][FILTERS] */
  readonly active: readonly Float64Array[];
  /** Per filter the word where it is greatest. */
  readonly peak: Int32Array;
  readonly pooled: Float64Array;
  readonly hiddenActive: Float64Array;
  readonly logit: number;
}

function fitConvolution(samples: readonly Sample[], random: Random): Head {
  const network: Network = {
    filters: layer(WINDOW, FILTERS, random),
    hidden: layer(2 * FILTERS + GLOBALS, HIDDEN, random),
    output: layer(HIDDEN, 1, random),
  };
  const { filters, hidden, output } = network;
  const all = [filters, hidden, output].flatMap(({ weights, bias }) => [weights, bias]);
  runEpochs(samples, all, TRAINING, random, ({ row }, slopeAt) => {
    const pass = run(network, row);
    const back = reluGradient(pass.hiddenActive, backward(output, pass.hiddenActive, [slopeAt(pass.logit)]));
    const pooledGradient = backward(hidden, pass.pooled, back);
    pass.active.forEach((active, word) => {
      const gradient = active.map(
        (_, filter) =>
          (pooledGradient[FILTERS + filter] ?? 0) / SCALE +
          (pass.peak[filter] === word ? (pooledGradient[filter] ?? 0) : 0),
      );
      accumulate(filters, windowOf(row, word), reluGradient(active, gradient));
    });
  });
  return {
    logit: (row) => run(network, row).logit,
    build: (graph, front) => buildNetwork(graph, front, network),
  };
}

function windowOf(row: Sample["row"], word: number): Float32Array {
  return rowOf(row, "windows").data.subarray(word * WINDOW, (word + 1) * WINDOW);
}

function run({ filters, hidden, output }: Network, row: Sample["row"]): Pass {
  const mask = rowOf(row, "mask").data;
  const length = mask.reduce((last, value, index) => (value > 0 ? index + 1 : last), 0);
  const active = Array.from({ length }, (_, word) => relu(forward(filters, windowOf(row, word))));
  const peak = new Int32Array(FILTERS);
  const pooled = new Float64Array(2 * FILTERS + GLOBALS);
  active.forEach((values, word) =>
    values.forEach((value, filter) => {
      if (value > (pooled[filter] ?? 0)) [pooled[filter], peak[filter]] = [value, word];
      add(pooled, FILTERS + filter, value / SCALE);
    }),
  );
  pooled.set(rowOf(row, "globals").data, 2 * FILTERS);
  const hiddenActive = relu(forward(hidden, pooled));
  return { active, peak, pooled, hiddenActive, logit: forward(output, hiddenActive)[0] ?? 0 };
}

function buildNetwork(
  graph: GraphBuilder,
  front: Readonly<Record<string, Value>>,
  { filters, hidden, output }: Network,
): Value {
  const active = graph.op("Relu", [denseLayer(graph, valueOf(front, "windows"), filters)]);
  const masked = graph.op("Mul", [active, graph.unsqueeze(valueOf(front, "mask"), 2)]);
  const sum = graph.op("Div", [graph.reduce("ReduceSum", masked, 1), graph.scalar(SCALE)]);
  const pooled = [graph.reduce("ReduceMax", masked, 1), sum, valueOf(front, "globals")];
  const hiddenActive = graph.op("Relu", [
    denseLayer(graph, graph.op("Concat", pooled, { axis: 1n }), hidden),
  ]);
  return flatten(graph, denseLayer(graph, hiddenActive, output));
}
