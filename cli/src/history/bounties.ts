import { fixedPoint, rewards } from "@assay/keeper";
import type { Address } from "viem";

import type { EventNamed } from "./events.ts";

/** Replays what rewards of reclassified operators leave to whoever reported them. */
export interface Bounties {
  promise(said: EventNamed<"BountyPromised">["args"]): void;
  /** The operator was moved back. */
  end(owner: Address): void;
  /** Takes its part of what is minted for an epoch; wei */
  take(owner: Address, epoch: bigint, minted: bigint): bigint;
}

export function createBounties(): Bounties {
  const bounties = new Map<Address, rewards.Bounty>();
  return {
    promise({ owner, from, until, cap }) {
      bounties.set(owner, { from, until, left: cap });
    },
    end(owner) {
      bounties.delete(owner);
    },
    take(owner, epoch, minted) {
      const bounty = bounties.get(owner);
      if (bounty === undefined) return 0n;
      const part = rewards.reporterPart(bounty, epoch, minted);
      bounties.set(owner, { ...bounty, left: bounty.left - part });
      return part * fixedPoint.GWEI;
    },
  };
}
