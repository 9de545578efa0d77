/** ReputationMath.sol, bit for bit: how outcomes move R. R is WAD (1e18 = 1.0) in [0.1, 10]. */
import { clamp, max, mulWad, mulWadUp, powWad, sqrt, WAD } from "./fixedPoint.ts";

/** 0.1, the floor of R. Mirrors `ReputationMath.MIN`. */
export const MIN = WAD / 10n;
/** 10, the ceiling of R. Mirrors `ReputationMath.MAX`. */
export const MAX = 10n * WAD;
/** 1, what an operator begins with. Mirrors `ReputationMath.START`. */
export const START = WAD;

/** What happened to a seat or a quality window; two bits on the tape. */
export const SUCCESS = 0n;
export const WRONG = 1n;
export const LATE = 2n;
export const ABSENT = 3n;

/** The multipliers of a domain, all WAD. Mirrors `ReputationMath.Rule`. */
export interface Rule {
  /** share of the distance to 1 a quality outcome moves R before its multiplier */
  readonly pull: bigint;
  readonly success: bigint;
  readonly wrong: bigint;
  readonly late: bigint;
  readonly absent: bigint;
  /** share of the distance to 1 a SUCCESS adds while R < 1; zero outside the published preset */
  readonly catchUp: bigint;
}

/** R after one outcome. Products are rounded down, a pull from above away from zero. Mirrors `apply_`. */
export function apply(r: bigint, outcome: bigint, rule: Rule): bigint {
  if (outcome === SUCCESS || outcome === WRONG) {
    if (r <= WAD) r += mulWad(rule.pull, WAD - r);
    else r -= mulWadUp(rule.pull, r - WAD);
  }
  r = clamp(mulWad(r, multiplier(outcome, rule)), MIN, MAX);
  if (outcome === SUCCESS && r < WAD) r += mulWad(rule.catchUp, WAD - r);
  return r;
}

/**
 * R after a whole tape. Mirrors `replay`.
 * @param tape two bits an outcome, the oldest lowest
 * @param length number of outcomes
 */
export function replay(r: bigint, tape: bigint, length: bigint, rule: Rule): bigint {
  for (let i = 0n; i < length; i++) r = apply(r, (tape >> (2n * i)) & 3n, rule);
  return r;
}

/** `R^exponent`, WAD, rounded as Solady's powWad rounds it. Mirrors `power`. */
export function power(r: bigint, exponent: bigint): bigint {
  return powWad(r, exponent);
}

/**
 * Premium of a scarce family, `min(λ, max(1, √(W / (F · W_f))))`, WAD, rounded down. Mirrors `tilt`.
 * @param weight W, gwei
 * @param families F, number of eligible families
 * @param familyWeight W_f, gwei
 * @param boostCap λ in sixteenths
 */
export function tilt(weight: bigint, families: bigint, familyWeight: bigint, boostCap: bigint): bigint {
  if (familyWeight === 0n || families === 0n) return WAD;
  const scarce = sqrt((weight * WAD * WAD) / (families * familyWeight));
  return clamp(scarce, WAD, max(WAD, (boostCap * WAD) / 16n));
}

function multiplier(outcome: bigint, rule: Rule): bigint {
  if (outcome === SUCCESS) return rule.success;
  if (outcome === WRONG) return rule.wrong;
  return outcome === LATE ? rule.late : rule.absent;
}
