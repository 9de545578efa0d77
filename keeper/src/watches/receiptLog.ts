import type { Hex } from "viem";

import type { PerformanceReads } from "../chain/performanceReads.ts";
import type { ChainReads } from "../chain/reads.ts";
import { link, type Entry } from "../mirror/performanceMath.ts";

/** The head of a chain without receipts. */
export const NO_RECEIPTS: Hex = `0x${"0".repeat(64)}`;

/** The receipts of a model in their order, and the head of their chain after each. */
export interface ReceiptChain {
  readonly entries: readonly Entry[];
  readonly heads: readonly Hex[];
}

/** The receipts of a domain, by model. In memory: after a start the events are read again. */
export interface ReceiptLog {
  of(model: Hex): Promise<ReceiptChain>;
  /** Reads the model's receipts anew with the next look. */
  forget(model: Hex): void;
}

export function createReceiptLog(
  domain: number,
  reads: Pick<ChainReads, "head">,
  performance: Pick<PerformanceReads, "receipts">,
  startBlock: bigint,
): ReceiptLog {
  /** `done`: block up to which it was read. */
  const chains = new Map<Hex, { entries: Entry[]; heads: Hex[]; done: bigint | undefined }>();
  return {
    async of(model) {
      const chain = chains.get(model) ?? { entries: [], heads: [], done: undefined };
      chains.set(model, chain);
      const { number } = await reads.head();
      const from = chain.done === undefined ? startBlock : chain.done + 1n;
      for (const { entry, count } of await performance.receipts(domain, model, from, number)) {
        // A reorganisation, or an endpoint that leaves something out: begin anew with the next look.
        if (count !== chain.entries.length + 1) {
          chains.delete(model);
          throw new Error(`receipt ${count} of model ${model} follows receipt ${chain.entries.length}`);
        }
        chain.entries.push(entry);
        chain.heads.push(link(chain.heads.at(-1) ?? NO_RECEIPTS, entry));
      }
      chain.done = number;
      return chain;
    },
    forget: (model) => void chains.delete(model),
  };
}
