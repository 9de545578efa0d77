import { rowOf } from "../../onnx/front.ts";
import type { ClassFamily, ClassHead, ClassSample } from "../../classes/family.ts";
import type { RowTensors } from "../../onnx/front.ts";
import { bagOf, ngrams } from "../../onnx/ngrams.ts";
import { characters } from "../../onnx/words.ts";

const CHARACTERS = 200;
const LENGTHS = [2, 3] as const;
const BUCKETS = 4093;
/** Added to every count. */
const SMOOTHING = 0.3;

/** Naive Bayes on hashed pairs and triples of characters: counts, no descent, nothing random. */
export const ngramBayes: ClassFamily = {
  family: "ngram-bayes",
  name: "Character n-gram Bayes",
  summary: "Naive Bayes on hashed runs of two and three characters",
  front(graph, input) {
    const source = characters(graph, input, CHARACTERS);
    return Object.fromEntries(
      LENGTHS.flatMap((n) => {
        const { ids, mask } = ngrams(graph, source, n, BUCKETS);
        return [
          [`ids${n}`, ids],
          [`mask${n}`, mask],
        ];
      }),
    );
  },
  fit: fitBayes,
};

function fitBayes(samples: readonly ClassSample[], classes: number): ClassHead {
  const tables = LENGTHS.map((n) => logShares(samples, classes, n));
  return {
    logits: (row) => {
      const sums = new Float64Array(classes);
      LENGTHS.forEach((n, index) => addBag(sums, tables[index] as Float32Array, row, n, classes));
      return sums;
    },
    build: (graph, front) =>
      LENGTHS.map((n, index) =>
        bagOf(
          graph,
          { ids: front[`ids${n}`] as string, mask: front[`mask${n}`] as string },
          tables[index] as Float32Array,
          classes,
          0.5,
        ),
      ).reduce((sum, bag) => graph.op("Add", [sum, bag])),
  };
}

/** ln P(n-gram | class), centred over the classes; [BUCKETS, classes], float32 as the graph reads it. */
function logShares(samples: readonly ClassSample[], classes: number, n: number): Float32Array {
  const counts = new Float64Array(BUCKETS * classes).fill(SMOOTHING);
  const totals = new Float64Array(classes).fill(SMOOTHING * BUCKETS);
  for (const { row, label } of samples) {
    const mask = rowOf(row, `mask${n}`).data;
    rowOf(row, `ids${n}`).data.forEach((id, place) => {
      const weight = mask[place] ?? 0;
      counts[id * classes + label] = (counts[id * classes + label] ?? 0) + weight;
      totals[label] = (totals[label] ?? 0) + weight;
    });
  }
  const logs = counts.map((count, index) => Math.log(count / (totals[index % classes] ?? 1)));
  return Float32Array.from(logs, (value, index) => {
    const start = index - (index % classes);
    const mean = logs.subarray(start, start + classes).reduce((sum, other) => sum + other, 0) / classes;
    return value - mean;
  });
}

/** Adds Σ table[id] / √count: neighbours overlap, so their evidence grows more slowly than their number. */
function addBag(sums: Float64Array, table: Float32Array, row: RowTensors, n: number, classes: number): void {
  const mask = rowOf(row, `mask${n}`).data;
  const divisor = Math.sqrt(
    Math.max(
      1,
      mask.reduce((sum, value) => sum + value, 0),
    ),
  );
  rowOf(row, `ids${n}`).data.forEach((id, place) => {
    if (mask[place] === 0) return;
    for (let c = 0; c < classes; c++) sums[c] = (sums[c] ?? 0) + (table[id * classes + c] ?? 0) / divisor;
  });
}
