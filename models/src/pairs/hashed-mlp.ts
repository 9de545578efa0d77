import { runEpochs } from "../learn/epochs.ts";
import {
  add,
  backward,
  forward,
  type Layer,
  layer,
  matrixOf,
  type Parameters,
  parameters,
  relu,
  reluGradient,
} from "../learn/network.ts";
import { equality, runs, unmatched } from "../onnx/alignment.ts";
import type { GraphBuilder, Value } from "../onnx/builder.ts";
import { dense, flatten } from "../onnx/heads.ts";
import { type Sequence } from "../onnx/alignment.ts";
import { matching, type Words, words } from "../onnx/words.ts";
import type { Random } from "../rng.ts";
import type { Family, Head, Inputs, Sample } from "./family.ts";
import { rowOf, valueOf } from "../onnx/front.ts";

const ANSWER_WORDS = 128;
const TEXT_WORDS = 512;
/** Words (and pairs of neighbours) are hashed into this many rows of an embedding table. */
const BUCKETS = 2039;
const PAIR_BASE = 8191;
const WIDTH = 8;
const HIDDEN = 20;
/** Embedding sums are divided by this, so that they stay near 1. */
const SCALE = 6;
const DROPOUT = 0.25;
const TRAINING = { epochs: 6, batch: 32, learningRate: 6e-3, weightDecay: 1 };
/** The bags of embeddings that are summed: which ids, weighted by which mask. */
const BAGS = [
  { ids: "answerIds", weights: "missing" },
  { ids: "answerIds", weights: "found" },
  { ids: "textIds", weights: "unused" },
  { ids: "pairIds", weights: "missingPairs" },
  { ids: "pairIds", weights: "foundPairs" },
] as const;
const INPUTS = (BAGS.length + 1) * WIDTH;

/** Embeddings of hashed words and word pairs, summed by whether the text has them, and a small network on the sums. */
export const hashedMlp: Family = {
  family: "hashed-mlp",
  name: "Hashed embeddings",
  summary:
    "Learned embeddings of hashed words and word pairs, summed by found / missing / unused, and a two-layer network",
  editWeight: 0.2,
  front: hashedFront,
  fit: fitHashedMlp,
};

function hashedFront(graph: GraphBuilder, inputs: Inputs): Record<string, Value> {
  const answer = words(graph, inputs.answer, ANSWER_WORDS);
  const text = words(graph, inputs.text, TEXT_WORDS);
  const equal = equality(graph, answer, text);
  const found = graph.reduce("ReduceMax", equal, 2);
  const foundPairs = graph.reduce("ReduceMax", runs(graph, equal, [2]).get(2) as Value, 2);
  const next = nextSequence(graph, answer);
  const pairMask = graph.op("Mul", [answer.mask, next.mask]);
  return {
    answerIds: withoutNumbers(graph, answer, bucket(graph, answer.ids)),
    textIds: bucket(graph, text.ids),
    pairIds: pairBucket(graph, answer.ids, next.ids),
    found,
    missing: unmatched(graph, found, answer.mask),
    unused: unmatched(graph, graph.reduce("ReduceMax", equal, 1), text.mask),
    foundPairs,
    missingPairs: unmatched(graph, foundPairs, pairMask),
  };
}

/** The sequence moved one to the left: element i is the old i + 1, the last one is padding. */
function nextSequence(graph: GraphBuilder, { ids, mask }: Sequence): Sequence {
  const rest = (value: Value, zero: Value): Value =>
    graph.op("Pad", [graph.slice(value, 1, 1, 1 << 30), graph.integers([0, 0, 0, 1]), zero]);
  return { ids: rest(ids, graph.cast(graph.integers([0], []), "int32")), mask: rest(mask, graph.scalar(0)) };
}

function remainder(graph: GraphBuilder, ids: Value, modulus: number): Value {
  return graph.op("Mod", [graph.cast(ids, "int64"), graph.integers([modulus], [])]);
}

/** int32 [N, L] → float [N, L] in [0, BUCKETS). */
function bucket(graph: GraphBuilder, ids: Value): Value {
  return graph.cast(remainder(graph, ids, BUCKETS), "float");
}

/** All numbers share bucket 0: no number is common enough to learn about by itself. */
function withoutNumbers(graph: GraphBuilder, source: Words, buckets: Value): Value {
  const isNumber = matching(graph, source, "\\pN.*");
  return graph.op("Mul", [buckets, graph.op("Sub", [graph.scalar(1), isNumber])]);
}

/** Bucket of a word and its right neighbour; order matters. */
function pairBucket(graph: GraphBuilder, left: Value, right: Value): Value {
  const high = graph.op("Mul", [remainder(graph, left, PAIR_BASE), graph.integers([PAIR_BASE], [])]);
  const both = graph.op("Add", [high, remainder(graph, right, PAIR_BASE)]);
  return graph.cast(remainder(graph, both, BUCKETS), "float");
}

interface Network {
  readonly words: Parameters;
  readonly pairs: Parameters;
  readonly hidden: Layer;
  readonly output: Layer;
}

function fitHashedMlp(samples: readonly Sample[], random: Random): Head {
  const network: Network = {
    words: parameters(BUCKETS * WIDTH, 0.1, random),
    pairs: parameters(BUCKETS * WIDTH, 0.1, random),
    hidden: layer(INPUTS, HIDDEN, random),
    output: layer(HIDDEN, 1, random),
  };
  const { hidden, output } = network;
  const all = [network.words, network.pairs, hidden.weights, hidden.bias, output.weights, output.bias];
  runEpochs(samples, all, TRAINING, random, ({ row }, slopeAt) => {
    const bags = bagSums(network, row);
    const keep = bags.map(() => (random() < DROPOUT ? 0 : 1 / (1 - DROPOUT)));
    const dropped = bags.map((value, index) => value * (keep[index] ?? 0));
    const inputs = withProduct(dropped);
    const active = relu(forward(hidden, inputs));
    const slope = slopeAt(forward(output, active)[0] ?? 0);
    const back = reluGradient(active, backward(output, active, [slope]));
    const gradient = productGradient(dropped, backward(hidden, inputs, back));
    bagGradients(
      network,
      row,
      gradient.map((value, index) => value * (keep[index] ?? 0)),
    );
  });
  return {
    logit: (row) => forward(output, relu(forward(hidden, withProduct(bagSums(network, row)))))[0] ?? 0,
    build: (graph, front) => buildNetwork(graph, front, network),
  };
}

type RowTensors = Sample["row"];

function tableOf(network: Network, ids: string): Parameters {
  return ids === "pairIds" ? network.pairs : network.words;
}

/** [BAGS · WIDTH]: for each bag Σ weight · embedding / SCALE. */
function bagSums(network: Network, row: RowTensors): Float64Array {
  const sums = new Float64Array(BAGS.length * WIDTH);
  BAGS.forEach(({ ids, weights }, bag) => {
    const table = tableOf(network, ids).value;
    const weight = rowOf(row, weights).data;
    rowOf(row, ids).data.forEach((id, position) => {
      const factor = (weight[position] ?? 0) / SCALE;
      if (factor === 0) return;
      for (let i = 0; i < WIDTH; i++) add(sums, bag * WIDTH + i, factor * (table[id * WIDTH + i] ?? 0));
    });
  });
  return sums;
}

function bagGradients(network: Network, row: RowTensors, gradient: Float64Array): void {
  BAGS.forEach(({ ids, weights }, bag) => {
    const table = tableOf(network, ids).gradient;
    const weight = rowOf(row, weights).data;
    rowOf(row, ids).data.forEach((id, position) => {
      const factor = (weight[position] ?? 0) / SCALE;
      if (factor === 0) return;
      for (let i = 0; i < WIDTH; i++) add(table, id * WIDTH + i, factor * (gradient[bag * WIDTH + i] ?? 0));
    });
  });
}

/** Appends missing ⊙ unused: what the answer says instead of what the text says. */
function withProduct(bags: Float64Array): Float64Array {
  const inputs = new Float64Array(INPUTS);
  inputs.set(bags);
  for (let i = 0; i < WIDTH; i++)
    inputs[BAGS.length * WIDTH + i] = (bags[i] ?? 0) * (bags[2 * WIDTH + i] ?? 0);
  return inputs;
}

function productGradient(bags: Float64Array, gradient: Float64Array): Float64Array {
  const result = gradient.slice(0, BAGS.length * WIDTH);
  for (let i = 0; i < WIDTH; i++) {
    const slope = gradient[BAGS.length * WIDTH + i] ?? 0;
    add(result, i, slope * (bags[2 * WIDTH + i] ?? 0));
    add(result, 2 * WIDTH + i, slope * (bags[i] ?? 0));
  }
  return result;
}

function buildNetwork(graph: GraphBuilder, front: Readonly<Record<string, Value>>, network: Network): Value {
  const sums = BAGS.map(({ ids, weights }) => {
    const table = graph.floats([...tableOf(network, ids).value], [BUCKETS, WIDTH]);
    const embedded = graph.op("Gather", [table, graph.cast(valueOf(front, ids), "int64")]);
    const weight = graph.op("Div", [graph.unsqueeze(valueOf(front, weights), 2), graph.scalar(SCALE)]);
    return graph.reduce("ReduceSum", graph.op("Mul", [embedded, weight]), 1);
  });
  const product = graph.op("Mul", [sums[0] as Value, sums[2] as Value]);
  const inputs = graph.op("Concat", [...sums, product], { axis: 1n });
  const active = graph.op("Relu", [
    dense(graph, inputs, matrixOf(network.hidden), [...network.hidden.bias.value]),
  ]);
  return flatten(graph, dense(graph, active, matrixOf(network.output), [...network.output.bias.value]));
}
