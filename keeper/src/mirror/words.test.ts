import { expect } from "chai";

import { account, score, seat } from "./words.ts";

describe("words", () => {
  it("reads a seat", () => {
    const word = 0x1234n | (7n << 240n) | (3n << 248n) | (1n << 251n);
    expect(seat(word)).to.deep.equal({ digest: 0x1234n, family: 7, weight: 3n, late: true });
    expect(seat(word & ~(1n << 251n)).late).to.equal(false);
  });

  it("reads a score with negative numbers", () => {
    const word =
      BigInt.asUintN(32, -5n) |
      (2n << 32n) |
      (3n << 48n) |
      (4n << 64n) |
      (999n << 80n) |
      (BigInt.asUintN(64, -6n) << 144n) |
      (1n << 208n) |
      (7n << 209n);
    expect(score(word)).to.deep.equal({
      numerator: -5n,
      scoredTrue: 2n,
      scoredFalse: 3n,
      losing: 4n,
      lossMean: 999n,
      quality: -6n,
      late: true,
      weighed: 7n,
    });
  });

  it("reads an account", () => {
    const word = BigInt.asUintN(88, -1n) | (2n << 88n) | (3n << 144n) | (4n << 200n) | (65_535n << 240n);
    expect(account(word)).to.deep.equal({
      score: -1n,
      releasable: 2n,
      served: 3n,
      factor: 4n,
      scored: 65_535n,
    });
  });
});
