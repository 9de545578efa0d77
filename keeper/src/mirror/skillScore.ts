/**
 * SkillScore.sol, bit for bit: what a vote is worth, its Brier skill against the pinned base rate, leave-one-out.
 * Skill of a vote p on a claim with reference y and base rate b, all bytes:
 *   s = ((b − y)² − (p − y)²) / (4 · b · (255 − b))
 * Only the numerators are summed; the shared denominator is applied once.
 */
import { divUp, max, min, WAD } from "./fixedPoint.ts";
import { lanesOf } from "./laneTally.ts";
import { FALSE, ONE, TRUE, verdict, type Bounds } from "./verdictMath.ts";

const GWEI = 10n ** 9n;
const BPS = 10_000n;
const MAX_BOND = (1n << 56n) - 1n;
/** Quality counters are kept in 1e-12. */
const QUALITY_SCALE = 10n ** 12n;

/** What a committee has in common when its votes are scored. Mirrors `SkillScore.Frame`. */
export interface Frame {
  readonly claims: bigint;
  /** b, byte */
  readonly baseRate: bigint;
  /** Σv of the reveals */
  readonly weight: bigint;
  /** θ, 16-bit fraction */
  readonly threshold: bigint;
  readonly bounds: Bounds;
}

/** Sums of one voter over one request. Mirrors `SkillScore.Sums`. */
export interface Sums {
  /** Σ ((b − y)² − (p − y)²), units of 255^-2 */
  readonly numerator: bigint;
  /** claims scored with y = 1 */
  readonly scoredTrue: bigint;
  /** claims scored with y = 0 */
  readonly scoredFalse: bigint;
  /** claims with a negative term */
  readonly losing: bigint;
  /** Σ |lane − y · 255 · Σv| over the losing claims */
  readonly lossError: bigint;
}

/**
 * Sums over every decided claim whose side does not hang on this vote. Exact. Mirrors `sum`.
 * @param words lane sums of the committee, the voter's own vote among them
 * @param votes one byte a claim
 * @param weight v of the voter
 */
export function sum(frame: Frame, words: readonly bigint[], votes: Uint8Array, weight: bigint): Sums {
  const sums = { numerator: 0n, scoredTrue: 0n, scoredFalse: 0n, losing: 0n, lossError: 0n };
  // θ of the committee without this voter, as a lane in units of 2^-16.
  const pivot = frame.threshold * 255n * (frame.weight - weight);
  lanesOf(words, frame.claims).forEach((lane, claim) => {
    const side = verdict(lane, frame.bounds);
    const p = BigInt(votes[claim] ?? 0);
    const others = (lane - weight * p) * ONE;
    if (side === TRUE && others > pivot) {
      sums.scoredTrue++;
      score(p, 255n, 255n * frame.weight - lane);
    } else if (side === FALSE && others < pivot) {
      sums.scoredFalse++;
      score(p, 0n, lane);
    }
  });
  return sums;

  function score(p: bigint, y: bigint, error: bigint): void {
    const term = (frame.baseRate - y) ** 2n - (p - y) ** 2n;
    sums.numerator += term;
    if (term >= 0n) return;
    sums.losing++;
    sums.lossError += error;
  }
}

/** Mean error x̄ of the committee over the voter's losing claims, WAD, rounded up; zero without losses. Mirrors `lossMean`. */
export function lossMean(sums: Sums, committeeWeight: bigint): bigint {
  if (sums.losing === 0n) return 0n;
  return divUp(sums.lossError * WAD, 255n * committeeWeight * sums.losing);
}

/**
 * What a request adds to a score account: `price · Σs`, a loss multiplied by `1 + 3 · x̄`; wei of WORK, gains rounded
 * down, losses away from zero. Mirrors `value`.
 * @param price wei of WORK per claim-seat
 * @param baseRate b, byte in 13..242
 * @param mean x̄, WAD, see {@link lossMean}
 */
export function value(numerator: bigint, price: bigint, baseRate: bigint, mean: bigint): bigint {
  const denominator = 4n * baseRate * (255n - baseRate);
  if (numerator >= 0n) return (numerator * price) / denominator;
  return -divUp(-numerator * price * (WAD + 3n * mean), denominator * WAD);
}

/**
 * `Σs − τ · Σ (b − y)² / (4b(1 − b))`, in 1e-12, rounded down: above zero the voter beats the quality bar.
 * Mirrors `quality`.
 * @param bar τ, WAD
 */
export function quality(sums: Sums, baseRate: bigint, bar: bigint): bigint {
  const miss = 255n - baseRate;
  const ceiling = sums.scoredTrue * miss * miss + sums.scoredFalse * baseRate * baseRate;
  const top = sums.numerator * WAD - bar * ceiling;
  const bottom = 4n * baseRate * miss * (WAD / QUALITY_SCALE);
  return top < 0n ? -divUp(-top, bottom) : top / bottom;
}

/**
 * Bond of a seat: the worst loss it can take, times ρ, and never below the floor; gwei of WORK, rounded up, saturated
 * at 2^56 − 1. Mirrors `bond`.
 * @param floor seatBond, gwei
 * @param penaltyRatio ρ, basis points
 * @param price wei of WORK per claim-seat
 */
export function bond(
  floor: bigint,
  penaltyRatio: bigint,
  price: bigint,
  claims: bigint,
  baseRate: bigint,
): bigint {
  const worst = 4n * penaltyRatio * price * claims * 255n * 255n;
  const wei = divUp(worst, 4n * baseRate * (255n - baseRate) * BPS);
  return min(max(floor, divUp(wei, GWEI)), MAX_BOND);
}
