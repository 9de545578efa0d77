import { isAddressEqual, type Address } from "viem";

import { min } from "../mirror/fixedPoint.ts";
import { replay } from "../mirror/reputationMath.ts";
import { epochAt, type WatchDeps } from "./deps.ts";
import type { Watch } from "./watch.ts";

/** Reputations in one post. Mirrors `ReputationLedger.MAX_POSTS`. */
const MAX_POSTS = 64;

/** Reputations of others that nobody posted; who posts gets a bounty for each, as far as the epoch's burn reaches. */
export function createTapes(
  { domain, owner: me, reads, watchReads, calls, roster, clock }: WatchDeps,
  { minOutcomes }: { /** outcomes a tape must hold */ readonly minOutcomes: number },
): Watch {
  return {
    name: "tapes",
    async look(now) {
      const due: { owner: Address; tape: bigint; length: number }[] = [];
      for (const owner of await roster()) {
        // One's own is posted with the books.
        if (me !== undefined && isAddressEqual(owner, me)) continue;
        const { tape, length } = await reads.recordOf(domain, owner);
        if (length >= minOutcomes) due.push({ owner, tape, length });
      }
      if (due.length === 0) return [];
      const { each, available } = await watchReads.postBounty(domain, epochAt(clock, now));
      const rule = await reads.reputationRule(domain);
      // The fullest first: they wait the longest.
      const batch = due.toSorted((a, b) => b.length - a.length).slice(0, MAX_POSTS);
      const entries = [];
      for (const { owner, tape, length } of batch) {
        const before = await reads.reputationOf(domain, owner);
        entries.push({ owner, reputation: replay(before, tape, BigInt(length), rule) });
      }
      return [
        {
          act: batch.map(({ owner, tape, length }) => `${owner} ${length} ${tape}`).join(" "),
          call: calls.post(domain, entries),
          gain: min(each * BigInt(entries.length), available),
          data: { owners: batch.map(({ owner }) => owner) },
        },
      ];
    },
  };
}
