import { expect } from "chai";
import fc from "fast-check";
import { decodeBigint, encodeBigint } from "./codec.ts";

const uint256 = fc.bigInt({ min: 0n, max: 2n ** 256n - 1n });

describe("bigint codec", () => {
  it("gives back every uint256", () => {
    fc.assert(fc.property(uint256, (value) => decodeBigint(encodeBigint(value)) === value));
    for (const edge of [0n, 1n, 2n ** 64n, 2n ** 256n - 1n])
      expect(decodeBigint(encodeBigint(edge))).to.equal(edge);
  });

  it("sorts as text as the numbers do", () => {
    fc.assert(fc.property(uint256, uint256, (a, b) => encodeBigint(a) < encodeBigint(b) === a < b));
  });

  it("refuses what is no uint256 and what it did not write", () => {
    for (const value of [-1n, 2n ** 256n]) expect(() => encodeBigint(value)).to.throw(RangeError);
    for (const column of ["1", "", null, 1, "x".repeat(78), " ".repeat(78), "1".repeat(79)]) {
      expect(() => decodeBigint(column)).to.throw(RangeError);
    }
  });
});
