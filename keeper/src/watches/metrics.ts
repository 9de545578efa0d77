import { isAddressEqual, type Address } from "viem";

import type { PerformanceReads, Post } from "../chain/performanceReads.ts";
import { WINDOW } from "../mirror/performanceMath.ts";
import type { WatchDeps } from "./deps.ts";
import { createReceiptLog, NO_RECEIPTS } from "./receiptLog.ts";
import type { Chance, Watch } from "./watch.ts";

/**
 * Recomputes every posted metric that can still be challenged, and challenges what differs, for half of the poster's bond.
 * Only while the sender allows the ledger nothing: should a post be true after all, the challenge is refused and costs gas
 * only.
 */
export function createMetricsWatch(deps: WatchDeps, performance: PerformanceReads, ledger: Address): Watch {
  const { domain, sender, reads, watchReads, calls, startBlock, log } = deps;
  const receipts = createReceiptLog(domain, reads, performance, startBlock, log);
  const checked = new Set<string>();
  let isTold = false;

  /** Whether this key could lose by a challenge that is wrong; told once. */
  const isExposed = async (): Promise<boolean> => {
    const { allowed } = await watchReads.workOf(sender, ledger);
    if (allowed > 0n && !isTold)
      log.warn(
        "the ledger may take WORK of the watch's key, which challenges nothing as long as that is so",
        {
          watch: "metrics",
          ledger,
          allowed,
        },
      );
    isTold = allowed > 0n;
    return isTold;
  };

  const challenge = async (operator: Address, post: Post): Promise<Chance | undefined> => {
    const { modelHash, count, id, poster } = post;
    const chain = await receipts.upTo(modelHash, count);
    if (chain === undefined || (await isExposed())) return undefined;
    const first = Math.max(0, count - WINDOW);
    const base = chain.heads[first - 1] ?? NO_RECEIPTS;
    return {
      act: `${operator} ${id}`,
      call: calls.challengeMetrics(ledger, domain, operator, id, base, chain.entries.slice(first)),
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
        const isTrue = await receipts.isTrue(operator, post);
        if (isTrue === true) checked.add(key);
        const chance = isTrue === false ? await challenge(operator, post) : undefined;
        if (chance !== undefined) chances.push(chance);
      }
      return chances;
    },
  };
}
