/**
 * The arithmetic of RewardMinter.sol, bit for bit: what a score account earns or owes.
 * Ratios are basis points, factors 1e9 = 1.0; amounts are wei of WORK unless a line says gwei.
 */
import { divUp, fullMulDiv, fullMulDivUp, GWEI, max, min, mulWad, WAD, zeroFloorSub } from "./fixedPoint.ts";
import { power, tilt } from "./reputationMath.ts";

const BPS = 10_000n;
/** Mirrors `Units.BOUNTY_DIVISOR`. */
const BOUNTY_DIVISOR = 20n;
/** 1.0 of a factor. Mirrors `FACTOR_ONE`. */
const FACTOR_ONE = 10n ** 9n;

/** A score account. Mirrors the parts of `IRewardMinter.Account` the arithmetic reads. */
export interface Account {
  /** Σ of score values, wei, negative for a loss */
  readonly score: bigint;
  /** bonds of settled seats that are still locked, gwei */
  readonly releasable: bigint;
  /** Σ price · claims of the settled seats, gwei */
  readonly served: bigint;
  /** R^γ · tilt, 1e9 = 1.0 */
  readonly factor: bigint;
  /** scored claims */
  readonly scored: bigint;
}

/** What an epoch pins. Mirrors the parts of `IRewardMinter.EpochTerms` the arithmetic reads. */
export interface EpochTerms {
  /** Σ points over mature accounts, wei */
  readonly points: bigint;
  /** scored claims */
  readonly maturity: bigint;
  /** κ, basis points */
  readonly mintRatio: bigint;
  /** basis points */
  readonly mintCap: bigint;
  /** ρ, basis points */
  readonly penaltyRatio: bigint;
  /** share of the schedule, basis points */
  readonly share: bigint;
}

/** What rewards leave to whoever reported a clone. Mirrors the parts of `IStakeVault.Bounty` the arithmetic reads. */
export interface Bounty {
  /** epochs `from` … `until` − 1 pay */
  readonly from: bigint;
  readonly until: bigint;
  /** gwei that are not paid yet */
  readonly left: bigint;
}

/** Weights of a domain in the epoch an account opens in; gwei, see {@link tilt}. */
export interface Scarcity {
  readonly weight: bigint;
  readonly families: bigint;
  readonly familyWeight: bigint;
  /** λ in sixteenths */
  readonly boostCap: bigint;
}

/**
 * R^γ · tilt, 1e9 = 1.0, rounded down, at least 1e-9. Mirrors `_factor`.
 * @param reputation R, WAD
 * @param gamma WAD
 */
export function factor(reputation: bigint, gamma: bigint, scarcity: Scarcity): bigint {
  const { weight, families, familyWeight, boostCap } = scarcity;
  const premium = tilt(weight, families, familyWeight, boostCap);
  return max(1n, mulWad(power(reputation, gamma), premium) / FACTOR_ONE);
}

/** Points of an account, wei, rounded down: score · factor once mature and positive. Mirrors `_points`. */
export function points(account: Account, maturity: bigint): bigint {
  if (account.score <= 0n || account.scored < maturity) return 0n;
  return (account.score * account.factor) / FACTOR_ONE;
}

/** ρ times a negative score, wei, rounded up. Mirrors `_debt`. */
export function debt(score: bigint, penaltyRatio: bigint): bigint {
  return score >= 0n ? 0n : divUp(-score * penaltyRatio, BPS);
}

/** What `distribute` asks of the pool: the debt, at most the bonds of the account; wei. Mirrors `_collect`. */
export function due(account: Account, terms: EpochTerms): bigint {
  return min(debt(account.score, terms.penaltyRatio), account.releasable * GWEI);
}

/** Bond `unlock` frees: what the account does not need to cover its debt; gwei, rounded down. Mirrors `unlock`. */
export function unlockable(account: Account, terms: EpochTerms): bigint {
  return zeroFloorSub(account.releasable, divUp(debt(account.score, terms.penaltyRatio), GWEI));
}

/** Emission of an epoch before shares, wei: halves every `halving` epochs. Mirrors `schedule`. */
export function schedule(initialEmission: bigint, halving: bigint, epoch: bigint): bigint {
  return initialEmission >> min(epoch / max(halving, 1n), 255n);
}

/**
 * What can be minted for an epoch, wei: κ · earned + min(share · schedule, (1 − κ) · earned), each part rounded down.
 * Mirrors `_mintable`.
 * @param earned earned burn of the epoch
 * @param scheduled see {@link schedule}
 */
export function mintable(earned: bigint, scheduled: bigint, terms: EpochTerms): bigint {
  const extra = (scheduled * terms.share) / BPS;
  const rest = (earned * (BPS - terms.mintRatio)) / BPS;
  return (earned * terms.mintRatio) / BPS + min(extra, rest);
}

/** Most an account can be paid, wei, rounded down: mintCap · κ of what its seats turned into burn. Mirrors `_pay`. */
export function cap(account: Account, terms: EpochTerms): bigint {
  return (account.served * GWEI * terms.mintCap * terms.mintRatio) / (BPS * BPS);
}

/**
 * What `distribute` mints for an account, wei, rounded down. Mirrors `_pay`.
 * @param pot see {@link mintable}
 */
export function payout(account: Account, terms: EpochTerms, pot: bigint): bigint {
  const own = points(account, terms.maturity);
  return own === 0n ? 0n : min(fullMulDiv(pot, own, terms.points), cap(account, terms));
}

/**
 * What a reward leaves to the reporter, gwei, rounded down: a twentieth, at most what is left. Mirrors
 * `StakeVault._takeBounty`.
 * @param minted wei
 */
export function reporterPart({ from, until, left }: Bounty, epoch: bigint, minted: bigint): bigint {
  return epoch < from || epoch >= until ? 0n : min(minted / BOUNTY_DIVISOR / GWEI, left);
}

/**
 * Charge of a silent seat, `absenceRatio · fee / R^δ`, wei, rounded up. Mirrors `ReputationLedger.absenceChargeOf`;
 * `Assay` takes at most the bond of a seat.
 * @param fee price · claims
 * @param absenceRatio basis points
 * @param reputation R, WAD
 * @param delta WAD
 */
export function absenceCharge(fee: bigint, absenceRatio: bigint, reputation: bigint, delta: bigint): bigint {
  return fullMulDivUp(fee * absenceRatio, WAD, BPS * power(reputation, delta));
}
