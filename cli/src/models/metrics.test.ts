import { expect } from "chai";
import fc from "fast-check";

import { measure } from "./metrics.ts";

describe("measure", () => {
  it("gives the numbers of a worked example", () => {
    const quality = measure([0.9, 0.6, 0.2, 0.7], [true, true, false, false]);
    expect(quality.claims).to.equal(4);
    expect(quality.accuracy).to.equal(0.75);
    expect(quality.brier).to.be.closeTo((0.01 + 0.16 + 0.04 + 0.49) / 4, 1e-12);
    expect(quality.logLoss).to.be.closeTo(
      -(Math.log(0.9) + Math.log(0.6) + Math.log(0.8) + Math.log(0.3)) / 4,
      1e-12,
    );
    expect(quality.ece).to.be.closeTo((0.1 + 0.4 + 0.2 + 0.7) / 4, 1e-12);
    expect(quality.skill).to.be.closeTo(1 - 0.175 / 0.25, 1e-12);
    expect(quality.auc).to.equal(3 / 4);
    expect(quality.bins.map(({ said, found }) => [said, found])).to.deep.equal([
      [0.2, 0],
      [0.6, 1],
      [0.7, 0],
      [0.9, 1],
    ]);
  });

  it("gives no skill for repeating the base rate, whatever it is", () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 50 }), (truths) => {
        const rate = truths.filter(Boolean).length / truths.length;
        const quality = measure(
          truths.map(() => rate),
          truths,
        );
        expect(quality.skill).to.be.closeTo(0, 1e-9);
        expect(quality.auc).to.equal(0.5);
        expect(quality.beatsMajority).to.equal(false);
      }),
    );
  });

  it("counts every pair of a true and a false claim, ties half", () => {
    const arbitrary = fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.boolean()), { maxLength: 30 });
    fc.assert(
      fc.property(arbitrary, (rows) => {
        const pairs = rows.flatMap(([a, isTrue]) =>
          isTrue ? rows.flatMap(([b, other]) => (other ? [] : [a > b ? 1 : a === b ? 0.5 : 0])) : [],
        );
        fc.pre(pairs.length > 0);
        const wins = pairs.reduce((sum: number, one) => sum + one, 0);
        const { auc } = measure(
          rows.map(([p]) => p / 5),
          rows.map(([, truth]) => truth),
        );
        expect(auc).to.be.closeTo(wins / pairs.length, 1e-12);
      }),
    );
  });

  it("tells being right more often from luck", () => {
    // A tenth is true; the model finds `found` of 100 claims and cries wolf on `wolves` others.
    const of = (found: number, wolves: number, n = 1_000): boolean => {
      const truths = Array.from({ length: n }, (_, i) => i < n / 10);
      const said = truths.map((truth, i) => (truth ? i < found : i >= n - wolves));
      return measure(
        said.map((yes) => (yes ? 0.8 : 0.1)),
        truths,
      ).beatsMajority;
    };
    expect(of(0, 0), "always FALSE").to.equal(false);
    expect(of(55, 45), "ten more right of a thousand, by luck").to.equal(false);
    expect(of(4, 0), "surely better, but by next to nothing").to.equal(false);
    expect(of(50, 10), "half of them found").to.equal(true);
  });
});
