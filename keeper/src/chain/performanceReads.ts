import { performanceLedgerAbi } from "@assay/published";
import type { Address, Hex } from "viem";

import type { Basis, Entry, Metrics, Rule } from "../mirror/performanceMath.ts";
import type { Reader } from "./client.ts";
import { inPieces } from "./pieces.ts";
import type { ChainReads } from "./reads.ts";

/** The newest post of an operator. Mirrors `IPerformanceLedger.Post`. */
export interface Post {
  /** zero when it is not open any more */
  readonly poster: Address;
  /** Unix seconds */
  readonly openUntil: number;
  readonly version: number;
  readonly id: number;
  readonly metrics: Metrics;
  readonly count: number;
  readonly modelHash: Hex;
}

export type PerformanceReads = ReturnType<typeof createPerformanceReads>;

/** What a watch over measured performance asks of its ledger. */
export function createPerformanceReads(
  client: Reader,
  address: Address,
  reads: Pick<ChainReads, "blockAt" | "head" | "blockRange">,
  startBlock: bigint,
) {
  const ledger = { address, abi: performanceLedgerAbi } as const;
  let bond: bigint | undefined;
  let window: bigint | undefined;

  return {
    /** Operators of whom something was posted that can still be challenged. */
    async posted(domain: number, now: number): Promise<Address[]> {
      window ??= await client.readContract({ ...ledger, functionName: "CHALLENGE_WINDOW" });
      const from = await reads.blockAt(now - Number(window), startBlock);
      const logs = await inPieces(from, (await reads.head()).number, reads.blockRange, (range) =>
        client.getContractEvents({
          ...ledger,
          eventName: "MetricsPosted",
          args: { domain },
          strict: true,
          ...range,
        }),
      );
      return [...new Set(logs.map(({ args }) => args.operator))];
    },

    /** Receipts of a model recorded in a range of blocks, both ends included, with their places in its chain. */
    async receipts(
      domain: number,
      modelHash: Hex,
      from: bigint,
      to: bigint,
    ): Promise<{ entry: Entry; count: number }[]> {
      const logs = await inPieces(from, to, reads.blockRange, (range) =>
        client.getContractEvents({
          ...ledger,
          eventName: "ReceiptRecorded",
          args: { domain, modelHash },
          strict: true,
          ...range,
        }),
      );
      return logs.map(({ args: { receipt, late, count } }) => ({
        entry: { receipt, late },
        count: Number(count),
      }));
    },

    async postOf(domain: number, operator: Address): Promise<Post> {
      return client.readContract({ ...ledger, functionName: "postOf", args: [domain, operator] });
    },

    /** What an open post of the operator builds on: R_r as it was accepted last, and the receipts of the model in it. */
    async basisOf(domain: number, operator: Address, modelHash: Hex): Promise<Basis> {
      const [before, counted] = await Promise.all([
        client.readContract({ ...ledger, functionName: "routingReputationOf", args: [domain, operator] }),
        client.readContract({ ...ledger, functionName: "countedOf", args: [domain, operator, modelHash] }),
      ]);
      return { before, counted };
    },

    async headAt(domain: number, modelHash: Hex, count: number): Promise<Hex> {
      const args = [domain, modelHash, BigInt(count)] as const;
      return client.readContract({ ...ledger, functionName: "headAt", args });
    },

    /** What a post made now would build on, one whose window is over included, and the version of its rule. */
    async nextBasis(domain: number, operator: Address): Promise<Basis & { readonly version: number }> {
      const args = [domain, operator] as const;
      const [before, counted, version] = await client.readContract({
        ...ledger,
        functionName: "basisOf",
        args,
      });
      return { before, counted, version };
    },

    async ruleOf(domain: number, version: number): Promise<Rule> {
      return client.readContract({ ...ledger, functionName: "ruleOf", args: [domain, version] });
    },

    /** wei of WORK under which a post stands. */
    async bond(): Promise<bigint> {
      bond ??= await client.readContract({ ...ledger, functionName: "BOND" });
      return bond;
    },
  };
}
