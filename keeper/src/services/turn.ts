import { encodePacked, keccak256, type Address, type Hex } from "viem";

/**
 * When this keeper's turn is for a duty anyone may do: a fraction of `spread` seconds, the same after every restart and
 * different for each (request, keeper). The first one saves all others a transaction.
 *
 * @param spread seconds
 * @returns seconds after the duty became possible
 */
export function turnDelay(requestId: Hex, owner: Address, spread: number): number {
  const hash = BigInt(keccak256(encodePacked(["bytes32", "address"], [requestId, owner])));
  return (Number(hash % 1_000n) / 1_000) * spread;
}
