import { reputationMath } from "@assay/keeper";
import type { Address } from "viem";

import type { Check } from "./check.ts";

/** What waits to be replayed for one operator, and R without it. */
export interface Tape {
  /** WAD */
  readonly reputation: bigint;
  /** two bits an outcome, the oldest lowest */
  readonly tape: bigint;
  readonly length: bigint;
  /** R when the newest outcome was recorded, before a full tape was folded for it; WAD */
  readonly atLastOutcome: bigint;
}

/** A tape that was replayed on the chain, and what the mirror says about it. */
export interface Replayed {
  readonly owner: Address;
  readonly version: number;
  readonly checks: readonly Check[];
}

/** What `ReputationChanged` says. */
export interface SaidReplay {
  readonly version: number;
  readonly length: bigint;
  readonly before: bigint;
  readonly reputation: bigint;
  /** Whether the ledger made room for an outcome that follows at once. */
  readonly isFold: boolean;
}

/** Replays the outcome tapes of a domain. */
export interface Tapes {
  record(owner: Address, outcomes: bigint, count: bigint): void;
  /** A tape was posted, or folded because it was full. */
  replay(owner: Address, said: SaidReplay): Replayed;
  of(owner: Address): Tape;
  owners(): Address[];
}

const FRESH: Tape = {
  reputation: reputationMath.START,
  tape: 0n,
  length: 0n,
  atLastOutcome: reputationMath.START,
};

/** @param ruleOf the reputation rule of a version */
export function createTapes(ruleOf: (version: number) => reputationMath.Rule): Tapes {
  const tapes = new Map<Address, Tape>();
  /** R before a fold, until the outcome the fold made room for. */
  const folding = new Map<Address, bigint>();
  const of = (owner: Address): Tape => tapes.get(owner) ?? FRESH;

  return {
    of,
    owners: () => [...tapes.keys()],
    record(owner, outcomes, count) {
      const old = of(owner);
      tapes.set(owner, {
        reputation: old.reputation,
        tape: old.tape | (outcomes << (2n * old.length)),
        length: old.length + count,
        atLastOutcome: folding.get(owner) ?? old.reputation,
      });
      folding.delete(owner);
    },
    replay(owner, said) {
      const old = of(owner);
      const computed = reputationMath.replay(old.reputation, old.tape, old.length, ruleOf(said.version));
      tapes.set(owner, { ...old, reputation: computed, tape: 0n, length: 0n });
      if (said.isFold) folding.set(owner, old.reputation);
      return {
        owner,
        version: said.version,
        checks: [
          { what: "outcomes on the tape", computed: old.length, chain: said.length },
          { what: "R before", computed: old.reputation, chain: said.before },
          { what: "R after", computed, chain: said.reputation },
        ],
      };
    },
  };
}
