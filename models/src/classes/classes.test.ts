import { expect } from "chai";

import { sha256 } from "@assay/keeper";
import { charConv } from "../domains/language/char-conv.ts";
import { letterForest } from "../domains/language/letter-forest.ts";
import { ngramBayes } from "../domains/language/ngram-bayes.ts";
import { subwordEmbedding } from "../domains/language/subword-embedding.ts";
import { wordPieceFamily } from "../domains/language/word-pieces.ts";
import { blindTo } from "../domains/digits/blind.ts";
import { drawDigit } from "../domains/digits/draw.ts";
import { imageFeeds } from "../domains/digits/feeds.ts";
import { gradientPerceptron } from "../domains/digits/gradient-perceptron.ts";
import { neighbours } from "../domains/digits/neighbours.ts";
import { pixelForest } from "../domains/digits/pixel-forest.ts";
import { pixelSoftmax } from "../domains/digits/pixel-softmax.ts";
import { strokeConv } from "../domains/digits/stroke-conv.ts";
import { type Feeds, openSession, runFeeds, stringTensor } from "../onnx/session.ts";
import { pick, seededRandom, shuffled } from "../rng.ts";
import { centroids, claimsAbout } from "./claims.ts";
import type { ClassFamily } from "./family.ts";
import { type ClassTask, frontRows, trainClasses } from "./pipeline.ts";

const random = seededRandom(9);
const VOICES = ["der bach und die quelle", "le ruisseau et la source", "źródło i strumień łąki"].map((line) =>
  line.split(" "),
);

function taskOf(made: readonly { feeds: Feeds; label: number }[], input: ClassTask["input"]): ClassTask {
  // Folds are made by place: unshuffled, each would hold one class.
  const feeds = shuffled(seededRandom(10), made);
  const claims = feeds.flatMap(({ label }, item) => [
    { item, label, truth: true },
    { item, label: (label + 1) % 3, truth: false },
  ]);
  return { labels: ["0", "1", "2"], input, items: feeds, claims };
}

const texts = taskOf(
  Array.from({ length: 60 }, (_, index) => {
    const words = Array.from({ length: 6 }, () => pick(random, VOICES[index % 3] ?? []));
    return { feeds: { text: stringTensor([words.join(" ")]) }, label: index % 3 };
  }),
  (graph) => graph.input("text", "string", ["N"]),
);
const images = taskOf(
  Array.from({ length: 60 }, (_, index) => ({
    feeds: imageFeeds(drawDigit(index % 3, random)),
    label: index % 3,
  })),
  (graph) => graph.input("image", "float", ["N", 1, 28, 28]),
);

const FAMILIES: readonly (readonly [ClassFamily, ClassTask])[] = [
  ...[ngramBayes, wordPieceFamily, letterForest, subwordEmbedding, charConv].map(
    (family) => [family, texts] as const,
  ),
  ...[pixelSoftmax, neighbours, gradientPerceptron, pixelForest, strokeConv, blindTo(7, 8)].map(
    (family) => [family, images] as const,
  ),
];

describe("trainClasses", () => {
  for (const [family, task] of FAMILIES) {
    describe(family.family, () => {
      const member = { family, sees: (index: number) => index >= 12 };

      it("learns a plain task, also about items it has not seen", async () => {
        const { outOfFold } = trainClasses(member, task, await frontRows(family, task), 1);
        const right = outOfFold.filter((p, index) => p > 0.5 === task.claims[index]?.truth).length;
        expect(right / outOfFold.length).to.be.greaterThan(0.85);
      });

      it("gives the same bytes twice, and others from a resample", async () => {
        const rows = await frontRows(family, task);
        const hash = (resample: boolean): string =>
          sha256(trainClasses(member, task, rows, 1, resample).bytes);
        expect(hash(false)).to.equal(hash(false));
        expect(hash(true)).to.not.equal(hash(false));
      });

      it("writes a graph that computes what the head computes", async () => {
        const rows = await frontRows(family, task);
        const { bytes, head } = trainClasses(member, task, rows, 1);
        const session = await openSession(bytes);
        const outputs = await runFeeds(
          session,
          task.items.map(({ feeds }) => feeds),
        );
        await session.release();
        outputs.forEach(({ logits }, row) => {
          const expected = head.logits(rows[row] ?? {});
          logits?.data.forEach((value, label) =>
            expect(value, `row ${row}`).to.be.closeTo(expected[label] ?? NaN, 1e-4),
          );
        });
      });
    });
  }
});

describe("claimsAbout", () => {
  const vectors = [[0], [1], [10], [11]];
  const labels = [0, 1, 2, 3];
  const centres = centroids(vectors, labels, 4);

  it("names every item's class once rightly and once wrongly", () => {
    const claims = claimsAbout(vectors, labels, centres, seededRandom(1));
    expect(claims).to.have.length(8);
    for (const { item, label, truth } of claims) expect(label === labels[item]).to.equal(truth);
  });

  it("takes the nearest other class about half of the time", () => {
    const many = Array.from({ length: 400 }, (_, index) => index % 4);
    const claims = claimsAbout(
      many.map((label) => vectors[label] ?? []),
      many,
      centres,
      seededRandom(1),
    );
    const near = claims.filter(({ item, label, truth }) => !truth && label === ((many[item] ?? 0) ^ 1));
    expect(near.length / 400).to.be.within(0.55, 0.78);
  });
});
