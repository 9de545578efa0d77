import { expect } from "chai";

import { capture, shares, type Committee, type Families } from "./captureMath.ts";
import { WAD } from "./fixedPoint.ts";
import { root } from "./sortition.ts";

const toNumber = (wad: bigint): number => Number(wad) / 1e18;
const wad = (share: number): bigint => BigInt(Math.round(share * 1e6)) * 10n ** 12n;

/** θ = ½, margin 0.1: a ring needs 1.25 times the honest weight. The ring has `ring` of the seats, others the rest. */
const committee = (seats: bigint, quorum: bigint, ring: number, isAppeal = false): Committee => ({
  seats,
  quorum,
  ring: wad(ring),
  honest: WAD - wad(ring),
  threshold: 32_768n,
  margin: 1_000n,
  isAppeal,
});

/** Families with these shares of 10^12 gwei. */
function families(of: readonly number[], boostCap = 32n): Families {
  const weights = of.map((share) => BigInt(Math.round(share * 1e12)));
  return {
    weights,
    weight: weights.reduce((a, b) => a + b, 0n),
    roots: weights.reduce((sum, w) => sum + root(w), 0n),
    boostCap,
  };
}

/** The double sum in floating point, straight from its definition. */
function reference(c: Committee): number {
  const seats = Number(c.seats);
  const [ring, honest] = [terms(seats * toNumber(c.ring)), terms(seats * toNumber(c.honest))];
  const theta = Number(c.threshold) / 65_536;
  const m = (2 * Number(c.margin) * Math.min(theta, 1 - theta)) / 10_000;
  const high = c.isAppeal ? Math.max(0.6, theta + m) : theta + m;
  const low = c.isAppeal ? Math.min(0.4, theta - m) : theta - m;
  let [asTrue, asFalse, quorate] = [0, 0, 0];
  for (const [a, x] of ring.entries()) {
    for (const [h, y] of honest.entries()) {
      if (a + h < Number(c.quorum)) continue;
      quorate += x * y;
      const mean = (truths: number, honestVote: number) => (255 * truths + honestVote * h) / (255 * (a + h));
      if (mean(a, 26) >= high - 1e-12) asTrue += x * y;
      if (mean(0, 229) <= low + 1e-12) asFalse += x * y;
    }
  }
  return Math.max(asTrue, asFalse) / quorate;
}

function terms(mean: number): number[] {
  const found = [Math.exp(-mean)];
  for (let k = 1; k < 128; k++) found.push((found[k - 1]! * mean) / k);
  return found;
}

/** Seats that a ring has that holds `held` of each family, and those of the others; shares of all. */
function seatsOf({ weights, weight, roots, boostCap }: Families, held: readonly number[]) {
  let [ring, honest] = [0, 0];
  for (const [f, w] of weights.entries()) {
    const diverse = (Math.sqrt(Number(w)) * 65_536) / Number(roots);
    const share =
      boostCap === 0n
        ? Number(w) / Number(weight)
        : Math.min(diverse, (Number(boostCap) / 16) * (Number(w) / Number(weight)));
    ring += share * held[f]!;
    honest += share * (1 - held[f]!);
  }
  return { ring, honest };
}

describe("captureMath.capture", () => {
  it("is what the auditors' table says of committees of 7, 15 and 31", () => {
    const table: [number, string[]][] = [
      [0.1, ["0.24", "0.01", "0.00"]],
      [0.2, ["2.33", "0.29", "0.00"]],
      [0.33, ["12.01", "4.42", "0.66"]],
      [0.5, ["40.77", "34.74", "27.74"]],
    ];
    for (const [share, expected] of table) {
      const given = [7n, 15n, 31n].map((seats) =>
        (100 * toNumber(capture(committee(seats, 4n, share)))).toFixed(2),
      );
      expect(given, `${share}`).to.deep.equal(expected);
    }
  });

  it("is the double sum of its definition, for every share, threshold and round", () => {
    for (const seats of [1n, 3n, 7n, 15n, 31n]) {
      for (const [ring, honest] of [
        [0, 1],
        [0.01, 0.9],
        [0.4, 0.5],
        [0.25, 0.75],
        [1, 0],
      ] as const) {
        for (const [threshold, margin] of [
          [32_768n, 1_000n],
          [13_107n, 0n],
          [19_661n, 1_000n],
          [13_107n, 4_500n],
          [52_428n, 2_000n],
        ] as const) {
          for (const isAppeal of [false, true]) {
            const given = { ring: wad(ring), honest: wad(honest), threshold, margin, isAppeal };
            const c = { ...committee(seats, (seats + 1n) / 2n, ring), ...given };
            const name = `${seats} seats, ${ring} of ring, θ ${threshold} ± ${margin}, appeal ${isAppeal}`;
            expect(toNumber(capture(c)), name).to.be.closeTo(reference(c), 1e-9);
          }
        }
      }
    }
  });

  it("is rarer in an appeal wherever less than 60 % decide a first round", () => {
    const first = { ...committee(15n, 8n, 0.4), threshold: 19_661n };
    expect(toNumber(capture(first))).to.be.closeTo(0.8, 0.01);
    expect(toNumber(capture({ ...first, isAppeal: true }))).to.be.closeTo(0.12, 0.01);
    const last = { ...committee(31n, 17n, 0.4), threshold: 19_661n };
    expect(toNumber(capture(last))).to.be.closeTo(0.9, 0.01);
    expect(toNumber(capture({ ...last, isAppeal: true }))).to.be.closeTo(0.045, 0.001);
  });

  it("grows with the ring, and is certain of one that holds everything", () => {
    const steps = [0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5].map((ring) => capture(committee(7n, 4n, ring)));
    for (const [i, step] of steps.slice(1).entries()) expect(step > steps[i]!, `step ${i}`).to.equal(true);
    expect(steps[0], "without seats").to.equal(0n);
    expect(capture(committee(7n, 4n, 1))).to.equal(WAD);
  });
});

describe("captureMath.shares", () => {
  it("is the stake itself under the proportional rule, and among families of one size", () => {
    const half = { ring: WAD / 5n, honest: (4n * WAD) / 5n };
    const off = (given: typeof half) =>
      [given.ring - half.ring, half.honest - given.honest].map((d) => d >= 0n && d < 10n ** 9n);
    expect(off(shares(families([0.7, 0.2, 0.1], 0n), WAD / 5n))).to.deep.equal([true, true]);
    expect(off(shares(families([0.25, 0.25, 0.25, 0.25]), WAD / 5n))).to.deep.equal([true, true]);
  });

  it("gives nobody what the cap cuts: four small families of a ring, one large one of others", () => {
    // Uncapped the ring would have half of the seats; λ leaves it 0.4, and the others half.
    const { ring, honest } = shares(families([0.8, 0.05, 0.05, 0.05, 0.05]), WAD / 5n);
    expect([toNumber(ring), toNumber(honest)].map((x) => x.toFixed(4))).to.deep.equal(["0.4000", "0.5000"]);
    const captured = (seats: bigint, quorum: bigint) =>
      toNumber(capture({ ...committee(seats, quorum, 0), ring, honest }));
    expect(captured(7n, 4n), "7 seats").to.be.closeTo(0.301, 0.001);
    expect(captured(31n, 17n), "31 seats").to.be.closeTo(0.126, 0.001);
  });

  it("bounds every ring of that stake, whichever operators it is made of", () => {
    let state = 7;
    const next = () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state / 2 ** 32;
    };
    for (let i = 0; i < 500; i++) {
      const parts = Array.from({ length: 1 + Math.floor(16 * next()) }, () => 0.001 + next() ** 3);
      const total = parts.reduce((a, b) => a + b, 0);
      const of = families(
        parts.map((part) => part / total),
        [0n, 16n, 32n, 64n][i % 4]!,
      );
      const held = parts.map(() => (next() < 0.5 ? next() : 0));
      const stake = parts.reduce((sum, part, f) => sum + (part / total) * held[f]!, 0);
      const worst = shares(of, wad(Math.min(1, stake + 2e-6)));
      const given = seatsOf(of, held);
      expect(given.ring <= toNumber(worst.ring) + 1e-9, `ring ${i}`).to.equal(true);
      expect(given.honest >= toNumber(worst.honest) - 1e-9, `honest ${i}`).to.equal(true);
      expect(worst.ring + worst.honest <= WAD + 10n ** 10n, `together ${i}`).to.equal(true);
      const c = committee(7n, 4n, 0);
      const bound = capture({ ...c, ...worst });
      expect(
        capture({ ...c, ring: wad(given.ring), honest: wad(given.honest) }) <= bound + 10n ** 13n,
      ).to.equal(true);
    }
  });
});
