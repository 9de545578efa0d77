import type { ClassFamily } from "../../classes/family.ts";
import { fitEmbeddings } from "../../learn/embedding.ts";
import { ngrams } from "../../onnx/ngrams.ts";
import { characters } from "../../onnx/words.ts";

const CHARACTERS = 200;
const LENGTHS = [1, 4] as const;
const OPTIONS = {
  buckets: 8191,
  width: 12,
  scale: 0.1,
  epochs: 10,
  batch: 32,
  learningRate: 2e-2,
  weightDecay: 0.02,
};

/** Learned embeddings of hashed characters and runs of four, averaged: what fastText does. */
export const subwordEmbedding: ClassFamily = {
  family: "subword-embedding",
  name: "Subword embeddings",
  summary: "Mean of learned embeddings of hashed characters and runs of four characters, and a linear layer",
  front(graph, input) {
    const source = characters(graph, input, CHARACTERS);
    return Object.fromEntries(
      LENGTHS.flatMap((n) => {
        const { ids, mask } = ngrams(graph, source, n, OPTIONS.buckets);
        return [
          [`ids${n}`, ids],
          [`mask${n}`, mask],
        ];
      }),
    );
  },
  fit: (samples, classes, random) =>
    fitEmbeddings(
      samples,
      classes,
      LENGTHS.map((n) => ({ ids: `ids${n}`, mask: `mask${n}` })),
      OPTIONS,
      random,
    ),
};
