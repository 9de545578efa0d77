/** CaptureMath.sol, bit for bit: an upper bound of how likely a ring decides a claim alone. */
import { divUp, max, min, WAD, zeroFloorSub } from "./fixedPoint.ts";
import { appealBounds } from "./rulings.ts";
import { chance } from "./sortition.ts";
import { marginOf, ONE } from "./verdictMath.ts";

/** Poisson terms that are counted, from zero. Mirrors `TERMS`. */
export const TERMS = 128;

const HONEST_LOW = 26n;
const HONEST_HIGH = 229n;

/** A committee and its rule of decision. Mirrors `CaptureMath.Committee`. */
export interface Committee {
  /** expected seats, at most 31 */
  readonly seats: bigint;
  /** quorum of reveals */
  readonly quorum: bigint;
  /** shares of the seats, WAD, see {@link shares} */
  readonly ring: bigint;
  readonly honest: bigint;
  /** θ, 16-bit fraction */
  readonly threshold: bigint;
  /** decisiveMargin, basis points */
  readonly margin: bigint;
  /** whether an appeal drew it */
  readonly isAppeal: boolean;
}

/** Weights of a domain that decide who has how many seats. */
export interface Families {
  /** W_f of the families that count, gwei */
  readonly weights: readonly bigint[];
  /** W, their sum */
  readonly weight: bigint;
  /** Σroot */
  readonly roots: bigint;
  /** λ in sixteenths, zero under the proportional rule */
  readonly boostCap: bigint;
}

/** The most of the seats a ring with `stake` of the weight can have, and what the others have then. Mirrors `shares`. */
export function shares(
  { weights, weight, roots, boostCap }: Families,
  stake: bigint,
): { ring: bigint; honest: bigint } {
  let left = divUp(weight * stake, WAD);
  let [ring, honest] = [0n, 0n];
  for (const family of [...weights].sort((a, b) => (a < b ? -1 : 1))) {
    const seats = chance({ weight: family, familyWeight: family, totalWeight: weight, roots }, 1n, boostCap);
    const held = min(left, family);
    left -= held;
    ring += divUp(seats * held, family);
    honest += (seats * (family - held)) / family;
  }
  return { ring: divUp(ring * WAD, 1n << 128n), honest: (honest * WAD) >> 128n };
}

/** Upper bound of the probability that the ring captures a claim, WAD. Mirrors `capture`. */
export function capture(c: Committee): bigint {
  const m = marginOf(c.threshold, c.margin);
  const first = { high: (c.threshold + m) * 255n, low: (c.threshold - m) * 255n };
  const { high, low } = c.isAppeal ? appealBounds(first, ONE) : first;
  const asTrue = capturedBy(c, 255n * ONE - high, zeroFloorSub(high, HONEST_LOW * ONE));
  const asFalse = capturedBy(c, low, zeroFloorSub(HONEST_HIGH * ONE, low));
  const captured = max(asTrue, asFalse);
  const mean = c.seats * (c.ring + c.honest);
  if (captured === 0n) return 0n;
  if (c.quorum * WAD > mean) return WAD;
  const all = tails(poisson(mean));
  return min(WAD, divUp(captured * all[0]!, all[Number(c.quorum)]!));
}

/** Unnormalised Poisson terms, the first one 1e18. Mirrors `poisson`. */
export function poisson(mean: bigint): bigint[] {
  const terms = [WAD];
  for (let k = 1; k < TERMS; k++) terms.push((terms[k - 1]! * mean) / (BigInt(k) * WAD));
  return terms;
}

/** Sums of each term and all behind it. Mirrors `tails`. */
function tails(terms: readonly bigint[]): bigint[] {
  let total = 0n;
  return [...terms]
    .reverse()
    .map((term) => (total += term))
    .reverse();
}

/** The bound before the quorum, of a ring that captures where a · ringPart ≥ h · honestPart. Mirrors `_captured`. */
function capturedBy(c: Committee, ringPart: bigint, honestPart: bigint): bigint {
  const ring = tails(poisson(c.seats * c.ring));
  const honest = tails(poisson(c.seats * c.honest));
  const last = (c.seats * c.honest) / WAD;
  let least: bigint | undefined;
  let sum = 0n;
  for (let h = max(last, c.quorum); h >= 0n; h--) {
    const enough = max(divUp(h * honestPart, ringPart), zeroFloorSub(c.quorum, h));
    least = least === undefined ? enough : min(least, enough);
    if (h > last) continue;
    const [tail, next] = [honest[Number(h)]!, honest[Number(h) + 1]!];
    sum += (h === last ? tail : tail - next) * reach(ring, c.seats * c.ring, least);
  }
  return divUp(sum * WAD, ring[0]! * honest[0]!);
}

/** Bound of the chance of `k` seats or more, as a part of the first of the tails. Mirrors `_reach`. */
function reach(ring: readonly bigint[], mean: bigint, k: bigint): bigint {
  if (k * WAD >= mean + WAD) return k < BigInt(TERMS) ? ring[Number(k)]! : 0n;
  return min(ring[0]!, divUp(ring[0]! * mean, k * WAD));
}
