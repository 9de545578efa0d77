import { expect } from "chai";
import { keccak256 } from "viem";

import { WAD } from "./fixedPoint.ts";
import { chance, grown, root, ticket, tier } from "./sortition.ts";

const CERTAIN = 2n ** 128n;
const LAMBDA = 32n;

describe("sortition.root", () => {
  it("has 16 fractional bits", () => {
    expect([0n, 1n, 2n, 4n].map(root)).to.deep.equal([0n, 65_536n, 92_681n, 131_072n]);
  });
});

describe("sortition.chance", () => {
  it("is seats · w / W under the proportional rule", () => {
    const weights = { weight: 1n, familyWeight: 1n, totalWeight: 4n, roots: 1n };
    expect(chance(weights, 2n, 0n)).to.equal(CERTAIN / 2n);
    expect(chance(weights, 7n, 0n), "above one seat").to.equal((CERTAIN * 7n) / 4n);
  });

  it("is seats · w / (√W_f · Σ√W_g) under the square-root rule", () => {
    const weights = { weight: 1n, familyWeight: 4n, totalWeight: 4n, roots: root(4n) };
    expect(chance(weights, 2n, LAMBDA)).to.equal(CERTAIN / 2n);
  });

  it("is capped at λ times the proportional share", () => {
    // 1 of 1 + 81: a tenth by roots, at most 2 / 82
    const weights = { weight: 1n, familyWeight: 1n, totalWeight: 82n, roots: root(1n) + root(81n) };
    expect(chance(weights, 1n, LAMBDA)).to.equal((2n * CERTAIN) / 82n);
    expect(chance(weights, 1n, 255n)).to.equal(CERTAIN / 10n);
  });
});

describe("sortition.ticket", () => {
  it("is the low half of keccak256 over three words", () => {
    const word = (value: bigint) => value.toString(16).padStart(64, "0");
    const owner = `0x${"ab".repeat(20)}` as const;
    const id = `0x${"cd".repeat(32)}` as const;
    const hash = keccak256(`0x${word(5n)}${id.slice(2)}${word(BigInt(owner))}`);
    expect(ticket(5n, id, owner)).to.equal(BigInt(`0x${hash.slice(34)}`));
  });
});

describe("sortition.tier", () => {
  it("steps at 0.5, 2 and 5", () => {
    const steps = [WAD / 2n, 2n * WAD, 5n * WAD];
    expect(steps.map((r) => tier(r - 1n))).to.deep.equal([1n, 2n, 3n]);
    expect(steps.map(tier)).to.deep.equal([2n, 3n, 4n]);
  });
});

describe("sortition.grown", () => {
  it("doubles up to 31", () => {
    expect([7n, 15n, 16n, 31n].map(grown)).to.deep.equal([14n, 30n, 31n, 31n]);
  });
});
