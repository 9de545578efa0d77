/**
 * FeeCurve.sol, bit for bit: the exponential price of a claim-seat.
 * Demand is counted in milli claim-seats (1,000 = one claim judged by one expected seat).
 */
import { expWad, min, WAD, zeroFloorSub } from "./fixedPoint.ts";

/** The exponent saturates at 20, WAD. Mirrors `FeeCurve.MAX_EXPONENT`. */
export const MAX_EXPONENT = 20n * WAD;

/**
 * Excess demand after `elapsed` seconds without new demand, milli claim-seats, never below zero. Mirrors `decay`.
 * @param target milli claim-seats per second
 */
export function decay(excess: bigint, target: bigint, elapsed: bigint): bigint {
  return zeroFloorSub(excess, target * elapsed);
}

/**
 * Excess demand after `units` claim-seats were bought, milli claim-seats, saturated with the exponent. Mirrors `grow`.
 * @param rate milli claim-seats that multiply the price by e
 */
export function grow(excess: bigint, units: bigint, rate: bigint): bigint {
  return min(excess + units * 1_000n, (rate * MAX_EXPONENT) / WAD);
}

/**
 * `minFee · e^(excess / rate)`, wei of WORK per claim-seat, rounded down. Mirrors `price`.
 * @param minFee wei of WORK per claim-seat at no excess
 * @param rate milli claim-seats, not zero
 */
export function price(minFee: bigint, excess: bigint, rate: bigint): bigint {
  const exponent = min((excess * WAD) / rate, MAX_EXPONENT);
  return (minFee * expWad(exponent)) / WAD;
}
