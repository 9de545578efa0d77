/**
 * VerdictMath.sol, bit for bit: from lanes to verdicts, and from verdicts to the domain's base rate B and threshold θ.
 * θ of a request is a 16-bit fraction (65,536 = 1.0), B and θ of a domain are WAD; a mean vote is p̄ = lane / (255 · Σv).
 */
import { clamp, divUp, min, WAD } from "./fixedPoint.ts";
import { lanesOf } from "./laneTally.ts";

/** 1.0 of the 16-bit threshold. */
export const ONE = 65_536n;
export const MIN_RATE = (5n * WAD) / 100n;
export const MAX_RATE = (95n * WAD) / 100n;
export const MIN_THRESHOLD = (20n * WAD) / 100n;
export const MAX_THRESHOLD = (80n * WAD) / 100n;

/** A verdict, two bits in the published words. */
export const UNDECIDED = 0n;
export const FALSE = 1n;
export const TRUE = 2n;

/** Lane bounds of a committee: TRUE from `high` up, FALSE from `low` down. Mirrors `VerdictMath.Bounds`. */
export interface Bounds {
  readonly high: bigint;
  readonly low: bigint;
}

/** What a finalized committee says. Mirrors the results of `VerdictMath.read`. */
export interface Reading {
  /** two bits a claim, claim 0 lowest, 128 claims a word */
  readonly words: readonly [bigint, bigint];
  /** mean of p̄ over all claims, WAD, rounded down */
  readonly mean: bigint;
  /** share of claims with p̄ > θ, WAD, rounded down */
  readonly share: bigint;
}

/**
 * m = 2 · decisiveMargin · min(θ, 1 − θ), 16-bit fraction, rounded down.
 *
 * @param threshold θ, 16-bit fraction
 * @param margin decisiveMargin, basis points
 */
export function marginOf(threshold: bigint, margin: bigint): bigint {
  return (2n * margin * min(threshold, ONE - threshold)) / 10_000n;
}

/**
 * Lane bounds for the margin m of {@link marginOf}, both rounded against a decision. Mirrors `bounds`.
 * @param threshold θ, 16-bit fraction
 * @param margin decisiveMargin, basis points
 * @param weight Σv of the reveals
 */
export function bounds(threshold: bigint, margin: bigint, weight: bigint): Bounds {
  const m = marginOf(threshold, margin);
  const full = 255n * weight;
  return { high: divUp((threshold + m) * full, ONE), low: ((threshold - m) * full) / ONE };
}

/** The verdict of one lane. Mirrors a step of `read`. */
export function verdict(lane: bigint, limits: Bounds): bigint {
  if (lane >= limits.high) return TRUE;
  return lane <= limits.low ? FALSE : UNDECIDED;
}

/**
 * What a committee says, and the two means that move B and θ. Mirrors `read`.
 * @param words lane sums of the committee, see LaneTally
 * @param claims 1..256
 * @param weight Σv of the reveals, not zero
 * @param threshold θ, 16-bit fraction
 */
export function read(
  words: readonly bigint[],
  claims: bigint,
  weight: bigint,
  threshold: bigint,
  limits: Bounds,
): Reading {
  const pivot = (threshold * 255n * weight) / ONE;
  const verdicts: [bigint, bigint] = [0n, 0n];
  let sum = 0n;
  let above = 0n;
  lanesOf(words, claims).forEach((lane, claim) => {
    sum += lane;
    if (lane > pivot) above++;
    verdicts[claim < 128 ? 0 : 1] |= verdict(lane, limits) << BigInt(2 * (claim % 128));
  });
  return { words: verdicts, mean: (sum * WAD) / (255n * weight * claims), share: (above * WAD) / claims };
}

/** The verdict of one claim out of published words. Mirrors how `SkillScore.sidesBy` reads them. */
export function verdictOf(words: readonly [bigint, bigint], claim: number): bigint {
  return (words[claim < 128 ? 0 : 1] >> BigInt(2 * (claim % 128))) & 3n;
}

/** `B += (mean − B) · k / (k + 255)`, kept in 5–95 %; WAD, the step rounded towards zero. Mirrors `nextBaseRate`. */
export function nextBaseRate(baseRate: bigint, mean: bigint, claims: bigint): bigint {
  return clamp(baseRate + ((mean - baseRate) * claims) / (claims + 255n), MIN_RATE, MAX_RATE);
}

/**
 * `θ += 0.15 · k / (k + 64) · (share − mean)`, kept in 20–80 %; WAD, the step rounded towards zero.
 * Mirrors `nextThreshold`.
 */
export function nextThreshold(threshold: bigint, share: bigint, mean: bigint, claims: bigint): bigint {
  const step = ((share - mean) * claims * 15n) / ((claims + 64n) * 100n);
  return clamp(threshold + step, MIN_THRESHOLD, MAX_THRESHOLD);
}

/** The base rate a request pins: B as a byte, rounded to nearest, 13..242. Mirrors `rateByte`. */
export function rateByte(baseRate: bigint): bigint {
  return (baseRate * 255n + WAD / 2n) / WAD;
}

/** The threshold a request pins: θ as a 16-bit fraction, rounded down. Mirrors `thresholdBits`. */
export function thresholdBits(threshold: bigint): bigint {
  return (threshold * ONE) / WAD;
}
