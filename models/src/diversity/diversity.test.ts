import { expect } from "chai";

import { type Random, seededRandom } from "../rng.ts";
import { correlationMatrix, effectiveNumber, fisher, meanOffDiagonal } from "./statistics.ts";
import { stripPlot } from "./svg.ts";
import {
  closestDistance,
  fitInnocents,
  meanDistance,
  pooledSpread,
  thresholdsOf,
  unseenDistance,
} from "./tails.ts";

const normal = (random: Random): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

/** Two votes that correlate at `r`, around 128. */
function pairOf(r: number, claims: number, random: Random): { left: number[]; right: number[] } {
  const left: number[] = [];
  const right: number[] = [];
  for (let i = 0; i < claims; i++) {
    const [a, b] = [normal(random), normal(random)];
    left.push(128 + 30 * a);
    right.push(128 + 30 * (r * a + Math.sqrt(1 - r * r) * b));
  }
  return { left, right };
}

describe("effectiveNumber", () => {
  it("is the number of members where nothing correlates, and one where all are equal", () => {
    expect(
      effectiveNumber([
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
      ]),
    ).to.equal(3);
    expect(
      effectiveNumber([
        [1, 1],
        [1, 1],
      ]),
    ).to.equal(1);
  });

  it("matches the eigenvalues 1 + 2r and 1 − r of three equally correlated members", () => {
    const r = 0.4;
    const shares = [1 + 2 * r, 1 - r, 1 - r].map((value) => value / 3);
    const expected = 1 / shares.reduce((sum, share) => sum + share * share, 0);
    expect(
      effectiveNumber([
        [1, r, r],
        [r, 1, r],
        [r, r, 1],
      ]),
    ).to.be.closeTo(expected, 1e-12);
  });
});

describe("correlationMatrix", () => {
  it("calls equal rows equal even if they never vary", () => {
    expect(
      correlationMatrix([
        [0, 0],
        [0, 0],
        [0, 1],
      ]),
    ).to.deep.equal([
      [1, 1, 0],
      [1, 1, 0],
      [0, 0, 1],
    ]);
  });

  it("has the mean off its diagonal", () => {
    expect(
      meanOffDiagonal([
        [1, 0.2],
        [0.4, 1],
      ]),
    ).to.be.closeTo(0.3, 1e-12);
  });
});

describe("fitInnocents", () => {
  const random = seededRandom(1);

  it("finds the noise of independent normal votes near one, and the spread between pairs", () => {
    const pairs = Array.from({ length: 30 }, (_, i) => pairOf(i % 2 === 0 ? 0.2 : 0.6, 400, random));
    const { noise, between, mean } = fitInnocents("x", pairs);
    expect(noise).to.be.within(0.8, 1.25);
    expect(mean).to.be.closeTo((fisher(0.2) + fisher(0.6)) / 2, 0.08);
    expect(between).to.be.closeTo((fisher(0.6) - fisher(0.2)) / 2, 0.08);
  });

  it("takes sampling for what it is where all pairs are alike", () => {
    const { between } = fitInnocents(
      "x",
      Array.from({ length: 30 }, () => pairOf(0.4, 100, random)),
    );
    expect(between, "without the correction about 0.1").to.be.lessThan(0.06);
  });

  it("accuses the closest pair less than once in many draws, and falls with the number of claims", () => {
    const innocents = fitInnocents("x", [pairOf(0.5, 400, random)]);
    const { closest } = thresholdsOf(innocents, 0, 64);
    const accused = Array.from({ length: 2000 }, () => pairOf(0.5, 64, random)).filter(
      (pair) => fitCorrelation(pair) >= closest,
    );
    expect(accused.length).to.equal(0);
    expect(thresholdsOf(innocents, 0, 1024).closest).to.be.lessThan(closest);
  });
});

describe("pooledSpread", () => {
  it("weighs domains by their number of pairs less one", () => {
    const of = (pairs: number, between: number) => ({
      ...fitInnocents("x", [pairOf(0.1, 50, seededRandom(3))]),
      pairs,
      between,
    });
    expect(pooledSpread([of(2, 3), of(4, 1)])).to.be.closeTo(Math.sqrt((9 + 3) / 4), 1e-12);
  });
});

function fitCorrelation({ left, right }: { left: number[]; right: number[] }): number {
  return correlationMatrix([left, right])[0]?.[1] ?? 0;
}

describe("distances", () => {
  const random = seededRandom(2);
  const pair = pairOf(0.3, 400, random);

  it("bounds the mean over claims from below, tighter with more claims", () => {
    const [few, many] = [closestDistance(pair, 64), closestDistance(pair, 4096)];
    expect(few).to.be.greaterThan(0).and.lessThan(many);
    expect(many).to.be.lessThan(meanDistance(pair));
  });

  it("bounds an unseen pair by the spread of those seen", () => {
    expect(unseenDistance([30, 30, 30])).to.be.closeTo(30, 1e-9);
    expect(unseenDistance([20, 30, 45])).to.be.lessThan(10);
  });
});

describe("stripPlot", () => {
  it("draws a dot for every value and escapes names", () => {
    const svg = stripPlot("t", "x", [0, 1], [{ name: "a<b", values: [0, 0.5, 1] }]);
    expect(svg.match(/<circle/g)).to.have.length(3);
    expect(svg).to.contain("a&lt;b");
  });
});
