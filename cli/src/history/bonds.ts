import { fixedPoint, type BondState } from "@assay/keeper";
import type { Address, Hex } from "viem";

import type { Check } from "./check.ts";
import type { EventNamed } from "./events.ts";

/** The bond of an appeal, and who put it up; all in wei of WORK. */
export interface Bond {
  state: BondState;
  readonly parts: Map<Address, bigint>;
  /** What overturned seats gave its funders. */
  reward: bigint;
  readonly claimed: Map<Address, bigint>;
}

/** What a charge became, recomputed beside what the event says. */
export interface Award {
  readonly reward: bigint;
  readonly checks: readonly Check[];
}

/** Replays the bonds of appeals: Appeals without its tokens. */
export interface Bonds {
  of(roundId: Hex): Bond;
  fund(said: EventNamed<"Funded">["args"]): void;
  withdraw(said: EventNamed<"FundingWithdrawn">["args"]): void;
  /** What a funder takes back and is paid beside what the event says. Mirrors `Appeals.claim` */
  claim(said: EventNamed<"Claimed">["args"]): Check;
  /** @param amount wei taken from a seat. Mirrors `Appeals.award` */
  award(said: EventNamed<"Awarded">["args"], amount: bigint): Award;
}

export function fundedOf({ parts }: Bond): bigint {
  return [...parts.values()].reduce((sum, part) => sum + part, 0n);
}

export function createBonds(): Bonds {
  const bonds = new Map<Hex, Bond>();
  const of = (roundId: Hex): Bond => {
    const known = bonds.get(roundId);
    if (known !== undefined) return known;
    const bond: Bond = { state: "FUNDING", parts: new Map(), reward: 0n, claimed: new Map() };
    bonds.set(roundId, bond);
    return bond;
  };
  return {
    of,
    fund({ roundId, funder, amount }) {
      const { parts } = of(roundId);
      parts.set(funder, (parts.get(funder) ?? 0n) + amount);
    },
    withdraw({ roundId, funder }) {
      of(roundId).parts.delete(funder);
    },
    claim({ roundId, funder, amount }) {
      const bond = of(roundId);
      const part = bond.parts.get(funder) ?? 0n;
      const before = bond.claimed.get(funder) ?? 0n;
      const computed = part + (part * bond.reward) / fundedOf(bond) - before;
      bond.claimed.set(funder, before + amount);
      return { what: "claimed of the bond", computed, chain: amount };
    },
    award({ roundId, reward: said, burned }, amount) {
      const bond = of(roundId);
      const reward = fixedPoint.min(amount / 2n, fundedOf(bond) - bond.reward);
      bond.reward += reward;
      return {
        reward,
        checks: [
          { what: "reward of the appeal", computed: reward, chain: said },
          { what: "burned of the charge", computed: amount - reward, chain: burned },
        ],
      };
    },
  };
}
