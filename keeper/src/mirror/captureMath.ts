/** CaptureMath.sol, bit for bit: how likely a ring decides a claim alone. */
import { max, min, WAD, zeroFloorSub } from "./fixedPoint.ts";
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
  /** λ in sixteenths, zero under the proportional rule */
  readonly boostCap: bigint;
  /** θ, 16-bit fraction */
  readonly threshold: bigint;
  /** decisiveMargin, basis points */
  readonly margin: bigint;
}

/** Share of the seats that a share of the stake can get, WAD. Mirrors `shareOfSeats`. */
export function shareOfSeats(stake: bigint, boostCap: bigint): bigint {
  return boostCap === 0n ? stake : min(WAD, (stake * boostCap) / 16n);
}

/** Probability that a ring with `stake` of the weight captures a claim, WAD. Mirrors `capture`. */
export function capture(c: Committee, stake: bigint): bigint {
  const share = shareOfSeats(stake, c.boostCap);
  const ring = poisson(c.seats * share);
  const honest = cumulated(poisson(c.seats * (WAD - share)));
  const m = marginOf(c.threshold, c.margin);
  const high = (c.threshold + m) * 255n;
  const low = (c.threshold - m) * 255n;
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
