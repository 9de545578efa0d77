import { setImmediate as turn } from "node:timers/promises";

import type { Address, Hex } from "viem";

import type { PerformanceReads, Post } from "../chain/performanceReads.ts";
import type { ChainReads } from "../chain/reads.ts";
import type { Logger } from "../lib/logger.ts";
import { link, standing, type Entry } from "../mirror/performanceMath.ts";

/** The head of a chain without receipts. */
export const NO_RECEIPTS: Hex = `0x${"0".repeat(64)}`;

/** The receipts of a model in their order, and the head of their chain after each. */
export interface ReceiptChain {
  readonly entries: readonly Entry[];
  readonly heads: readonly Hex[];
}

/** The receipts of a domain, by model. In memory: after a start the events are read again. */
export interface ReceiptLog {
  /** The receipts up to a count, all of them unless told; undefined, and a warning, if the ledger knows others. */
  upTo(model: Hex, count?: number): Promise<ReceiptChain | undefined>;
  /** Whether a post says what a challenge would find; undefined if that cannot be told now. */
  isTrue(operator: Address, post: Post): Promise<boolean | undefined>;
}

/** Receipts that are linked in one go: hashing is slow, and others wait. */
const AT_ONCE = 1_000;

export function createReceiptLog(
  domain: number,
  reads: Pick<ChainReads, "head">,
  performance: PerformanceReads,
  startBlock: bigint,
  log: Logger,
): ReceiptLog {
  /** `done`: block up to which it was read. */
  const chains = new Map<Hex, { entries: Entry[]; heads: Hex[]; done: bigint | undefined }>();

  const read = async (model: Hex): Promise<ReceiptChain> => {
    const chain = chains.get(model) ?? { entries: [], heads: [], done: undefined };
    chains.set(model, chain);
    const { number } = await reads.head();
    // An endpoint that lags behind the last one: what is known is newer.
    if (chain.done !== undefined && number <= chain.done) return chain;
    const from = chain.done === undefined ? startBlock : chain.done + 1n;
    for (const { entry, count } of await performance.receipts(domain, model, from, number)) {
      // A reorganisation, or an endpoint that leaves something out: begin anew with the next look.
      if (count !== chain.entries.length + 1) {
        chains.delete(model);
        throw new Error(`receipt ${count} of model ${model} follows receipt ${chain.entries.length}`);
      }
      chain.entries.push(entry);
      chain.heads.push(link(chain.heads.at(-1) ?? NO_RECEIPTS, entry));
      if (count % AT_ONCE === 0) await turn();
    }
    chain.done = number;
    return chain;
  };

  const upTo = async (model: Hex, wanted?: number): Promise<ReceiptChain | undefined> => {
    const { entries, heads } = await read(model);
    const count = wanted ?? entries.length;
    if (count === 0) return { entries: [], heads: [] };
    if (heads[count - 1] !== (await performance.headAt(domain, model, count))) {
      chains.delete(model);
      log.warn("the receipts read are not those of the ledger", { domain, model, count });
      return undefined;
    }
    return { entries: entries.slice(0, count), heads: heads.slice(0, count) };
  };

  return {
    upTo,
    async isTrue(operator, { modelHash, count, version, metrics }) {
      const chain = await upTo(modelHash, count);
      if (chain === undefined) return undefined;
      const basis = await performance.basisOf(domain, operator, modelHash);
      const rule = await performance.ruleOf(domain, version);
      const { fresh, ...found } = standing(chain.entries, operator, basis, rule);
      const fields = ["speed", "forward", "backward", "response", "reputation"] as const;
      return fresh > 0 && fields.every((field) => found[field] === metrics[field]);
    },
  };
}
