import type { Address } from "viem";

import type { PerformanceReads } from "../chain/performanceReads.ts";
import { standing } from "../mirror/performanceMath.ts";
import type { WatchDeps } from "./deps.ts";
import { createReceiptLog } from "./receiptLog.ts";
import type { Watch } from "./watch.ts";

/** Gas of one post, generously: see docs/gas.md, postMetrics. */
const POST_GAS = 400_000n;

/**
 * Posts S, F, B, I and R_r of the own operator as its newest receipts give them, under a bond, and takes the bond back once
 * nobody can challenge the post any more. Nobody pays for it: requesters see it when they choose whom to ask.
 *
 * @param owner the own operator
 * @param receipts new receipts that are worth a post
 */
export function createPosts(
  { domain, reads, calls, startBlock, log }: WatchDeps,
  owner: Address,
  performance: PerformanceReads,
  ledger: Address,
  { receipts }: { readonly receipts: number },
): Watch {
  const receiptLog = createReceiptLog(domain, reads, performance, startBlock);
  return {
    name: "posts",
    async look(now) {
      const post = await performance.postOf(domain, owner);
      if (BigInt(post.poster) !== 0n) {
        // Whoever posted: only then does the next one have something to build on.
        if (now < post.openUntil) return [];
        const call = calls.withdrawBond(ledger, domain, owner);
        return [{ act: `accept ${post.id}`, call, gain: undefined, data: { post: post.id } }];
      }
      const model = await reads.modelHashOf(domain, owner);
      const { entries, heads } = await receiptLog.of(model);
      const count = entries.length;
      const head = heads.at(-1);
      if (head === undefined) return [];
      const [basis, version] = await Promise.all([
        performance.basisOf(domain, owner, model),
        performance.version(domain),
      ]);
      if (head !== (await performance.headAt(domain, model, count))) {
        receiptLog.forget(model);
        log.warn("the receipts read are not those of the ledger", { watch: "posts", model, count });
        return [];
      }
      const { fresh, ...metrics } = standing(
        entries,
        owner,
        basis,
        await performance.ruleOf(domain, version),
      );
      if (fresh < receipts) return [];
      const entry = { operator: owner, ...basis, metrics };
      return [
        {
          act: `post ${model} ${count}`,
          call: calls.postMetrics(ledger, domain, model, version, count, head, [entry]),
          gain: undefined,
          bond: { spender: ledger, amount: await performance.bond(), gas: POST_GAS },
          data: { model, receipts: count, fresh, reputation: metrics.reputation },
        },
      ];
    },
  };
}
