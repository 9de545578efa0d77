import { cloneMath, laneTally, verdictMath } from "@assay/keeper";
import { expect } from "chai";

import { callMany, compareCalls, compareRows, quickHarness, VECTORS, word, type Words } from "./compare.ts";
import { Random } from "./random.ts";

const MIN_VARIANCE = 64n;
/** Claims that one report holds at most. */
const MAX_CLAIMS = 4_096;

/** A round both voted in. */
interface Round {
  /** what was added before */
  readonly before: cloneMath.Sums;
  readonly committee: cloneMath.Committee;
  readonly distance: bigint;
  readonly first: Uint8Array;
  readonly second: Uint8Array;
}

const sumsWords = (s: cloneMath.Sums): bigint[] => [
  s.claims,
  s.first,
  s.second,
  s.firstSquared,
  s.secondSquared,
  s.product,
];

const bytesOf = (random: Random, length: number): Uint8Array =>
  Uint8Array.from({ length }, () => (random.chance(0.2) ? random.pick([0, 255]) : random.below(256)));

/** Votes near those of `first`, often enough to be alike. */
function near(random: Random, first: Uint8Array): Uint8Array {
  const noise = random.pick([0, 8, 24, 40, 64]);
  return first.map((x) => Math.min(255, Math.max(0, x + random.below(2 * noise + 1) - noise)));
}

function sumsOf(first: Uint8Array, second: Uint8Array): cloneMath.Sums {
  const total = (of: (x: bigint, y: bigint) => bigint) =>
    first.reduce((sum, x, i) => sum + of(BigInt(x), BigInt(second[i]!)), 0n);
  return {
    claims: BigInt(first.length),
    first: total((x) => x),
    second: total((_, y) => y),
    firstSquared: total((x) => x * x),
    secondSquared: total((_, y) => y * y),
    product: total((x, y) => x * y),
  };
}

/** A round whose lanes lie anywhere, and on and beside the bounds of the band. */
function round(random: Random): Round {
  const weight = random.between(1n, 255n);
  const threshold = random.chance(0.3)
    ? random.pick([13_107n, 32_768n, 52_428n])
    : random.between(13_107n, 52_428n);
  const distance = random.chance(0.5) ? 2_500n : random.between(100n, 2_500n);
  const full = 255n * weight;
  const nearer = threshold < verdictMath.ONE / 2n ? threshold : verdictMath.ONE - threshold;
  const radius = (2n * distance * nearer * full) / 10_000n;
  const [low, high] = [threshold * full - radius, threshold * full + radius].map((x) => x / verdictMath.ONE);
  const claims = random.chance(0.05)
    ? random.pick([15, 16, 17, 127, 128, 129, 255, 256])
    : 1 + random.below(8);
  const lanes = laneTally.empty();
  for (let claim = 0; claim < claims; claim++) {
    const at = random.pick([
      low! - 1n,
      low!,
      low! + 1n,
      high! - 1n,
      high!,
      high! + 1n,
      random.between(0n, full),
    ]);
    const lane = at < 0n ? 0n : at > full ? full : at;
    lanes[claim >> 4]! |= lane << BigInt(16 * (15 - (claim & 15)));
  }
  const first = bytesOf(random, claims);
  const before = random.chance(0.5) ? cloneMath.NO_SUMS : sumsOf(first, near(random, first));
  return { before, committee: { lanes, weight, threshold }, distance, first, second: near(random, first) };
}

function roundWords({ before, committee, distance, first, second }: Round): Words {
  const { lanes, weight, threshold } = committee;
  const padded = (votes: Uint8Array) => {
    const hex = Buffer.from(votes).toString("hex");
    return word(BigInt(votes.length)) + hex + "0".repeat(-hex.length & 63);
  };
  const head = [...sumsWords(before), ...lanes, weight, threshold, distance];
  const votes = [first, second].map(padded);
  // Both votes begin behind the head and their two pointers.
  const at = 32 * (head.length + 2);
  return [...head, BigInt(at), BigInt(at + votes[0]!.length / 2)].map(word).join("") + votes.join("");
}

/** Sums of up to a whole report, alike or not; many of them on an edge and beside it. */
function sums(random: Random): cloneMath.Sums {
  const claims = random.pick([1, 2, 4, 16, 1 + random.below(64)]);
  const kind = random.below(4);
  if (kind === 0) return edgeOfVariance(random);
  if (kind === 1) return edgeOfCorrelation(random);
  const first = bytesOf(random, claims);
  const s = sumsOf(first, kind === 2 ? near(random, first) : bytesOf(random, claims));
  return times(s, BigInt(1 + random.below(MAX_CLAIMS / claims)));
}

/** The same claims again and again. */
function times(s: cloneMath.Sums, count: bigint): cloneMath.Sums {
  const [claims, first, second, firstSquared, secondSquared, product] = sumsWords(s).map((x) => x * count);
  return {
    claims: claims!,
    first: first!,
    second: second!,
    firstSquared: firstSquared!,
    secondSquared: secondSquared!,
    product: product!,
  };
}

/** Votes m ± 8 as often as each other vary by 64 exactly; now and then one sum is off by one. */
function edgeOfVariance(random: Random): cloneMath.Sums {
  const m = 8 + random.below(240);
  const votes = Uint8Array.of(m - 8, m + 8);
  const s = times(
    sumsOf(votes, votes),
    BigInt(random.pick([1, 256, MAX_CLAIMS / 2, 1 + random.below(2_048)])),
  );
  const off = BigInt(random.below(3) - 1);
  return random.chance(0.5)
    ? { ...s, firstSquared: s.firstSquared + off }
    : { ...s, secondSquared: s.secondSquared + off };
}

/** n = 2h votes of 100 ± 20 on both sides: r = 1 − d/h if d of each kind differ, 0.95 exactly for d = h/40. */
function edgeOfCorrelation(random: Random): cloneMath.Sums {
  const half = BigInt(random.pick([40, 80, 2_000, 40 * (1 + random.below(51))]));
  const apart = half / 40n;
  const s = times(sumsOf(Uint8Array.of(80, 120), Uint8Array.of(80, 120)), half);
  // Each pair that differs takes 40 · 40 / 2 from the products: 80 · 80 + 120 · 120 against 80 · 120 twice.
  const product = s.product - apart * 1_600n;
  return { ...s, product: product + BigInt(random.below(3) - 1) };
}

describe("mirror of CloneMath", () => {
  it("add, on the bounds of the band and beside them [CLONE-3]", async () => {
    const harness = await quickHarness("MirrorHarness");
    const random = new Random("rounds of clones");
    const rounds = Array.from({ length: VECTORS }, () => round(random));
    const met = { taken: 0, left: 0 };
    const result = await compareCalls(
      rounds,
      (batch) => callMany(harness, "add", batch.map(roundWords)),
      ({ before, committee, distance, first, second }) => {
        const after = cloneMath.add(before, committee, distance, first, second);
        const taken = Number(after.claims - before.claims);
        met.taken += taken;
        met.left += first.length - taken;
        return sumsWords(after).map(word).join("");
      },
      ({ committee: { weight, threshold }, distance, first }) =>
        `${first.length} claims, Σv ${weight}, θ ${threshold} ± ${distance}`,
    );
    expect(result).to.deep.equal({ compared: VECTORS, mismatches: [] });
    for (const [name, claims] of Object.entries(met)) expect(claims, name).to.be.greaterThan(VECTORS);
  });

  it("join", async () => {
    const harness = await quickHarness("MirrorHarness");
    const random = new Random("joined sums");
    const pairs = Array.from({ length: VECTORS }, () => [sums(random), sums(random)] as const);
    const vectors = pairs.map(([one, other]) => [...sumsWords(one), ...sumsWords(other)]);
    const mirrored = new Map(vectors.map((row, i) => [row, pairs[i]!]));
    const result = await compareRows(harness, "join", [], vectors, (row) => {
      const [one, other] = mirrored.get(row as bigint[])!;
      return sumsWords(cloneMath.join(one, other));
    });
    expect(result).to.deep.equal({ compared: VECTORS, mismatches: [] });
  });

  it("alike, at a variance of 64 and r = 0.95 exactly, beside them, and of 4,096 claims [CLONE-4]", async () => {
    const harness = await quickHarness("MirrorHarness");
    const random = new Random("sums of clones");
    const met = { alike: 0, apart: 0, "at the variance": 0, "at the correlation": 0, whole: 0 };
    const vectors = Array.from({ length: VECTORS }, () => ({
      sums: sums(random),
      correlation: random.chance(0.7) ? 9_500n : random.between(9_500n, 10_000n),
    }));
    const result = await compareCalls(
      vectors,
      (batch) =>
        callMany(
          harness,
          "alike",
          batch.map((v) => [...sumsWords(v.sums), v.correlation].map(word).join("")),
        ),
      ({ sums: s, correlation }) => {
        const isAlike = cloneMath.alike(s, correlation);
        met[isAlike ? "alike" : "apart"]++;
        const n = s.claims;
        const [varFirst, varSecond] = [
          n * s.firstSquared - s.first ** 2n,
          n * s.secondSquared - s.second ** 2n,
        ];
        const cov = n * s.product - s.first * s.second;
        if (varFirst === MIN_VARIANCE * n * n && varSecond === varFirst) met["at the variance"]++;
        if (cov * 10_000n === correlation * varFirst && varFirst === varSecond) met["at the correlation"]++;
        if (n === BigInt(MAX_CLAIMS)) met.whole++;
        return word(BigInt(isAlike));
      },
      ({ sums: s, correlation }) => `alike(${sumsWords(s).join(", ")}, ${correlation})`,
    );
    expect(result).to.deep.equal({ compared: VECTORS, mismatches: [] });
    for (const [name, times] of Object.entries(met)) expect(times, name).to.be.greaterThan(500);
  });
});
