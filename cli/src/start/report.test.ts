import { expect } from "chai";

import { renderReport } from "./report.ts";

describe("the closing tables", () => {
  it("have a line under the head and none between rows", () => {
    const claim = { claim: "Oslo is the capital.", verdict: "true", mean: 0.9, truth: true } as const;
    const operator = {
      behaviour: "honest",
      family: "f",
      seats: 1,
      score: 1n,
      points: 1n,
      minted: 1n,
      penalty: 0n,
      outcomes: "1 success",
      before: 10n ** 18n,
      after: 10n ** 18n,
    };
    const text = renderReport({
      claims: [
        { id: "c1", ...claim },
        { id: "c2", ...claim },
      ],
      operators: [
        { name: "a", ...operator },
        { name: "b", ...operator },
      ],
      burned: 0n,
      minted: 0n,
      charged: 0n,
      effectiveFamilies: 1,
    });
    const frame = text
      .split("\n")
      .filter((line) => /^[┌├└│]/.test(line))
      .map((line) => line[0]);
    expect(frame.join("")).to.equal("┌│├││└".repeat(2));
  });
});
