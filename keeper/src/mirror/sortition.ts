/** Sortition.sol, bit for bit: who sits. i sits iff its {@link ticket} is below its {@link chance}. */
import { encodeAbiParameters, keccak256, parseAbiParameters, type Address, type Hex } from "viem";

import { min, sqrt, WAD } from "./fixedPoint.ts";

/** Largest expected committee, after an extension too. Mirrors `Units.MAX_SEATS`. */
export const MAX_SEATS = 31n;

const TICKET = parseAbiParameters("uint256 seed, bytes32 roundId, address owner");
const TICKET_MASK = (1n << 128n) - 1n;

/** One family's term of Σroot, `isqrt(W_f · 2^32)`: 16 fractional bits, rounded down. Mirrors `root`. */
export function root(familyWeight: bigint): bigint {
  return sqrt(familyWeight << 32n);
}

/** Weights that decide a chance; gwei of WORK unless said otherwise. */
export interface Weights {
  /** w of the operator */
  readonly weight: bigint;
  /** W_f of its family, not zero */
  readonly familyWeight: bigint;
  /** W of the domain, not zero */
  readonly totalWeight: bigint;
  /** Σroot of the domain, see {@link root} */
  readonly roots: bigint;
}

/**
 * `seats · π · 2^128`, rounded down; from 2^128 up the seat is certain. Mirrors `chance`.
 * @param seats expected committee
 * @param boostCap λ in sixteenths (32 = 2.0); zero selects the proportional rule
 */
export function chance(weights: Weights, seats: bigint, boostCap: bigint): bigint {
  const { weight, familyWeight, totalWeight, roots } = weights;
  if (boostCap === 0n) return ((weight * seats) << 128n) / totalWeight;
  const diverse = ((weight * seats) << 160n) / (root(familyWeight) * roots);
  const capped = ((weight * seats * boostCap) << 124n) / totalWeight;
  return min(diverse, capped);
}

/** The operator's ticket in [0, 2^128). Mirrors `ticket`. */
export function ticket(seed: bigint, roundId: Hex, owner: Address): bigint {
  const hash = keccak256(encodeAbiParameters(TICKET, [seed, roundId, owner]));
  return BigInt(hash) & TICKET_MASK;
}

/** Vote weight by the tier of R: probation 1, standard 2, preferred 3, prime 4. Mirrors `tier`. */
export function tier(reputation: bigint): bigint {
  if (reputation < WAD / 2n) return 1n;
  if (reputation < 2n * WAD) return 2n;
  return reputation < 5n * WAD ? 3n : 4n;
}

/** Expected committee after an extension. Mirrors `Assay._grown`. */
export function grown(seats: bigint): bigint {
  return min(2n * seats, MAX_SEATS);
}
