import { expect } from "chai";
import { correlation, majorityAccuracy, measure } from "./metrics.ts";

describe("measure", () => {
  it("finds no fault with certain and right", () => {
    const quality = measure([1, 0, 1], [true, false, true]);
    expect(quality).to.include({ accuracy: 1, brier: 0, ece: 0, rows: 3 });
  });

  it("matches values worked out by hand", () => {
    const { accuracy, brier, logLoss, ece } = measure([0.8, 0.8, 0.3, 0.3], [true, false, false, true]);
    expect(accuracy).to.equal(0.5);
    expect(brier).to.be.closeTo((0.04 + 0.64 + 0.09 + 0.49) / 4, 1e-12);
    expect(logLoss).to.be.closeTo(
      -(Math.log(0.8) + Math.log(0.2) + Math.log(0.7) + Math.log(0.3)) / 4,
      1e-12,
    );
    expect(ece).to.be.closeTo((0.3 + 0.2) / 2, 1e-12);
  });
});

describe("correlation", () => {
  it("is 1 with itself, −1 with its opposite and 0 with a constant", () => {
    expect(correlation([1, 0, 1], [1, 0, 1])).to.be.closeTo(1, 1e-12);
    expect(correlation([1, 0, 1], [0, 1, 0])).to.be.closeTo(-1, 1e-12);
    expect(correlation([1, 0, 1], [1, 1, 1])).to.equal(0);
  });
});

describe("majorityAccuracy", () => {
  it("is the share of the more frequent side", () => {
    expect(majorityAccuracy([true, false, false, false])).to.equal(0.75);
  });
});
