import { assayAbi, cloneRegistryAbi, stakeVaultAbi } from "@assay/published";
import type { Address, Hex } from "viem";

import type { Contracts } from "./addresses.ts";
import type { Reader } from "./client.ts";
import { inPieces } from "./pieces.ts";

/** `ICloneRegistry.Status`. */
export const CASE_NONE = 0;
export const CASE_OPEN = 1;
export const CASE_RECLASSIFIED = 2;

/** A pair of operators, by their order of registration. */
export interface Pair {
  readonly earlier: Address;
  readonly later: Address;
}

export type CloneReads = ReturnType<typeof createCloneReads>;

/** What a watch over clones asks of the registry and of the votes. */
export function createCloneReads(
  client: Reader,
  at: Pick<Contracts, "Assay" | "StakeVault"> & { readonly CloneRegistry: Address },
  blockRange: bigint,
) {
  const registry = { address: at.CloneRegistry, abi: cloneRegistryAbi } as const;
  const vault = { address: at.StakeVault, abi: stakeVaultAbi } as const;
  let bond: bigint | undefined;

  return {
    async ruleOf(domain: number) {
      return client.readContract({ ...registry, functionName: "ruleOf", args: [domain] });
    },

    async caseOf(domain: number, { earlier, later }: Pair) {
      return client.readContract({ ...registry, functionName: "caseOf", args: [domain, earlier, later] });
    },

    /** Requests before this epoch are no evidence against the pair any more. */
    async firstEpochOf(domain: number, { earlier, later }: Pair): Promise<bigint> {
      const args = [domain, earlier, later] as const;
      return client.readContract({ ...registry, functionName: "firstEpochOf", args });
    },

    /** Whether a request is in evidence of a case. */
    async isEvidence(number: bigint, requestId: Hex): Promise<boolean> {
      return client.readContract({ ...registry, functionName: "isEvidence", args: [number, requestId] });
    },

    /** wei of WORK a report deposits. */
    async bond(): Promise<bigint> {
      bond ??= await client.readContract({ ...registry, functionName: "BOND" });
      return bond;
    },

    /** Number of an operator's last registration; the smaller one registered earlier. */
    async serialOf(domain: number, owner: Address): Promise<bigint> {
      const args = [domain, owner] as const;
      return (await client.readContract({ ...vault, functionName: "originOf", args })).serial;
    },

    /** Pairs that somebody reported in a range of blocks. */
    async reportedBy(domain: number, reporter: Address, from: bigint, to: bigint): Promise<Pair[]> {
      const logs = await inPieces(from, to, blockRange, (range) =>
        client.getContractEvents({
          ...registry,
          eventName: "CloneReported",
          args: { domain },
          strict: true,
          ...range,
        }),
      );
      return logs
        .filter(({ args }) => args.reporter.toLowerCase() === reporter.toLowerCase())
        .map(({ args: { earlier, later } }) => ({ earlier, later }));
    },

    /** Pairs in whose reports an operator was the accused, the later one, in a range of blocks. */
    async accusing(domain: number, later: Address, from: bigint, to: bigint): Promise<Pair[]> {
      const logs = await inPieces(from, to, blockRange, (range) =>
        client.getContractEvents({
          ...registry,
          eventName: "CloneReported",
          args: { domain, later },
          strict: true,
          ...range,
        }),
      );
      return logs.map(({ args }) => ({ earlier: args.earlier, later: args.later }));
    },

    /** Lane sums of a round. */
    async lanesOf(roundId: Hex): Promise<readonly bigint[]> {
      return client.readContract({
        address: at.Assay,
        abi: assayAbi,
        functionName: "lanesOf",
        args: [roundId],
      });
    },
  };
}
