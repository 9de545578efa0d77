import type { Family, Inputs } from "../../pairs/family.ts";
import { rowOf } from "../../onnx/front.ts";
import { fitLogistic } from "../../learn/logistic.ts";
import { rarities, type SparseRow, topicDirections } from "../../learn/topics.ts";
import type { GraphBuilder, Value } from "../../onnx/builder.ts";
import { linearHead } from "../../onnx/heads.ts";
import { bagOf } from "../../onnx/ngrams.ts";
import { seededRandom } from "../../rng.ts";
import { BUCKETS, wordBuckets } from "./corpus.ts";

const TOPICS = 40;
const SEED = 23;
const RIDGE = 0.3;

/** Compares what claim and passage are about, as directions learned from which words occur together; word order is not seen. */
export function topicLogistic(corpus: readonly (readonly number[])[]): Family {
  const table = topicTable(corpus);
  return {
    family: "topic-logistic",
    name: "Topic logistic",
    summary:
      "Logistic regression on products and cosine of topic vectors (latent semantic analysis of the training texts)",
    editWeight: 0,
    front: (graph, inputs) => ({ features: topicFeatures(graph, inputs, table) }),
    fit: (samples) =>
      linearHead(
        fitLogistic(
          samples.map(({ row, label, weight }) => ({ x: rowOf(row, "features").data, label, weight })),
          RIDGE,
        ),
        "features",
      ),
  };
}

/** Rarity times topic direction of each bucket: a text's topic vector is the sum over its words. */
function topicTable(corpus: readonly (readonly number[])[]): Float32Array {
  const rarity = rarities(
    corpus.map((buckets) => new Set(buckets)),
    BUCKETS,
  );
  const documents = corpus.map((buckets): SparseRow => {
    const weights = new Map<number, number>();
    for (const bucket of buckets) weights.set(bucket, (weights.get(bucket) ?? 0) + (rarity[bucket] ?? 0));
    const length = Math.hypot(...weights.values()) || 1;
    return new Map([...weights].map(([bucket, weight]) => [bucket, weight / length]));
  });
  const directions = topicDirections(documents, BUCKETS, TOPICS, seededRandom(SEED));
  return Float32Array.from(directions, (value, index) => value * (rarity[Math.floor(index / TOPICS)] ?? 0));
}

/** float [N, TOPICS + 1]: products of the unit vectors, topic by topic, and their sum (the cosine). */
function topicFeatures(graph: GraphBuilder, inputs: Inputs, table: Float32Array): Value {
  const unit = (source: Value): Value => {
    const vector = bagOf(graph, wordBuckets(graph, source), table, TOPICS, 1);
    const length = graph.op("ReduceL2", [vector, graph.integers([1])], { keepdims: 1n });
    return graph.op("Div", [vector, graph.op("Max", [length, graph.scalar(1e-6)])]);
  };
  const products = graph.op("Mul", [unit(inputs.text), unit(inputs.answer)]);
  const cosine = graph.op("ReduceSum", [products, graph.integers([1])], { keepdims: 1n });
  return graph.op("Concat", [products, cosine], { axis: 1n });
}
