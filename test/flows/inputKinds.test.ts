import { join } from "node:path";

import { readSamples, ROOT } from "@assay/cli/local-network";

import { judgedByKeepers, type Samples } from "../fixtures/keepers.ts";
import { writeStopWords } from "../fixtures/stopWords.ts";

const CLAIMS = 8;

/** What each kind of input is asked: a string, token ids, several strings, an image. */
const plansWith = (stopWords: string) => [
  { name: "ngram", domain: "language", family: "ngram-bayes", model: "language/ngram-bayes" },
  { name: "tokens", domain: "language", family: "stop-words", model: stopWords },
  { name: "overlap", domain: "grounded", family: "overlap-logistic", model: "grounded/overlap-logistic" },
  { name: "edits", domain: "grounded", family: "hard-negative", model: "grounded/hard-negative" },
  { name: "strokes", domain: "digits", family: "stroke-conv", model: "digits/stroke-conv" },
  {
    name: "gradients",
    domain: "digits",
    family: "gradient-perceptron",
    model: "digits/gradient-perceptron",
  },
];

describe("keepers with models of every kind of input (KEEP)", function () {
  this.timeout(240_000);

  it("judge strings, token ids, pairs of strings and images to a verdict", async () => {
    const samples = (domain: string): Samples =>
      readSamples(join(ROOT, `samples/${domain}-claims.jsonl`)).slice(0, CLAIMS);
    await judgedByKeepers((folder) => ({
      plans: plansWith(writeStopWords(join(folder, "stop-words"))),
      samples: Object.fromEntries(["language", "grounded", "digits"].map((name) => [name, samples(name)])),
    }));
  });
});
