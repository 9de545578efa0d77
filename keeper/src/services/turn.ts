import { encodePacked, keccak256, type Address, type Hex } from "viem";

/**
 * When this keeper's turn is for a duty anyone may do: a fraction of `spread` seconds, the same after every restart and
 * different for each (duty, keeper). The first one saves all others a transaction.
 *
 * @param duty id of the round to be moved on, or the number of the epoch whose books are kept
 * @param spread seconds
 * @returns seconds after the duty became possible
 */
export function turnDelay(duty: Hex, owner: Address, spread: number): number {
  const hash = BigInt(keccak256(encodePacked(["bytes32", "address"], [duty, owner])));
  return (Number(hash % 1_000n) / 1_000) * spread;
}
