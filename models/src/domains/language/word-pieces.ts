import type { ClassFamily } from "../../classes/family.ts";
import { fitEmbeddings } from "../../learn/embedding.ts";
import { ngrams } from "../../onnx/ngrams.ts";
import { plainWords, wordPieces } from "../../onnx/words.ts";

const WORDS = 48;
const OPTIONS = {
  buckets: 8191,
  width: 8,
  scale: 0.05,
  epochs: 10,
  batch: 32,
  learningRate: 2e-2,
  weightDecay: 0.02,
};
const BAGS = [
  { ids: "wordIds", mask: "words" },
  { ids: "pieceIds", mask: "pieces" },
];

/** Knows a language by "the" and "und" and by how words begin; nothing reaches across a space. */
export const wordPieceFamily: ClassFamily = {
  family: "word-pieces",
  name: "Words and their pieces",
  summary:
    "Mean of learned embeddings of hashed whole words and of their pieces of three letters (one character where no spaces are written)",
  front(graph, input) {
    const whole = ngrams(graph, plainWords(graph, input, WORDS), 1, OPTIONS.buckets);
    const pieces = ngrams(graph, wordPieces(graph, input, 3 * WORDS), 1, OPTIONS.buckets);
    return { wordIds: whole.ids, words: whole.mask, pieceIds: pieces.ids, pieces: pieces.mask };
  },
  fit: (samples, classes, random) => fitEmbeddings(samples, classes, BAGS, OPTIONS, random),
};
