import { expect } from "chai";
import { encodeAbiParameters, keccak256, toHex, type Address, type Hex } from "viem";

import { WAD } from "../mirror/fixedPoint.ts";
import { CandidateError, cost, rank, type Candidate } from "./rank.ts";

const SCALE = 10n ** 50n;
/** lnWad is exact to the last unit or two. */
const LN_ERROR = 2n;

const seedOf = (i: number): Hex => keccak256(toHex(`seed ${i}`));
const addressOf = (i: number): Address => `0x${keccak256(toHex(`operator ${i}`)).slice(26)}`;
const candidate = (i: number, weight: number): Candidate => ({
  operator: addressOf(i),
  stake: BigInt(weight) * 100n * WAD,
  reputation: WAD,
});

/** 2 · artanh(z) = ln((1 + z) / (1 − z)) for |z| ≤ 1/3, to 50 digits. */
function twiceArtanh(z: bigint): bigint {
  const square = (z * z) / SCALE;
  let sum = 0n;
  let term = z;
  for (let k = 1n; term !== 0n; k += 2n) {
    sum += term / k;
    term = (term * square) / SCALE;
  }
  return 2n * sum;
}

/** −ln(numerator / 1e18), to about 48 digits: halved until it lies in [1/2, 1]. */
function exactCost(numerator: bigint): bigint {
  const ln2 = twiceArtanh(SCALE / 3n);
  let x = (numerator * SCALE) / WAD;
  let halvings = 0n;
  while (x < SCALE / 2n) {
    x *= 2n;
    halvings += 1n;
  }
  return halvings * ln2 - twiceArtanh(((x - SCALE) * SCALE) / (x + SCALE));
}

function numeratorOf(seed: Hex, operator: Address): bigint {
  const hash = keccak256(encodeAbiParameters([{ type: "bytes32" }, { type: "address" }], [seed, operator]));
  return 1n + (BigInt(hash) * WAD) / 2n ** 256n;
}

describe("rank", function () {
  // Tens of thousands of hashes and logarithms.
  this.timeout(120_000);

  it("takes −ln u to the last unit or two of 1e-18", () => {
    for (let i = 0; i < 3_000; i++) {
      const given = (cost(seedOf(i), addressOf(i)) * SCALE) / WAD;
      const exact = exactCost(numeratorOf(seedOf(i), addressOf(i)));
      const gap = given > exact ? given - exact : exact - given;
      expect(gap <= (LN_ERROR * SCALE) / WAD, `error ${gap} at ${i}`).to.equal(true);
    }
  });

  it("orders as exact arithmetic does [PERF-17]", () => {
    for (let i = 0; i < 500; i++) {
      const operators = Array.from({ length: 12 }, (_, j) => ({
        operator: addressOf(100 * i + j),
        stake: (BigInt(keccak256(toHex(`stake ${i} ${j}`))) % 10n ** 24n) + 1n,
        reputation: WAD / 10n + (BigInt(keccak256(toHex(`reputation ${i} ${j}`))) % (10n * WAD)),
      }));
      const exact = operators
        .map((o) => ({
          o,
          key:
            (exactCost(numeratorOf(seedOf(i), o.operator)) * 10n ** 40n) / ((o.stake * o.reputation) / WAD),
        }))
        .sort((a, b) => (a.key < b.key ? -1 : 1))
        .map(({ o }) => o.operator);
      expect(
        rank(seedOf(i), operators).map(({ operator }) => operator),
        `seed ${i}`,
      ).to.deep.equal(exact);
    }
  });

  it("is the same to the byte for everybody", () => {
    const operators = [1, 2, 3, 4, 5].map((weight, i) => candidate(i, weight));
    const order = rank(seedOf(7), operators).map(({ operator }) =>
      operators.findIndex((o) => o.operator === operator),
    );
    expect(order, "a known order").to.deep.equal([2, 3, 0, 4, 1]);
    expect(cost(seedOf(7), addressOf(0)), "a known cost").to.equal(340434792338914244n);
  });

  it("does not depend on the order given, nor on who else is there", () => {
    const operators = Array.from({ length: 20 }, (_, i) => candidate(i, 1 + (i % 5)));
    const whole = rank(seedOf(1), operators);
    expect(rank(seedOf(1), operators.toReversed()), "reversed").to.deep.equal(whole);
    const without = whole.filter((_, i) => i !== 3);
    expect(
      rank(
        seedOf(1),
        operators.filter((o) => o !== whole[3]),
      ),
      "one left out",
    ).to.deep.equal(without);
  });

  it("weighs stake and R_r alike", () => {
    const operators = Array.from({ length: 10 }, (_, i) => candidate(i, 1 + i));
    const byStake = rank(seedOf(2), operators);
    const swapped = operators.map((o) => ({ ...o, stake: WAD, reputation: o.stake }));
    const order = (list: readonly Candidate[]) => list.map(({ operator }) => operator);
    expect(order(rank(seedOf(2), swapped))).to.deep.equal(order(byStake));
  });

  it("puts first, and second, by weight", () => {
    const ROUNDS = 20_000;
    const weights = [1, 2, 3, 4];
    const total = 10;
    const operators = weights.map((weight, i) => candidate(i, weight));
    const first = [0, 0, 0, 0];
    /** second of those rounds in which the heaviest is first */
    const second = [0, 0, 0, 0];
    for (let i = 0; i < ROUNDS; i++) {
      const order = rank(seedOf(i), operators).map((o) => operators.indexOf(o));
      first[order[0]!]! += 1;
      if (order[0] === 3) second[order[1]!]! += 1;
    }
    const near = (count: number, of: number, share: number, what: string) => {
      const sigma = Math.sqrt(share * (1 - share) * of);
      expect(Math.abs(count - share * of), what).to.be.below(4 * sigma);
    };
    weights.forEach((weight, i) => {
      near(first[i]!, ROUNDS, weight / total, `first: ${i}`);
      if (i !== 3) near(second[i]!, first[3]!, weight / (total - 4), `second after the heaviest: ${i}`);
    });
  });

  it("gives nothing for splitting a stake", () => {
    const ROUNDS = 10_000;
    const operators = [candidate(0, 2), candidate(1, 1), candidate(2, 1)];
    let whole = 0;
    for (let i = 0; i < ROUNDS; i++) if (rank(seedOf(i), operators)[0] === operators[0]) whole += 1;
    expect(Math.abs(whole - ROUNDS / 2), "half of the weight in one piece").to.be.below(
      4 * Math.sqrt(ROUNDS / 4),
    );
  });

  it("puts who weighs nothing last, by address [PERF-17]", () => {
    const idle = [5, 6, 7].map((i) => candidate(i, 0)).sort((a, b) => (a.operator < b.operator ? -1 : 1));
    const order = rank(seedOf(3), [idle[2]!, candidate(1, 1), idle[0]!, candidate(2, 1), idle[1]!]);
    expect(order.slice(2)).to.deep.equal(idle);
  });

  it("refuses negative weights and operators named twice", () => {
    const one = candidate(1, 1);
    expect(() => rank(seedOf(0), [{ ...one, stake: -1n }])).to.throw(CandidateError, "stake -1");
    expect(() => rank(seedOf(0), [{ ...one, reputation: -1n }])).to.throw(CandidateError, "R_r -1");
    const upper = `0x${one.operator.slice(2).toUpperCase()}` as const;
    expect(() => rank(seedOf(0), [one, { ...one, operator: upper }])).to.throw(CandidateError, "named twice");
    expect(rank(seedOf(0), []), "nobody").to.deep.equal([]);
  });
});
