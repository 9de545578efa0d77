import {
  appealsAbi,
  assayAbi,
  cloneRegistryAbi,
  errorsAbi,
  performanceLedgerAbi,
  reputationLedgerAbi,
  rewardMinterAbi,
  workTokenAbi,
} from "@assay/published";
import type { Abi, Address, Hex } from "viem";

import type { Basis, Entry, Metrics } from "../mirror/performanceMath.ts";
import type { Contracts } from "./addresses.ts";
import type { Pair } from "./cloneReads.ts";
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
    appeal: (terms: Terms) => call(at.Assay, assayAbi, "appeal", terms),
    resolveBond: (terms: Terms, index: number) =>
      call(at.Appeals, appealsAbi, "resolve", terms, BigInt(index)),
    claimBond: (roundId: Hex, funder: Address) => call(at.Appeals, appealsAbi, "claim", roundId, funder),
    postMetrics: (
      ledger: Address,
      domain: number,
      model: Hex,
      version: number,
      count: number,
      head: Hex,
      entries: readonly (Basis & { readonly operator: Address; readonly metrics: Metrics })[],
    ) =>
      call(ledger, performanceLedgerAbi, "postMetrics", domain, model, version, BigInt(count), head, entries),
    withdrawBond: (ledger: Address, domain: number, operator: Address) =>
      call(ledger, performanceLedgerAbi, "withdrawBond", domain, operator),
    challengeMetrics: (
      ledger: Address,
      domain: number,
      operator: Address,
      id: number,
      base: Hex,
      entries: readonly Entry[],
    ) => call(ledger, performanceLedgerAbi, "challengeMetrics", domain, operator, BigInt(id), base, entries),
    reportClones: (
      registry: Address,
      domain: number,
      { earlier, later }: Pair,
      evidence: readonly { terms: Terms; first: Hex; second: Hex }[],
    ) => call(registry, cloneRegistryAbi, "report", domain, earlier, later, evidence),
    closeClones: (registry: Address, domain: number, { earlier, later }: Pair) =>
      call(registry, cloneRegistryAbi, "close", domain, earlier, later),
  };
}
