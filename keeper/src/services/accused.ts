import { CASE_OPEN, CASE_RECLASSIFIED, type CloneReads, type Pair } from "../chain/cloneReads.ts";
import type { ServiceDeps } from "./deps.ts";

/** Blocks read again with each look: a reorganisation no deeper loses nothing. */
const LOOK_BACK = 64n;

/** Tells the operator when it is reported as a clone, while there is time to reply, and what became of it. */
export interface Accused {
  /** Looks at the chain, at most once in `lookMs`. */
  look(): Promise<void>;
}

/**
 * Warns of every case against the own operator; of those still open, after each start again.
 *
 * @param lookMs milliseconds between two looks
 */
export function createAccused(
  {
    me,
    reads,
    log,
  }: Pick<ServiceDeps, "reads" | "log"> & { readonly me: Pick<ServiceDeps["me"], "domain" | "owner"> },
  clones: CloneReads,
  { startBlock, lookMs }: { readonly startBlock: bigint; readonly lookMs: number },
): Accused {
  const pairs = new Map<string, Pair>();
  /** Numbers of the cases told of, by the later one's accuser, as long as they are open. */
  const told = new Map<string, bigint>();
  let until: bigint | undefined;
  let lookedAt = -Infinity;

  const tell = async (pair: Pair): Promise<void> => {
    const { earlier } = pair;
    const { status, number, reporter, openUntil } = await clones.caseOf(me.domain.id, pair);
    const open = told.get(earlier);
    if (status === CASE_OPEN) {
      if (open === number) return;
      told.set(earlier, number);
      log.warn("the operator was reported as a clone: reply before the window is over", {
        earlier,
        reporter,
        openUntil: new Date(openUntil * 1_000).toISOString(),
        see: `assay clones status ${me.owner}`,
      });
      return;
    }
    pairs.delete(earlier);
    if (open === undefined) return;
    told.delete(earlier);
    if (status === CASE_RECLASSIFIED)
      log.warn("the operator counts as a clone from the next epoch on, in the family of the earlier one", {
        earlier,
        see: `assay clones status ${me.owner}`,
      });
    else log.info("the report of the operator as a clone was dismissed", { earlier });
  };

  return {
    async look() {
      if (Date.now() < lookedAt + lookMs) return;
      const { number } = await reads.head();
      const from = until === undefined || until - LOOK_BACK < startBlock ? startBlock : until - LOOK_BACK;
      for (const pair of await clones.accusing(me.domain.id, me.owner, from, number))
        pairs.set(pair.earlier, pair);
      until = number;
      for (const pair of [...pairs.values()]) await tell(pair);
      lookedAt = Date.now();
    },
  };
}
