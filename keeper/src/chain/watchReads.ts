import {
  assayAbi,
  domainRegistryAbi,
  feeMarketAbi,
  reputationLedgerAbi,
  stakeVaultAbi,
  workTokenAbi,
} from "@assay/published";
import type { Address, Hex } from "viem";

import type { Contracts } from "./addresses.ts";
import type { Reader } from "./client.ts";
import { inPieces } from "./pieces.ts";
import { BLOCK_RANGE, type RequestedEvent } from "./reads.ts";
import type { Terms } from "./types.ts";

export type WatchReads = ReturnType<typeof createWatchReads>;

/**
 * What only watches ask of the chain.
 *
 * @param blockRange most blocks asked for events in one query
 */
export function createWatchReads(client: Reader, at: Contracts, blockRange: bigint = BLOCK_RANGE) {
  const registry = { address: at.DomainRegistry, abi: domainRegistryAbi } as const;
  const token = { address: at.WorkToken, abi: workTokenAbi } as const;
  const versionOf = async (domain: number): Promise<number> =>
    client.readContract({ ...registry, functionName: "currentVersion", args: [domain] });

  return {
    /** Requests of a domain opened in a range of blocks, both ends included. */
    async requests(domain: number, from: bigint, to: bigint): Promise<RequestedEvent[]> {
      const logs = await inPieces(from, to, blockRange, (range) =>
        client.getContractEvents({
          address: at.Assay,
          abi: assayAbi,
          eventName: "Requested",
          args: { domain },
          strict: true,
          ...range,
        }),
      );
      return logs.map(({ args: { requestId, terms, uri, payload }, blockNumber }) => ({
        requestId,
        terms,
        uri,
        payload,
        block: blockNumber,
      }));
    },

    /** Owners that registered in a domain in a range of blocks; some may have left since. */
    async registered(domain: number, from: bigint, to: bigint): Promise<Address[]> {
      const logs = await inPieces(from, to, blockRange, (range) =>
        client.getContractEvents({
          address: at.StakeVault,
          abi: stakeVaultAbi,
          eventName: "OperatorRegistered",
          args: { domain },
          strict: true,
          ...range,
        }),
      );
      return logs.map(({ args }) => args.owner);
    },

    /** wei a silent owner owes for a request, before the cap of its bond. */
    async absenceCharge({ domain, version, price, claims }: Terms, owner: Address): Promise<bigint> {
      return client.readContract({
        address: at.ReputationLedger,
        abi: reputationLedgerAbi,
        functionName: "absenceChargeOf",
        args: [domain, version, owner, price * BigInt(claims)],
      });
    },

    /** wei a poster gets for each reputation, and what this epoch's burn can pay at all. */
    async postBounty(domain: number, epoch: number): Promise<{ each: bigint; available: bigint }> {
      const version = await versionOf(domain);
      const [{ postBounty }, available] = await Promise.all([
        client.readContract({ ...registry, functionName: "rewardsOf", args: [domain, version] }),
        client.readContract({
          address: at.FeeMarket,
          abi: feeMarketAbi,
          functionName: "earned",
          args: [domain, BigInt(epoch)],
        }),
      ]);
      return { each: BigInt(postBounty) * 10n ** 9n, available };
    },

    /** wei of WORK of an account, and how much of it `spender` may take. */
    async workOf(owner: Address, spender: Address): Promise<{ balance: bigint; allowed: bigint }> {
      const [balance, allowed] = await Promise.all([
        client.readContract({ ...token, functionName: "balanceOf", args: [owner] }),
        client.readContract({ ...token, functionName: "allowance", args: [owner, spender] }),
      ]);
      return { balance, allowed };
    },

    /** wei a transaction of so much gas costs at most at today's fees. */
    async maxFee(): Promise<bigint> {
      return (await client.estimateFeesPerGas()).maxFeePerGas;
    },

    /** What a mined transaction cost, wei, and whether it did what it should; undefined while no block has it. */
    async costOf(hash: Hex): Promise<{ gas: bigint; succeeded: boolean } | undefined> {
      const receipt = await client.getTransactionReceipt({ hash }).catch((error: unknown) => {
        if (error instanceof Error && error.name === "TransactionReceiptNotFoundError") return undefined;
        throw error;
      });
      if (receipt === undefined) return undefined;
      return {
        gas: receipt.gasUsed * receipt.effectiveGasPrice,
        succeeded: receipt.status === "success",
      };
    },
  };
}
