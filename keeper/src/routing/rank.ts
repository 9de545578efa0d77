/**
 * In which order operators are asked, and asked instead when one fails. With u_i uniform in (0, 1] and w_i =
 * stake · R_r the order is by ascending −ln(u_i) / w_i, so that the first is i with probability w_i / Σw, the second
 * likewise among the others, and so on (Efraimidis and Spirakis, weighted sampling without replacement). Everybody who
 * knows the seed gets the same order, bit for bit: whole numbers only, ln as Solady's lnWad, no division.
 */
import { encodeAbiParameters, getAddress, keccak256, type Address, type Hex } from "viem";

import { lnWad, WAD } from "../mirror/fixedPoint.ts";

const TICKET = [
  { name: "seed", type: "bytes32" },
  { name: "operator", type: "address" },
] as const;

/** An operator that can be asked. */
export interface Candidate {
  readonly operator: Address;
  /** wei of WORK */
  readonly stake: bigint;
  /** R_r, WAD */
  readonly reputation: bigint;
}

/** A stake or an R_r below zero, or an operator named twice. */
export class CandidateError extends RangeError {
  readonly operator: Address;

  constructor(operator: Address, problem: string) {
    super(`operator ${operator}: ${problem}`);
    this.name = "CandidateError";
    this.operator = operator;
  }
}

/**
 * The candidates, first choice first. Equal keys, which is one pair in 10^18, go by address; who weighs nothing comes
 * last, by address too. The order does not depend on the order of `operators`, and leaving one out leaves the others in
 * theirs: a retry or fallback is the next of the list.
 * @param seed what nobody could choose, such as a request's seed, widened to 32 bytes
 */
export function rank<C extends Candidate>(seed: Hex, operators: readonly C[]): C[] {
  const seen = new Set<Address>();
  const keyed = operators.map((candidate) => {
    const { operator, stake, reputation } = candidate;
    if (stake < 0n || reputation < 0n)
      throw new CandidateError(operator, `stake ${stake} and R_r ${reputation} must be 0 or more`);
    const address = getAddress(operator);
    if (seen.has(address)) throw new CandidateError(operator, "named twice");
    seen.add(address);
    return { candidate, address: BigInt(address), cost: cost(seed, address), weight: stake * reputation };
  });
  keyed.sort((a, b) => {
    if (a.weight === 0n || b.weight === 0n)
      return sign(b.weight === 0n ? 0n : 1n, a.weight === 0n ? 0n : 1n) || sign(a.address, b.address);
    // −ln(u_a) / w_a against −ln(u_b) / w_b, multiplied out.
    return sign(a.cost * b.weight, b.cost * a.weight) || sign(a.address, b.address);
  });
  return keyed.map(({ candidate }) => candidate);
}

/** −ln u, WAD, with u = (1 + ⌊hash · 1e18 / 2^256⌋) / 1e18 and hash = keccak256(abi.encode(seed, operator)). */
export function cost(seed: Hex, operator: Address): bigint {
  const hash = BigInt(keccak256(encodeAbiParameters(TICKET, [seed, operator])));
  return -lnWad(1n + ((hash * WAD) >> 256n));
}

const sign = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);
