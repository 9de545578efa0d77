import { expect } from "chai";

import { decay, grow, price } from "./feeCurve.ts";

const RATE = 100_000_000n;
const MIN_FEE = 10n ** 15n;

describe("feeCurve", () => {
  it("decays by target a second, never below zero", () => {
    expect(decay(100n, 10n, 5n)).to.equal(50n);
    expect(decay(100n, 10n, 10n)).to.equal(0n);
    expect(decay(100n, 10n, 11n)).to.equal(0n);
  });

  it("grows by a thousand a claim-seat and saturates at 20 · rate", () => {
    expect(grow(5n, 3n, RATE)).to.equal(3_005n);
    expect(grow(20n * RATE - 1n, 1n, RATE)).to.equal(20n * RATE);
  });

  it("multiplies the floor by e every rate", () => {
    expect(price(MIN_FEE, 0n, RATE)).to.equal(MIN_FEE);
    expect(price(MIN_FEE, RATE, RATE)).to.equal(2_718281828459045n);
    expect(price(1n, RATE, RATE), "rounded down").to.equal(2n);
  });

  it("stops at e^20", () => {
    const most = price(MIN_FEE, 20n * RATE, RATE);
    expect(most / MIN_FEE).to.equal(485_165_195n);
    expect(price(MIN_FEE, 2n ** 128n, RATE)).to.equal(most);
  });
});
