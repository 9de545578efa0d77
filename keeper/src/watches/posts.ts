import { isAddressEqual, type Address, type Hex } from "viem";

import type { PerformanceReads } from "../chain/performanceReads.ts";
import { standing } from "../mirror/performanceMath.ts";
import type { WatchDeps } from "./deps.ts";
import { createReceiptLog } from "./receiptLog.ts";
import type { Chance, Watch } from "./watch.ts";

/** Gas of one post, generously: see docs/gas.md, postMetrics. */
const POST_GAS = 400_000n;
const DAY = 86_400;

/**
 * Posts S, F, B, I and R_r of the own operator as its newest receipts give them, under a bond, and takes the bond back once
 * nobody can challenge the post any more. Nobody pays for it: requesters see it when they choose whom to ask. Stops for good
 * should such a post be refuted: then it and the ledger disagree, and every further one would cost a bond.
 *
 * @param owner the own operator
 * @param receipts its receipts since the last post that are worth another
 */
export function createPosts(
  { domain, sender, reads, calls, startBlock, log }: WatchDeps,
  owner: Address,
  performance: PerformanceReads,
  ledger: Address,
  { receipts }: { readonly receipts: number },
): Watch {
  const receiptLog = createReceiptLog(domain, reads, performance, startBlock, log);
  const told = new Set<number>();
  /** The own post that was seen waiting. */
  let mine: { readonly model: Hex; readonly count: number } | undefined;
  let isRefuted = false;

  /** A post of what the receipts say now, if there are enough new ones. */
  const due = async (): Promise<Chance | undefined> => {
    const model = await reads.modelHashOf(domain, owner);
    const chain = await receiptLog.upTo(model);
    const head = chain?.heads.at(-1);
    if (chain === undefined || head === undefined) return undefined;
    const { version, ...basis } = await performance.nextBasis(domain, owner);
    const own = chain.entries
      .slice(Number(basis.counted))
      .filter(({ receipt }) => isAddressEqual(receipt.operator, owner)).length;
    const rule = await performance.ruleOf(domain, version);
    const { fresh, ...metrics } = standing(chain.entries, owner, basis, rule);
    // Others of the same model may have pushed them out of the window: such a post would be false.
    if (own < receipts || fresh === 0) return undefined;
    const count = chain.entries.length;
    const entry = { operator: owner, before: basis.before, counted: basis.counted, metrics };
    return {
      act: `post ${ledger} ${domain} ${model} ${count}`,
      call: calls.postMetrics(ledger, domain, model, version, count, head, [entry]),
      gain: undefined,
      bond: { spender: ledger, amount: await performance.bond(), gas: POST_GAS },
      data: { model, receipts: count, fresh, reputation: metrics.reputation },
    };
  };

  return {
    name: "posts",
    async look(now) {
      if (isRefuted) return [];
      const post = await performance.postOf(domain, owner);
      const { id, poster, modelHash, count } = post;
      const isThere = BigInt(poster) !== 0n;
      const isMine = isThere && isAddressEqual(poster, sender);
      if (mine !== undefined && !isMine) {
        const { counted } = await performance.basisOf(domain, owner, mine.model);
        isRefuted = counted < BigInt(mine.count);
        if (isRefuted) {
          log.error("an own post was refuted, and nothing is posted any more", { watch: "posts", ...mine });
          return [];
        }
      }
      mine = isMine ? { model: modelHash, count } : undefined;
      if (isThere && now < post.openUntil) {
        if (!isMine && !told.has(id) && (await receiptLog.isTrue(owner, post)) === false) {
          told.add(id);
          log.warn("somebody posted false metrics of the own operator", { watch: "posts", poster, post: id });
        }
        return [];
      }
      if (isMine) {
        // First, so that one bond is enough for ever.
        const act = `accept ${ledger} ${domain} ${id} ${Math.floor(now / DAY)}`;
        const call = calls.withdrawBond(ledger, domain, owner);
        return [{ act, call, gain: undefined, data: { post: id } }];
      }
      // One of somebody else whose window is over is accepted with the next one.
      const chance = await due();
      return chance === undefined ? [] : [chance];
    },
  };
}
