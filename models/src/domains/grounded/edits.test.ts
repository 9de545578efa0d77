import { expect } from "chai";
import type { Example } from "../../pairs/family.ts";
import { edited, EDIT_KINDS, vocabularyOf } from "./edits.ts";
import { seededRandom } from "../../rng.ts";

const EXAMPLE: Example = {
  text: "The tower was finished in 1889 and is 330 metres tall.",
  answer: "The tower was finished in 1889.",
  truth: true,
};
const VOCABULARY = vocabularyOf(["Bananas ripen quickly."]);

describe("edited", () => {
  for (const kind of EDIT_KINDS) {
    it(`${kind}: changes the answer, keeps the text and is false`, () => {
      for (let seed = 0; seed < 50; seed++) {
        const copy = edited(EXAMPLE, kind, VOCABULARY, seededRandom(seed));
        expect(copy?.answer).to.be.a("string").and.not.equal(EXAMPLE.answer);
        expect(copy).to.include({ text: EXAMPLE.text, truth: false });
      }
    });
  }

  it("negation: takes a not away where there is one", () => {
    const copy = edited({ ...EXAMPLE, answer: "It was not sold." }, "negation", VOCABULARY, seededRandom(1));
    expect(copy?.answer).to.equal("It was sold.");
  });

  it("number: gives nothing where there is no number", () => {
    expect(edited({ ...EXAMPLE, answer: "It is tall." }, "number", VOCABULARY, seededRandom(1))).to.equal(
      undefined,
    );
  });

  it("wordSwap: gives nothing where there is no content word", () => {
    expect(edited({ ...EXAMPLE, answer: "It is 3." }, "wordSwap", VOCABULARY, seededRandom(1))).to.equal(
      undefined,
    );
  });
});
