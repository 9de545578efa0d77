import { assayAbi, errorsAbi, reputationLedgerAbi, rewardMinterAbi, workTokenAbi } from "@assay/published";
import type { Abi, Address } from "viem";

import type { Contracts } from "./addresses.ts";
import type { ContractCall } from "./sender.ts";
import type { Terms } from "./types.ts";

export type Call = Omit<ContractCall, "priority">;
export type WatchCalls = ReturnType<typeof createWatchCalls>;

/** The transactions of the watches, not sent yet. */
export function createWatchCalls(at: Contracts) {
  // Errors of the peers bubble up, so every ABI gets all of them.
  const call = (address: Address, abi: unknown, functionName: string, ...args: unknown[]): Call => ({
    address,
    abi: [...(abi as Abi), ...(errorsAbi as Abi)],
    functionName,
    args,
  });
  return {
    approve: (spender: Address, amount: bigint) =>
      call(at.WorkToken, workTokenAbi, "approve", spender, amount),
    reportAbsent: (terms: Terms, index: number, owners: readonly Address[]) =>
      call(at.Assay, assayAbi, "reportAbsent", terms, BigInt(index), owners),
    distribute: (domain: number, epoch: number, owners: readonly Address[]) =>
      call(at.RewardMinter, rewardMinterAbi, "distribute", domain, BigInt(epoch), owners),
    post: (domain: number, entries: readonly { owner: Address; reputation: bigint }[]) =>
      call(at.ReputationLedger, reputationLedgerAbi, "post", domain, entries),
  };
}
