import { expect } from "chai";

import { WAD } from "./fixedPoint.ts";
import { add, empty } from "./laneTally.ts";
import {
  bounds,
  FALSE,
  MAX_RATE,
  MAX_THRESHOLD,
  MIN_RATE,
  MIN_THRESHOLD,
  nextBaseRate,
  nextThreshold,
  ONE,
  rateByte,
  read,
  thresholdBits,
  TRUE,
  UNDECIDED,
  verdict,
  verdictOf,
} from "./verdictMath.ts";

const HALF = ONE / 2n;

describe("verdictMath.bounds", () => {
  it("rounds against a decision on both sides", () => {
    // m = 6,553; 39,321 · 1,530 / 65,536 = 917.98 up; 26,215 · 1,530 / 65,536 = 612.01 down
    expect(bounds(HALF, 1_000n, 6n)).to.deep.equal({ high: 918n, low: 612n });
  });

  it("takes the margin from the nearer end", () => {
    expect(bounds(ONE / 4n, 5_000n, 1n)).to.deep.equal({ high: 128n, low: 0n });
    expect(bounds((3n * ONE) / 4n, 5_000n, 1n)).to.deep.equal({ high: 255n, low: 127n });
  });

  it("decides at the bound itself", () => {
    const limits = bounds(HALF, 1_000n, 6n);
    const seen = [918n, 917n, 613n, 612n].map((lane) => verdict(lane, limits));
    expect(seen).to.deep.equal([TRUE, UNDECIDED, UNDECIDED, FALSE]);
  });
});

describe("verdictMath.read", () => {
  const ballots = [Uint8Array.of(240, 10), Uint8Array.of(230, 20), Uint8Array.of(10, 240)];
  const words = ballots.reduce((sums, votes) => add(sums, votes, 2n), empty());

  it("publishes verdicts and the two means", () => {
    // lanes 960 and 540 of 1,530; only the first is above θ = 765
    expect(read(words, 2n, 6n, HALF, bounds(HALF, 1_000n, 6n))).to.deep.equal({
      words: [TRUE | (FALSE << 2n), 0n],
      mean: 490196078431372549n,
      share: WAD / 2n,
    });
  });

  it("puts claim 128 into the second word", () => {
    const votes = new Uint8Array(129).fill(128);
    votes[127] = 255;
    votes[128] = 0;
    const reading = read(add(empty(), votes, 1n), 129n, 1n, HALF, bounds(HALF, 1_000n, 1n));
    expect(reading.words).to.deep.equal([TRUE << 254n, FALSE]);
    expect([0, 127, 128].map((i) => verdictOf(reading.words, i))).to.deep.equal([UNDECIDED, TRUE, FALSE]);
  });
});

describe("verdictMath, what a request leaves behind", () => {
  it("moves the base rate towards the mean and keeps it in 5–95 %", () => {
    expect(nextBaseRate(WAD / 2n, (9n * WAD) / 10n, 255n)).to.equal((7n * WAD) / 10n);
    expect(nextBaseRate(WAD / 2n, WAD / 2n - 255n, 1n), "towards zero").to.equal(WAD / 2n);
    expect(nextBaseRate(MAX_RATE, WAD, 256n)).to.equal(MAX_RATE);
    expect(nextBaseRate(MIN_RATE, 0n, 256n)).to.equal(MIN_RATE);
  });

  it("moves the threshold with the share of claims above it and keeps it in 20–80 %", () => {
    // 0.15 · 64/128 · 0.5
    expect(nextThreshold(WAD / 2n, WAD, WAD / 2n, 64n)).to.equal(537500000000000000n);
    expect(nextThreshold(WAD / 2n, 0n, 1n, 1n), "towards zero").to.equal(WAD / 2n);
    expect(nextThreshold(MAX_THRESHOLD, WAD, 0n, 256n)).to.equal(MAX_THRESHOLD);
    expect(nextThreshold(MIN_THRESHOLD, 0n, WAD, 256n)).to.equal(MIN_THRESHOLD);
  });

  it("pins the nearest byte and the fraction below", () => {
    expect([MIN_RATE, WAD / 2n, MAX_RATE].map(rateByte)).to.deep.equal([13n, 128n, 242n]);
    expect(thresholdBits(WAD / 2n)).to.equal(32_768n);
    expect(thresholdBits(MIN_THRESHOLD), "13,107.2").to.equal(13_107n);
  });
});
