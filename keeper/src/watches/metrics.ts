import { isAddressEqual, type Address } from "viem";

import type { PerformanceReads, Post } from "../chain/performanceReads.ts";
import { standing, WINDOW } from "../mirror/performanceMath.ts";
import type { WatchDeps } from "./deps.ts";
import { createReceiptLog, NO_RECEIPTS } from "./receiptLog.ts";
import type { Chance, Watch } from "./watch.ts";

/**
 * Recomputes every posted metric that can still be challenged, and challenges what differs, for half of the poster's bond.
 * The sender allows the ledger nothing: should a post be true after all, the challenge is refused and costs gas only.
 */
export function createMetricsWatch(deps: WatchDeps, performance: PerformanceReads, ledger: Address): Watch {
  const { domain, sender, reads, calls, startBlock, log } = deps;
  const receipts = createReceiptLog(domain, reads, performance, startBlock);
  const checked = new Set<string>();

  /** A challenge if the post is false; undefined if it is true, or cannot be told now. */
  const inspect = async (operator: Address, post: Post): Promise<Chance | "true" | undefined> => {
    const { modelHash, count, id, poster, metrics } = post;
    const { entries, heads } = await receipts.of(modelHash);
    if (heads[count - 1] !== (await performance.headAt(domain, modelHash, count))) {
      receipts.forget(modelHash);
      log.warn("the receipts read are not those of the ledger", { operator, modelHash, count });
      return undefined;
    }
    const basis = await performance.basisOf(domain, operator, modelHash);
    const rule = await performance.ruleOf(domain, post.version);
    const { fresh, ...found } = standing(entries.slice(0, count), operator, basis, rule);
    const fields = ["speed", "forward", "backward", "response", "reputation"] as const;
    if (fresh > 0 && fields.every((field) => found[field] === metrics[field])) return "true";
    const first = Math.max(0, count - WINDOW);
    const base = heads[first - 1] ?? NO_RECEIPTS;
    return {
      act: `${operator} ${id}`,
      call: calls.challengeMetrics(ledger, domain, operator, id, base, entries.slice(first, count)),
      gain: (await performance.bond()) / 2n,
      data: { operator, poster, post: id },
    };
  };

  return {
    name: "metrics",
    async look(now) {
      const chances: Chance[] = [];
      for (const operator of await performance.posted(domain, now)) {
        const post = await performance.postOf(domain, operator);
        const isOpen = BigInt(post.poster) !== 0n && now < post.openUntil;
        const key = `${operator} ${post.id}`;
        if (!isOpen || isAddressEqual(post.poster, sender) || checked.has(key)) continue;
        const chance = await inspect(operator, post);
        if (chance === "true") checked.add(key);
        else if (chance !== undefined) chances.push(chance);
      }
      return chances;
    },
  };
}
