import { expect } from "chai";
import { MODEL_FILE } from "@assay/keeper";

import type { TrainingPair } from "../domains/domain.ts";
import { openJudge } from "../judge.ts";
import { pick, seededRandom } from "../rng.ts";
import { GENERALIST_FAMILIES, trainGeneralist, unionOf } from "./generalist.ts";

const random = seededRandom(4);
const word = (): string => pick(random, "bridge river castle engine garden violin market desert".split(" "));

/** Answers cut from their text or not, with an edited copy each. */
const copied = Array.from({ length: 60 }, (_, index): TrainingPair => {
  const [first, second, other] = [word(), word(), word()];
  const text = `The ${first} and the ${second} are open ${index}`;
  const truth = index % 2 === 0;
  return {
    text,
    answer: truth ? `the ${first} and the ${second}` : `we all like any ${other} so much`,
    truth,
    group: String(index),
    copies: truth ? [{ text, answer: `the ${first} and not the ${second}`, truth: false }] : [],
  };
});
/** Answers that never occur in their text: only who knows words can tell. */
const named = Array.from({ length: 60 }, (_, index): TrainingPair => {
  const english = index % 2 === 0;
  const text = english ? `here is the ${word()} of the town` : `hier ist der ${word()} aus der Stadt`;
  const says = index % 4 < 2 ? "en" : "de";
  return { text, answer: says, truth: english === (says === "en"), group: String(index), copies: [] };
});
const union = unionOf([
  { domain: { name: "copied" }, training: copied },
  { domain: { name: "named" }, training: named },
]);

describe("unionOf", () => {
  it("keeps every claim, and groups of different domains apart", () => {
    expect(union).to.have.length(120);
    expect(new Set(union.map(({ group }) => group)).size).to.equal(120);
  });
});

describe("trainGeneralist", () => {
  for (const family of GENERALIST_FAMILIES) {
    it(`gives the same bytes twice, and others from one domain: ${family.family}`, async () => {
      const hashOf = async (training: readonly TrainingPair[]): Promise<string> =>
        (await trainGeneralist(family, training)).manifest.files[MODEL_FILE];
      expect(await hashOf(union)).to.equal(await hashOf(union));
      expect(await hashOf(union)).to.not.equal(await hashOf(copied));
    });

    it(`judges text and answer, whatever the domain: ${family.family}`, async () => {
      const { manifest, model, rows } = await trainGeneralist(family, union);
      expect(rows).to.equal(120);
      const { judge, release } = await openJudge(manifest, model);
      const probabilities = await judge(union);
      await release();
      const right = (from: number): number =>
        union
          .slice(from, from + 60)
          .filter(({ truth }, row) => (probabilities[from + row] ?? 0) > 0.5 === truth).length / 60;
      expect(right(0), "copied").to.be.greaterThan(0.9);
      for (const p of probabilities) expect(p).to.be.within(0, 1);
    });
  }
});
