import { expect } from "chai";

import { isWithinLimits } from "./limits.ts";

describe("isWithinLimits", () => {
  const limits = { text: { min: 3, max: 5 }, answer: { min: 1, max: 2 } };

  for (const [text, answer, within] of [
    ["abc", "a", true],
    ["abcde", "ab", true],
    ["ab", "a", false],
    ["abcdef", "a", false],
    ["abc", "", false],
    ["abc", "abc", false],
    // Three characters of two UTF-16 units each.
    ["😀😀😀", "😀", true],
    ["😀😀😀", "😀😀😀", false],
    // Blanks and what nobody sees make nothing longer.
    ["   ", "a", false],
    ["a  ", "a", false],
    ["  a", "a", false],
    ["\0\0\0", "a", false],
    ["\u200b\u2060\ufeff", "a", false],
    ["a\u3164\u3164", "a", false],
    ["abc", "\t", false],
    ["a b", "a", true],
    ["a \n b", "a", true],
    ["ab c ", "a", true],
    ["     abc", "a", false],
  ] as const) {
    it(`says ${within} for ${JSON.stringify(text)} and ${JSON.stringify(answer)}`, () => {
      expect(isWithinLimits({ text, answer }, limits)).to.equal(within);
    });
  }

  it("does not miss what a claim has not, or what has no limit", () => {
    expect(isWithinLimits({ values: [1], answer: "a" }, limits)).to.equal(true);
    expect(isWithinLimits({ text: "", answer: "" }, {})).to.equal(true);
  });
});
