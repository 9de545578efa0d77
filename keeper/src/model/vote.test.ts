import { expect } from "chai";
import fc from "fast-check";

import { moveToBaseRate, voteByte } from "./vote.ts";

const B = 77;

describe("voteByte", () => {
  // By hand: odds p/(1 − p) · (b/(1 − b)) / (t/(1 − t)), back to a probability, times 255, rounded.
  for (const [p, trained, baseRate, vote] of [
    [0.5, 0.5, 128, 128],
    [0.9, 0.5, 128, 230],
    [0.1, 0.5, 128, 26],
    [0.5, 0.5, 51, 51],
    [0.8, 0.5, 51, 128],
    [0.3, 0.3, 128, 128],
    [1, 0.5, 128, 254],
    [0, 0.5, 128, 1],
    [1, 0.5, 242, 255],
    [0, 0.5, 13, 0],
  ] as const) {
    it(`gives ${vote} for ${p}, trained at ${trained}, pinned at ${baseRate} [KEEP-9]`, () => {
      expect(voteByte(p, trained, baseRate)).to.equal(vote);
    });
  }

  for (const p of [NaN, Infinity, -Infinity, -0.001, 1.001]) {
    it(`gives the base rate for ${p}`, () => expect(voteByte(p, 0.5, B)).to.equal(B));
  }

  it("gives a byte for every probability, and more for more", () => {
    const p = fc.double({ min: 0, max: 1, noNaN: true });
    const prior = fc.double({ min: 0.01, max: 0.99, noNaN: true });
    fc.assert(
      fc.property(p, p, prior, fc.integer({ min: 13, max: 242 }), (a, b, trained, baseRate) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)].map((q) => voteByte(q, trained, baseRate));
        expect(low).to.satisfy(Number.isInteger).and.to.be.within(0, 255);
        expect(high).to.be.within(low!, 255);
      }),
    );
  });

  it("turns the training prior into the pinned base rate [KEEP-9]", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 0.99, noNaN: true }),
        fc.integer({ min: 13, max: 242 }),
        (t, b) => {
          expect(moveToBaseRate(t, t, b / 255) * 255).to.be.closeTo(b, 1e-9);
        },
      ),
    );
  });
});
