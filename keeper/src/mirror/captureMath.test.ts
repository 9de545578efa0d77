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

/** How likely each number of seats is. */
type Seats = readonly number[];

/** Up to where less than 1e-14 is left. */
function poisson(mean: number): Seats {
  const found = [Math.exp(-mean)];
  for (let k = 1; k <= mean || found[k - 1]! > 1e-15; k++) found.push((found[k - 1]! * mean) / k);
  return found;
}

/** Operators with these chances to sit. */
function operators(chances: readonly number[]): Seats {
  let found = [1];
  for (const chance of chances) {
    const next = new Array<number>(found.length + 1).fill(0);
    for (const [k, x] of found.entries()) {
      next[k]! += x * (1 - chance);
      next[k + 1]! += x * chance;
    }
    found = next;
  }
  return found;
}

/**
 * The ways to cut seats of this mean into operators among which the worst one is, whatever is asked (Hoeffding 1956): some
 * sit for certain, the others have one chance. Of how many others there are, the few that differ most, and endlessly many.
 */
function extremes(mean: number): Seats[] {
  const found: Seats[] = [];
  for (let certain = 0; certain <= mean + 1e-9; certain++) {
    const rest = Math.max(0, mean - certain);
    const least = Math.ceil(rest - 1e-9);
    const counts = rest < 1e-9 ? [0] : [0, 1, 4].map((more) => least + more);
    for (const count of counts) {
      const others = new Array<number>(count).fill(Math.min(1, rest / count));
      found.push(operators([...new Array<number>(certain).fill(1), ...others]));
    }
    if (rest > 1e-9) found.push([...new Array<number>(certain).fill(0), ...poisson(rest)]);
  }
  return found;
}

/** How likely a ring captures a claim, by the definition. */
function exact(c: Committee, ring: Seats, honest: Seats): number {
  const theta = Number(c.threshold) / 65_536;
  const m = (2 * Number(c.margin) * Math.min(theta, 1 - theta)) / 10_000;
  const high = c.isAppeal ? Math.max(0.6, theta + m) : theta + m;
  const low = c.isAppeal ? Math.min(0.4, theta - m) : theta - m;
  let [asTrue, asFalse, quorate] = [0, 0, 0];
  for (const [a, x] of ring.entries()) {
    if (x === 0) continue;
    for (const [h, y] of honest.entries()) {
      if (a + h < Number(c.quorum)) continue;
      quorate += x * y;
      // Means of votes in 255ths; a hair of room where both sides are equal.
      if (255 * a + 26 * h >= (high - 1e-9) * 255 * (a + h)) asTrue += x * y;
      if (229 * h <= (low + 1e-9) * 255 * (a + h)) asFalse += x * y;
    }
  }
  return quorate < 1e-12 ? 0 : Math.max(asTrue, asFalse) / quorate;
}

/** A stream of numbers in [0, 1). */
function stream(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
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
      [0.2, ["2.41", "0.31", "0.00"]],
      [0.25, ["5.06", "1.11", "0.03"]],
      [0.33, ["22.71", "5.53", "0.71"]],
      [0.41, ["40.07", "22.65", "6.88"]],
      [0.5, ["99.66", "57.99", "41.86"]],
    ];
    for (const [share, expected] of table) {
      const given = [7n, 15n, 31n].map((seats) =>
        (100 * toNumber(capture(committee(seats, 4n, share)))).toFixed(2),
      );
      expect(given, `${share}`).to.deep.equal(expected);
    }
  });

  it("bounds the committees that a Poisson sum falls short of", () => {
    const cases: [string, Committee, Seats, Seats, number][] = [
      [
        "5 × 0.92 against 3 × 0.8",
        committee(7n, 4n, 4.6 / 7),
        operators(Array(5).fill(0.92)),
        operators(Array(3).fill(0.8)),
        0.97,
      ],
      [
        "2 of 10 operators at θ = 0.2",
        { ...committee(7n, 4n, 0.2), threshold: 13_107n },
        operators(Array(2).fill(0.7)),
        operators(Array(8).fill(0.7)),
        0.68,
      ],
      [
        "20 of 100 operators at θ = 0.2",
        { ...committee(7n, 4n, 0.2), threshold: 13_107n },
        operators(Array(20).fill(0.07)),
        operators(Array(80).fill(0.07)),
        0.603,
      ],
    ];
    for (const [name, c, ring, honest, real] of cases) {
      expect(exact(c, ring, honest), name).to.be.closeTo(real, 0.005);
      expect(toNumber(capture(c)), name).to.be.at.least(exact(c, ring, honest));
      const poissons = exact(c, poisson(7 * toNumber(c.ring)), poisson(7 * toNumber(c.honest)));
      expect(poissons, `${name}: Poisson`).to.be.below(exact(c, ring, honest));
    }
  });

  it("bounds the worst rings there are, for every share, threshold, margin and round [ACC-9]", function () {
    this.timeout(120_000);
    const next = stream(11);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)]!;
    const met = { certain: 0, useful: 0 };
    for (let i = 0; i < 300; i++) {
      const seats = 3 + Math.floor(29 * next());
      const quorum = Math.max(2, Math.round(seats * pick([0.3, 0.5, 0.6, 0.9])));
      const filled = pick([1, 1, 0.4 + 0.6 * next()]);
      // Whole seats are where a ring gains most by being certain of them.
      const mean = pick([
        seats * filled * next(),
        seats * filled * next() ** 3,
        Math.floor(seats * filled * next()),
      ]);
      const c: Committee = {
        seats: BigInt(seats),
        quorum: BigInt(quorum),
        ring: wad(mean / seats),
        honest: wad(filled - mean / seats),
        threshold: pick([32_768n, 13_108n, 19_661n, 52_428n, BigInt(Math.floor(13_108 + 39_320 * next()))]),
        margin: pick([1_000n, 0n, 4_500n, BigInt(Math.floor(4_500 * next()))]),
        isAppeal: next() < 0.3,
      };
      const bound = toNumber(capture(c));
      if (bound === 1) met.certain++;
      else if (bound > 0) met.useful++;
      let worst = 0;
      const others = extremes(seats * toNumber(c.honest));
      for (const ring of extremes(seats * toNumber(c.ring)))
        for (const honest of others) worst = Math.max(worst, exact(c, ring, honest));
      expect(worst, `committee ${i}`).to.be.at.most(bound + 1e-9);
    }
    expect(met.useful, "bounds below 1").to.be.greaterThan(100);
    expect(met.certain, "nothing safe").to.be.greaterThan(50);
  });

  it("bounds rings of unequal operators", () => {
    const next = stream(5);
    for (let i = 0; i < 2_000; i++) {
      const some = (most: number) =>
        Array.from({ length: 1 + Math.floor(most * next()) }, () => next() ** (1 + 3 * next()));
      const [ring, honest] = [some(8), some(20)];
      const sum = (list: readonly number[]) => list.reduce((a, b) => a + b, 0);
      const seats = Math.max(3, Math.ceil(sum(ring) + sum(honest)));
      if (seats > 31) continue;
      const c: Committee = {
        ...committee(BigInt(seats), BigInt(Math.ceil(seats * (0.2 + 0.5 * next()))), 0),
        ring: wad(sum(ring) / seats),
        honest: wad(sum(honest) / seats),
        threshold: BigInt(Math.floor(13_108 + 39_320 * next())),
        isAppeal: next() < 0.3,
      };
      // A millionth of a seat, as the shares are rounded.
      const rounded = { ...c, ring: c.ring + 10n ** 12n, honest: c.honest - 10n ** 12n };
      const real = exact(c, operators(ring), operators(honest));
      expect(real, `ring ${i}`).to.be.at.most(toNumber(capture(rounded)) + 1e-9);
    }
  });

  it("is close to the worst ring where committees are safe: at most a fifth above it, up to a fifth of the seats", () => {
    for (const seats of [7n, 15n, 31n]) {
      for (const share of [0.05, 0.1, 0.15, 0.2]) {
        const c = committee(seats, (seats + 1n) / 2n, share);
        let worst = 0;
        for (const ring of extremes(Number(seats) * share))
          for (const honest of extremes(Number(seats) * (1 - share)))
            worst = Math.max(worst, exact(c, ring, honest));
        expect(toNumber(capture(c)) / worst, `${share} of ${seats}`).to.be.within(1, 6 / 5);
      }
    }
  });

  it("is 1 where λ leaves fewer seats than the quorum, and nearly 1 where the ring outweighs the others", () => {
    const c = { ...committee(7n, 4n, 0.1), honest: wad(0.47) };
    expect(capture(c)).to.equal(WAD);
    expect(toNumber(capture({ ...c, honest: wad(0.48) }))).to.be.below(0.1);
    expect(toNumber(capture(committee(7n, 4n, 0.556)))).to.be.above(0.98);
  });

  it("is rarer in an appeal wherever less than 60 % decide a first round", () => {
    const first = { ...committee(15n, 8n, 0.3), threshold: 19_661n };
    expect(toNumber(capture(first))).to.be.above(0.9);
    expect(toNumber(capture({ ...first, isAppeal: true }))).to.be.closeTo(0.035, 0.001);
    const last = { ...committee(31n, 17n, 0.3), threshold: 19_661n };
    expect(toNumber(capture(last))).to.be.above(0.9);
    expect(toNumber(capture({ ...last, isAppeal: true }))).to.be.closeTo(0.0027, 0.0001);
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
    expect(captured(7n, 4n), "7 seats").to.be.closeTo(0.582, 0.001);
    expect(captured(31n, 17n), "31 seats").to.be.closeTo(0.184, 0.001);
  });

  it("bounds every ring of that stake, whichever operators it is made of", () => {
    const next = stream(7);
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
