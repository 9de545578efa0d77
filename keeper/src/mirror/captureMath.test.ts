import { expect } from "chai";

import { capture, shareOfSeats, type Committee } from "./captureMath.ts";
import { WAD } from "./fixedPoint.ts";

/** θ = ½, margin 0.1: a ring needs 1.25 times the honest weight. */
const committee = (seats: bigint, quorum: bigint, boostCap = 0n): Committee => ({
  seats,
  quorum,
  boostCap,
  threshold: 32_768n,
  margin: 1_000n,
});

/** The double sum in floating point, straight from its definition. */
function reference(c: Committee, stake: number): number {
  const share = c.boostCap === 0n ? stake : Math.min(1, (stake * Number(c.boostCap)) / 16);
  const seats = Number(c.seats);
  const [ring, honest] = [terms(seats * share), terms(seats * (1 - share))];
  const theta = Number(c.threshold) / 65_536;
  const m = (2 * Number(c.margin) * Math.min(theta, 1 - theta)) / 10_000;
  let [asTrue, asFalse, quorate] = [0, 0, 0];
  for (const [a, x] of ring.entries()) {
    for (const [h, y] of honest.entries()) {
      if (a + h < Number(c.quorum)) continue;
      quorate += x * y;
      const mean = (truths: number, honestVote: number) => (255 * truths + honestVote * h) / (255 * (a + h));
      if (mean(a, 26) >= theta + m - 1e-12) asTrue += x * y;
      if (mean(0, 229) <= theta - m + 1e-12) asFalse += x * y;
    }
  }
  return Math.max(asTrue, asFalse) / quorate;
}

function terms(mean: number): number[] {
  const found = [Math.exp(-mean)];
  for (let k = 1; k < 128; k++) found.push((found[k - 1]! * mean) / k);
  return found;
}

const toNumber = (wad: bigint): number => Number(wad) / 1e18;
const wad = (share: number): bigint => BigInt(Math.round(share * 1e6)) * 10n ** 12n;

describe("captureMath.capture", () => {
  it("is what the auditors' table says of committees of 7, 15 and 31", () => {
    const table: [number, string[]][] = [
      [0.1, ["0.24", "0.01", "0.00"]],
      [0.2, ["2.33", "0.29", "0.00"]],
      [0.33, ["12.01", "4.42", "0.66"]],
      [0.5, ["40.77", "34.74", "27.74"]],
    ];
    for (const [share, expected] of table) {
      const given = [committee(7n, 4n), committee(15n, 4n), committee(31n, 4n)].map((c) =>
        (100 * toNumber(capture(c, wad(share)))).toFixed(2),
      );
      expect(given, `${share}`).to.deep.equal(expected);
    }
  });

  it("is the double sum of its definition, for every rule, share and threshold", () => {
    for (const seats of [1n, 3n, 7n, 15n, 31n]) {
      for (const boostCap of [0n, 16n, 32n, 64n]) {
        for (const stake of [0, 0.01, 0.1, 0.25, 0.5, 1]) {
          for (const [threshold, margin] of [
            [32_768n, 1_000n],
            [13_107n, 0n],
            [13_107n, 4_500n],
            [52_428n, 2_000n],
          ] as const) {
            const c = { ...committee(seats, (seats + 1n) / 2n, boostCap), threshold, margin };
            const name = `${seats} seats, λ ${boostCap}, stake ${stake}, θ ${threshold} ± ${margin}`;
            expect(toNumber(capture(c, wad(stake))), name).to.be.closeTo(reference(c, stake), 1e-9);
          }
        }
      }
    }
  });

  it("grows with the stake, and is certain of a ring that holds everything", () => {
    const steps = [0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5].map((stake) =>
      capture(committee(7n, 4n, 32n), wad(stake)),
    );
    for (const [i, step] of steps.slice(1).entries()) expect(step > steps[i]!, `step ${i}`).to.equal(true);
    expect(steps[0], "without stake").to.equal(0n);
    expect(capture(committee(7n, 4n), WAD)).to.equal(WAD);
  });
});

describe("captureMath.shareOfSeats", () => {
  it("is λ times the stake under the square-root rule, at most everything", () => {
    expect(shareOfSeats(WAD / 5n, 0n)).to.equal(WAD / 5n);
    expect(shareOfSeats(WAD / 5n, 32n)).to.equal((2n * WAD) / 5n);
    expect(shareOfSeats(WAD, 32n)).to.equal(WAD);
  });
});
