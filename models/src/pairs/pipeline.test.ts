import { sha256 } from "@assay/keeper";
import { expect } from "chai";
import type { Example } from "./family.ts";
import { GROUNDED_FAMILIES } from "../domains/grounded/families.ts";
import { corpusOf } from "../domains/relevance/corpus.ts";
import { rarityLogistic } from "../domains/relevance/rarity-logistic.ts";
import { topicLogistic } from "../domains/relevance/topic-logistic.ts";
import { openSession, runBatch } from "../onnx/session.ts";
import { trainFamily } from "./pipeline.ts";
import { pick, seededRandom, shuffled } from "../rng.ts";

const NOUNS = "bridge river castle engine garden violin market desert comet island".split(" ");
const VERBS = "was built was painted was found has grown has vanished was sold".match(/\w+ \w+/g) ?? [];
const PLACES =
  "in Norway in 1912 near Lisbon by monks by two sisters after 30 years".match(
    /\w+ \w+(?: (?:sisters|years))?/g,
  ) ?? [];

/** Small and plain: half of the answers are cut from their text, half are made from other words. */
function synthetic(rows: number): Example[] {
  const random = seededRandom(11);
  const sentence = (): string => `The ${pick(random, NOUNS)} ${pick(random, VERBS)} ${pick(random, PLACES)}`;
  return Array.from({ length: rows }, (_, index) => {
    const truth = index % 2 === 0;
    const [said, other] = [sentence(), sentence()];
    const chat = shuffled(random, "i really like that do you know more about music".split(" ")).join(" ");
    return { text: `${said}. ${other}.`, answer: truth ? said : chat, truth };
  });
}

const examples = synthetic(60);
/** Those that count the words of their domain first count these. */
const corpus = await corpusOf(examples.map((example) => ({ ...example, group: example.text })));
const FAMILIES = [...GROUNDED_FAMILIES, rarityLogistic(corpus), topicLogistic(corpus)];

describe("trainFamily", () => {
  for (const family of FAMILIES) {
    describe(family.family, () => {
      it("gives the same bytes twice", async () => {
        const first = await trainFamily(family, examples, 1);
        const second = await trainFamily(family, examples, 1);
        expect(sha256(first.bytes)).to.equal(sha256(second.bytes));
        expect(first.outOfFold).to.deep.equal(second.outOfFold);
      });

      it("learns a plain task", async () => {
        const trained = await trainFamily(family, examples, 1);
        const right = trained.outOfFold.filter((p, index) => p > 0.5 === examples[index]?.truth).length;
        expect(right / examples.length).to.be.greaterThan(0.9);
        expect(trained.baseRate).to.equal(0.5);
      });

      it("writes a graph that computes what the head computes", async () => {
        const { bytes, trainedLogits, calibration } = await trainFamily(family, examples, 1);
        const session = await openSession(bytes);
        const probabilities = await runBatch(session, examples);
        await session.release();
        probabilities.forEach((p, row) => {
          const logit = calibration.slope * (trainedLogits[row] ?? NaN) + calibration.offset;
          expect(p, `row ${row}`).to.be.closeTo(1 / (1 + Math.exp(-logit)), 1e-5);
        });
      });
    });
  }
});
