import { isAddressEqual, type Address, type Hex } from "viem";

import type { PerformanceReads, Post } from "../chain/performanceReads.ts";
import { zeroFloorSub } from "../mirror/fixedPoint.ts";
import { link, measure, reputation, WINDOW, type Entry } from "../mirror/performanceMath.ts";
import type { WatchDeps } from "./deps.ts";
import type { Chance, Watch } from "./watch.ts";

const ZERO: Hex = `0x${"0".repeat(64)}`;

/** The chain of a model's receipts, with its head after each. */
interface Chain {
  readonly entries: Entry[];
  readonly heads: Hex[];
  /** Block up to which it was read. */
  done: bigint | undefined;
}

/**
 * Recomputes every posted metric that can still be challenged, and challenges what differs, for half of the poster's bond.
 * The sender allows the ledger nothing: should a post be true after all, the challenge is refused and costs gas only.
 */
export function createMetricsWatch(deps: WatchDeps, performance: PerformanceReads, ledger: Address): Watch {
  const { domain, sender, reads, calls, startBlock, log } = deps;
  const chains = new Map<Hex, Chain>();
  const checked = new Set<string>();

  const chainOf = async (model: Hex): Promise<Chain> => {
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
      chain.heads.push(link(chain.heads.at(-1) ?? ZERO, entry));
    }
    chain.done = number;
    return chain;
  };

  const inspect = async (operator: Address, post: Post): Promise<Chance | undefined> => {
    const { modelHash, count, id, poster } = post;
    const { entries, heads } = await chainOf(modelHash);
    const head = await performance.headAt(domain, modelHash, count);
    if (heads[count - 1] !== head) {
      chains.delete(modelHash);
      log.warn("the receipts read are not those of the ledger", { operator, modelHash, count });
      return undefined;
    }
    const length = Math.min(count, WINDOW);
    const window = entries.slice(count - length, count);
    const { before, counted } = await performance.basisOf(domain, operator, modelHash);
    const stale = Number(zeroFloorSub(counted, BigInt(count - length)));
    const found = measure(window, operator, stale);
    const isTrue =
      found.fresh !== 0n &&
      found.speed === post.metrics.speed &&
      found.forward === post.metrics.forward &&
      found.backward === post.metrics.backward &&
      found.response === post.metrics.response &&
      reputation(before, found, await performance.ruleOf(domain, post.version)) === post.metrics.reputation;
    if (isTrue) return undefined;
    const base = count === length ? ZERO : (heads[count - length - 1] ?? ZERO);
    return {
      act: `${operator} ${id}`,
      call: calls.challengeMetrics(ledger, domain, operator, id, base, window),
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
        if (chance !== undefined) chances.push(chance);
        else if (chains.has(post.modelHash)) checked.add(key);
      }
      return chances;
    },
  };
}
