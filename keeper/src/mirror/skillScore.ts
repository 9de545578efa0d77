/**
 * SkillScore.sol, bit for bit: what a vote is worth, its Brier skill against the pinned base rate, leave-one-out.
 * Skill of a vote p on a claim with reference y and base rate b, all bytes:
 *   s = ((b − y)² − (p − y)²) / (4 · b · (255 − b))
 * Only the numerators are summed; the shared denominator is applied once.
 */
import { divUp, GWEI, max, min, WAD } from "./fixedPoint.ts";
import { lanesOf } from "./laneTally.ts";
import { contains, type Words } from "./rulings.ts";
import { FALSE, ONE, TRUE, verdict, verdictOf, type Bounds } from "./verdictMath.ts";

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

/** One claim as every voter's {@link sumSides} reads it. Mirrors a field of `SkillScore.Sides`. */
export interface Side {
  readonly verdict: bigint;
  /** |lane − y · 255 · Σv|; zero while undecided */
  readonly error: bigint;
  /** Another round decided, so the verdict hangs on no vote of this one. */
  readonly isForeign: boolean;
}

/** Splits the claims by side. Mirrors `sides`. */
export function sides(frame: Frame, words: readonly bigint[]): Side[] {
  return lanesOf(words, frame.claims).map((lane) => sideOf(frame, lane, verdict(lane, frame.bounds), false));
}

/**
 * The sides of a round whose request was appealed. Mirrors `sidesBy`.
 * @param words lane sums of the round
 * @param verdicts that count, two bits a claim
 * @param foreign mask of the claims that another round decided
 */
export function sidesBy(frame: Frame, words: readonly bigint[], verdicts: Words, foreign: Words): Side[] {
  return lanesOf(words, frame.claims).map((lane, claim) =>
    sideOf(frame, lane, verdictOf(verdicts, claim), contains(foreign, claim)),
  );
}

function sideOf(frame: Frame, lane: bigint, side: bigint, isForeign: boolean): Side {
  const error = side === TRUE ? 255n * frame.weight - lane : side === FALSE ? lane : 0n;
  return { verdict: side, error, isForeign };
}

/**
 * What overturned verdicts take of a voter's bond: `bond · Σ (p − y)² / claims` over the overturned claims on which its
 * vote was on the losing side of θ; gwei, rounded up, at most the bond. Mirrors `overturnCharge`.
 * @param verdicts that count
 * @param overturned mask of the claims on which the round's own verdict was overturned
 * @param seatBond gwei
 */
export function overturnCharge(
  frame: Frame,
  verdicts: Words,
  overturned: Words,
  votes: Uint8Array,
  seatBond: bigint,
): bigint {
  const pivot = frame.threshold * 255n;
  const squares = [...votes].reduce((sum, vote, claim) => {
    if (!contains(overturned, claim)) return sum;
    const isTrue = verdictOf(verdicts, claim) === TRUE;
    const scaled = BigInt(vote) * ONE;
    if (isTrue ? scaled >= pivot : scaled <= pivot) return sum;
    const error = isTrue ? 255n - BigInt(vote) : BigInt(vote);
    return sum + error * error;
  }, 0n);
  return divUp(seatBond * squares, 255n * 255n * frame.claims);
}

/**
 * Sums over every decided claim whose side does not hang on this vote. Exact. Mirrors `sum` of {@link sides}.
 * @param words lane sums of the committee, the voter's own vote among them
 * @param votes one byte a claim
 * @param weight v of the voter
 */
export function sum(frame: Frame, words: readonly bigint[], votes: Uint8Array, weight: bigint): Sums {
  return sumSides(frame, sides(frame, words), votes, weight);
}

/** Mirrors `sum`. */
export function sumSides(frame: Frame, decided: readonly Side[], votes: Uint8Array, weight: bigint): Sums {
  const sums = { numerator: 0n, scoredTrue: 0n, scoredFalse: 0n, losing: 0n, lossError: 0n };
  // θ of the committee without this voter, as a lane in units of 2^-16.
  const whole = 255n * (frame.weight - weight);
  const pivot = frame.threshold * whole;
  decided.forEach(({ verdict: side, error, isForeign }, claim) => {
    const p = BigInt(votes[claim] ?? 0);
    if (side === TRUE) {
      const others = whole - (error - weight * (255n - p));
      if (!isForeign && others * ONE <= pivot) return;
      sums.scoredTrue++;
      score(p, 255n, error);
    } else if (side === FALSE) {
      const others = error - weight * p;
      if (!isForeign && others * ONE >= pivot) return;
      sums.scoredFalse++;
      score(p, 0n, error);
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
