import { expect } from "chai";
import { hashTypedData, keccak256, toHex, type Address } from "viem";

import { WAD } from "./fixedPoint.ts";
import {
  DEFAULT_RULE,
  link,
  measure,
  MIDDLE,
  normalize,
  PUBLISHED_RULE,
  rates,
  RECEIPT_TYPES,
  reputation,
  roll,
  type Entry,
  type Measure,
  type Receipt,
} from "./performanceMath.ts";

const ALICE: Address = "0x00000000000000000000000000000000000a11ce";
const BOB: Address = "0x0000000000000000000000000000000000000b0b";
/** Computed with ethers. */
const KNOWN_HEAD = "0xa0581745a82b2d09b58dc9dc8e5a2088e7903151f10fbdd951e07e89e0d8d742";
const KNOWN_DIGEST = "0x90c30add03e50be3c394c7be901f38b39df8d1892c21782495e000ff48f63681";

const receipt = (operator: Address, times: Partial<Receipt> = {}): Receipt => ({
  requestId: keccak256(toHex("request")),
  operator,
  modelHash: keccak256(toHex("model")),
  inputSize: 900,
  outputSize: 100,
  loadMs: 50,
  inferMs: 100,
  roundTripMs: 250,
  ...times,
});
const entry = (operator: Address, times: Partial<Receipt> = {}, late = false): Entry => ({
  receipt: receipt(operator, times),
  late,
});
const all = (value: bigint, fresh = 1n, late = 0n): Measure => ({
  speed: value,
  forward: value,
  backward: value,
  response: value,
  count: fresh,
  fresh,
  late,
});

describe("performanceMath.rates", () => {
  it("divides sizes by times, loading counted apart", () => {
    // 1,000 in 200 ms; 900 and 100 in 100 ms; 250 − 50 − 100 waited
    const expected = { speed: 5n * WAD, forward: 9n * WAD, backward: WAD, wait: 100n };
    expect(rates(receipt(ALICE))).to.deep.equal(expected);
    expect(rates(receipt(ALICE, { loadMs: 5_000, roundTripMs: 5_200 }))).to.deep.equal(expected);
  });
});

describe("performanceMath.measure", () => {
  it("is one half where there is nothing to compare with", () => {
    expect(measure([entry(ALICE)], ALICE, 0), "one receipt").to.deep.equal(all(MIDDLE));
    const equal = measure([entry(ALICE), entry(BOB), entry(ALICE)], ALICE, 0);
    expect(equal, "equal ones").to.deep.equal(all(MIDDLE, 2n));
    expect(normalize(7n, 7n, 7n)).to.equal(WAD / 2n);
  });

  it("is nothing for somebody without a receipt", () => {
    expect(measure([entry(ALICE)], BOB, 0)).to.deep.equal(all(0n, 0n));
    expect(measure([], BOB, 0)).to.deep.equal(all(0n, 0n));
  });

  it("rolls S, and takes the mean of F, B and I", () => {
    const slow = { inferMs: 200, roundTripMs: 450 };
    const window = [entry(ALICE, slow), entry(ALICE), entry(BOB)];
    // Alice was slowest, then fastest.
    expect(measure(window, ALICE, 0)).to.deep.equal({
      speed: WAD / 10n,
      forward: WAD / 2n,
      backward: WAD / 2n,
      response: WAD / 2n,
      count: 2n,
      fresh: 2n,
      late: 0n,
    });
    expect(measure(window, BOB, 0)).to.deep.equal(all(WAD));
    expect(roll(WAD, 0n)).to.equal((9n * WAD) / 10n);
  });

  it("counts what is new, and what of it is late", () => {
    const window = [entry(ALICE, {}, true), entry(BOB, {}, true), entry(ALICE, {}, true), entry(ALICE)];
    const counts = (stale: number) => {
      const { count, fresh, late } = measure(window, ALICE, stale);
      return [count, fresh, late];
    };
    expect(counts(0)).to.deep.equal([3n, 3n, 2n]);
    expect(counts(1)).to.deep.equal([3n, 2n, 1n]);
    expect(counts(3)).to.deep.equal([3n, 1n, 0n]);
    expect(counts(4)).to.deep.equal([3n, 0n, 0n]);
  });
});

describe("performanceMath.reputation", () => {
  const thousandths = (n: bigint) => (n * WAD) / 1_000n;

  it("follows the published rule with scale 1", () => {
    // 0.7 · 2 · 1.01 + 0.3 · 0.5, and with Pen 0.7 · 2 · 0.8 + 0.3 · 0.5
    expect(reputation(2n * WAD, all(WAD / 2n), PUBLISHED_RULE)).to.equal(thousandths(1_564n));
    expect(reputation(2n * WAD, all(WAD / 2n, 1n, 1n), PUBLISHED_RULE)).to.equal(thousandths(1_270n));
  });

  it("takes the mean of Rew and Pen over the new receipts", () => {
    // 0.7 · 2 · (3 · 1.01 + 0.8) / 4 + 0.3 · 10 · 0.5
    expect(reputation(2n * WAD, all(WAD / 2n, 4n, 1n), DEFAULT_RULE)).to.equal(2_840_500_000_000_000_000n);
  });

  it("stays in 0.1 to 10", () => {
    expect(reputation(10n * WAD, all(WAD), DEFAULT_RULE)).to.equal(10n * WAD);
    expect(reputation(WAD / 10n, all(0n), DEFAULT_RULE)).to.equal(WAD / 10n);
  });
});

describe("performanceMath.link and RECEIPT_TYPES", () => {
  it("are what everybody else computes", () => {
    const start = `0x${"0".repeat(64)}` as const;
    expect(link(start, entry(ALICE)), "a known head").to.equal(KNOWN_HEAD);
    expect(link(start, entry(ALICE, {}, true)), "late").to.not.equal(KNOWN_HEAD);
    const digest = hashTypedData({
      domain: { name: "Assay Performance", version: "1", chainId: 31_337, verifyingContract: BOB },
      types: RECEIPT_TYPES,
      primaryType: "Receipt",
      message: receipt(ALICE),
    });
    expect(digest, "a known digest").to.equal(KNOWN_DIGEST);
  });
});
