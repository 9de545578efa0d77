import { expect } from "chai";

import { WAD } from "./fixedPoint.ts";
import { add, empty } from "./laneTally.ts";
import { bond, lossMean, quality, sum, value, type Frame, type Sums } from "./skillScore.ts";
import { bounds, ONE } from "./verdictMath.ts";

const NONE: Sums = { numerator: 0n, scoredTrue: 0n, scoredFalse: 0n, losing: 0n, lossError: 0n };
// 4 · 128 · 127
const DENOMINATOR = 65_024n;

describe("skillScore.sum", () => {
  const ballots = [Uint8Array.of(240, 10), Uint8Array.of(230, 20), Uint8Array.of(10, 240)] as const;
  const words = ballots.reduce((sums, votes) => add(sums, votes, 2n), empty());
  const frame: Frame = {
    claims: 2n,
    baseRate: 128n,
    weight: 6n,
    threshold: ONE / 2n,
    bounds: bounds(ONE / 2n, 1_000n, 6n),
  };
  // Lanes are 960 (TRUE) and 540 (FALSE) of 1,530; without one voter the threshold stands at 510.

  it("does not score a voter who carries both claims", () => {
    // others: 480 ≤ 510 and 520 ≥ 510
    expect(sum(frame, words, ballots[0], 2n)).to.deep.equal(NONE);
  });

  it("scores the claim that stands without the voter", () => {
    // others: 500 ≤ 510 (out), 500 < 510 (in): 128² − 20²
    expect(sum(frame, words, ballots[1], 2n)).to.deep.equal({
      ...NONE,
      numerator: 15_984n,
      scoredFalse: 1n,
    });
  });

  it("counts losses and the committee's error on them", () => {
    // (127² − 245²) + (128² − 240²); errors 1,530 − 960 and 540
    const sums = sum(frame, words, ballots[2], 2n);
    expect(sums).to.deep.equal({
      numerator: -85_112n,
      scoredTrue: 1n,
      scoredFalse: 1n,
      losing: 2n,
      lossError: 1_110n,
    });
    // 1,110 / 3,060 up
    expect(lossMean(sums, 6n)).to.equal(362745098039215687n);
  });

  it("gives nothing to a tie without the voter", () => {
    // others: 2 · 255 = 510 on both sides of Σv − v = 4
    const tied = [Uint8Array.of(255), Uint8Array.of(255), Uint8Array.of(0)] as const;
    const lanes = tied.reduce((sums, votes) => add(sums, votes, 2n), empty());
    expect(sum({ ...frame, claims: 1n }, lanes, tied[0], 2n)).to.deep.equal(NONE);
    expect(sum({ ...frame, claims: 1n }, lanes, tied[2], 2n).scoredTrue).to.equal(1n);
  });

  it("gives nothing to a voter who sits alone, nor to the base rate", () => {
    const alone = { ...frame, weight: 2n, bounds: bounds(ONE / 2n, 1_000n, 2n) };
    expect(sum(alone, add(empty(), ballots[0], 2n), ballots[0], 2n)).to.deep.equal(NONE);
    const uncertain = Uint8Array.of(128, 128);
    const sums = sum(frame, words, uncertain, 1n);
    expect(sums.scoredTrue + sums.scoredFalse).to.equal(2n);
    expect(sums.numerator).to.equal(0n);
  });
});

describe("skillScore.lossMean", () => {
  it("is zero without losses", () => {
    expect(lossMean(NONE, 6n)).to.equal(0n);
  });
});

describe("skillScore.value", () => {
  it("rounds gains down and losses away from zero", () => {
    expect(value(15_984n, 10n ** 15n, 128n, 0n)).to.equal(245816929133858n);
    expect(value(1n, 1n, 128n, 0n)).to.equal(0n);
    expect(value(-1n, 1n, 128n, 0n)).to.equal(-1n);
  });

  it("multiplies a loss by 1 + 3 · x̄ and leaves a gain alone", () => {
    expect(value(-DENOMINATOR, 10n, 128n, WAD)).to.equal(-40n);
    expect(value(-DENOMINATOR, 10n, 128n, WAD / 3n)).to.equal(-20n);
    expect(value(DENOMINATOR, 10n, 128n, WAD)).to.equal(10n);
  });
});

describe("skillScore.quality", () => {
  it("floors on both sides of zero", () => {
    // 1e12 / 65,024 = 15,378,937.007…
    expect(quality({ ...NONE, numerator: 1n }, 128n, 0n)).to.equal(15_378_937n);
    expect(quality({ ...NONE, numerator: -1n }, 128n, 0n)).to.equal(-15_378_938n);
    expect(quality({ ...NONE, numerator: -DENOMINATOR }, 128n, 0n)).to.equal(-(10n ** 12n));
  });

  it("takes off the bar", () => {
    const scored = { ...NONE, scoredTrue: 2n, scoredFalse: 1n };
    // 2 · 127² + 128² = 48,642, a quarter of it is 12,160.5
    expect(quality({ ...scored, numerator: 24_321n }, 128n, WAD / 2n)).to.equal(0n);
    expect(quality({ ...scored, numerator: 12_160n }, 128n, WAD / 4n)).to.equal(-7_689_469n);
  });
});

describe("skillScore.bond", () => {
  it("covers the worst loss, rounded up to a gwei", () => {
    // 4 · 2 · 1e15 · 64 · 65,025 / 65,024 wei
    expect(bond(1n, 20_000n, 10n ** 15n, 64n, 128n)).to.equal(512_007_875n);
    expect(bond(0n, 10_000n, 1n, 1n, 128n)).to.equal(1n);
  });

  it("is never below the floor and saturates at 2^56 − 1", () => {
    expect(bond(64_000_000n, 20_000n, 10n ** 15n, 1n, 128n)).to.equal(64_000_000n);
    expect(bond(0n, 40_000n, 2n ** 88n - 1n, 256n, 13n)).to.equal(2n ** 56n - 1n);
  });
});
