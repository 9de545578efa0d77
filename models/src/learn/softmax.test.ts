import { expect } from "chai";

import { classLogit, softmax } from "./softmax.ts";

describe("classLogit", () => {
  it("is the log-odds of softmax", () => {
    const logits = Float64Array.of(0.3, -1.2, 2.5);
    softmax(logits).forEach((p, label) => {
      expect(classLogit(logits, label)).to.be.closeTo(Math.log(p / (1 - p)), 1e-12);
    });
  });

  it("stays finite where the probability rounds to one", () => {
    expect(softmax(Float64Array.of(1000, 0))[0]).to.equal(1);
    expect(classLogit([1000, 0], 0)).to.equal(1000);
    expect(classLogit([1000, 0], 1)).to.equal(-1000);
  });
});
