/** CaptureMath.sol, bit for bit: how likely a ring decides a claim alone. */
import { divUp, max, min, WAD, zeroFloorSub } from "./fixedPoint.ts";
import { appealBounds } from "./rulings.ts";
import { chance } from "./sortition.ts";
import { marginOf, ONE } from "./verdictMath.ts";

/** Seats of one kind that are counted, from zero. Mirrors `TERMS`. */
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

/** Probability that the ring captures a claim, WAD. Mirrors `capture`. */
export function capture(c: Committee): bigint {
  const ring = poisson(c.seats * c.ring);
  const honest = cumulated(poisson(c.seats * c.honest));
  const m = marginOf(c.threshold, c.margin);
  const first = { high: (c.threshold + m) * 255n, low: (c.threshold - m) * 255n };
  const { high, low } = c.isAppeal ? appealBounds(first, ONE) : first;
  const asTrue = sum(ring, honest, c.quorum, 255n * ONE - high, zeroFloorSub(high, HONEST_LOW * ONE));
  const asFalse = sum(ring, honest, c.quorum, low, zeroFloorSub(HONEST_HIGH * ONE, low));
  return max(asTrue, asFalse);
}

/** Unnormalised Poisson terms, the first one 1e18. Mirrors `poisson`. */
export function poisson(mean: bigint): bigint[] {
  const terms = [WAD];
  for (let k = 1; k < TERMS; k++) terms.push((terms[k - 1]! * mean) / (BigInt(k) * WAD));
  return terms;
}

function cumulated(terms: readonly bigint[]): bigint[] {
  let total = 0n;
  return terms.map((term) => (total += term));
}

function sum(
  ring: readonly bigint[],
  honest: readonly bigint[],
  quorum: bigint,
  ringPart: bigint,
  honestPart: bigint,
): bigint {
  const last = BigInt(TERMS - 1);
  let captured = 0n;
  let quorate = 0n;
  for (let a = 0n; a < TERMS; a++) {
    const weight = ring[Number(a)]!;
    const fewest = quorum > a ? quorum - a : 0n;
    const fewer = fewest === 0n ? 0n : honest[Number(fewest - 1n)]!;
    quorate += weight * (honest[TERMS - 1]! - fewer);
    const most = honestPart === 0n ? last : min(last, (a * ringPart) / honestPart);
    if (fewest <= most) captured += weight * (honest[Number(most)]! - fewer);
  }
  return (captured * WAD + quorate - 1n) / quorate;
}
