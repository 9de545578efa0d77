import type { Address } from "viem";

import { due, type Account } from "../mirror/rewards.ts";
import { BOUNTY_DIVISOR } from "./absences.ts";
import { epochAt, type WatchDeps } from "./deps.ts";
import type { Chance, Watch } from "./watch.ts";

/** Accounts in one call. Mirrors `RewardMinter.MAX_OWNERS`. */
const MAX_OWNERS = 64;
/** Past epochs that are looked through. */
const EPOCHS_BACK = 8;

/** Accounts in debt; who distributes them gets a twentieth of what is charged. */
export function createDebts(
  { domain, reads, calls, clock, startBlock }: WatchDeps,
  { patience }: { /** seconds an epoch is left to those who keep its books */ readonly patience: number },
): Watch {
  /** Owners with a debt, by epoch; an epoch that is over gets no new account. */
  const debtors = new Map<number, Address[]>();

  const accountsOf = async (epoch: number): Promise<Address[]> => {
    const begin = clock.genesis + epoch * clock.epochLength;
    const from = await reads.blockAt(begin, startBlock);
    const end = await reads.blockAt(begin + clock.epochLength, from);
    return end > from ? reads.accountsOpened(domain, epoch, from, end - 1n) : [];
  };

  const inEpoch = async (epoch: number): Promise<Chance[]> => {
    const known = debtors.get(epoch);
    if (known?.length === 0) return [];
    const terms = await reads.epochTermsOf(domain, epoch);
    const rules = {
      points: terms.points,
      maturity: BigInt(terms.maturity),
      mintRatio: BigInt(terms.mintRatio),
      mintCap: BigInt(terms.mintCap),
      penaltyRatio: BigInt(terms.penaltyRatio),
      share: BigInt(terms.share),
    };
    const owing: { owner: Address; bounty: bigint }[] = [];
    for (const owner of known ?? (terms.open ? await accountsOf(epoch) : [])) {
      const { score, releasable, served, factor, scored } = await reads.accountOf(domain, epoch, owner);
      const account: Account = {
        score,
        releasable: BigInt(releasable),
        served: BigInt(served),
        factor: BigInt(factor),
        scored: BigInt(scored),
      };
      // Closed, or carried over until it is mature.
      if (account.factor === 0n || account.scored < rules.maturity || score >= 0n) continue;
      owing.push({ owner, bounty: due(account, rules) / BOUNTY_DIVISOR });
    }
    debtors.set(
      epoch,
      owing.map(({ owner }) => owner),
    );
    const chances: Chance[] = [];
    for (let i = 0; i < owing.length; i += MAX_OWNERS) {
      const batch = owing.slice(i, i + MAX_OWNERS);
      const owners = batch.map(({ owner }) => owner);
      chances.push({
        act: `${epoch} ${owners.toSorted().join(" ")}`,
        call: calls.distribute(domain, epoch, owners),
        gain: batch.reduce((sum, { bounty }) => sum + bounty, 0n),
        data: { epoch, owners },
      });
    }
    return chances;
  };

  return {
    name: "debts",
    async look(now) {
      const newest = epochAt(clock, now - patience) - 1;
      const chances: Chance[] = [];
      for (let epoch = Math.max(0, newest - EPOCHS_BACK + 1); epoch <= newest; epoch++)
        chances.push(...(await inEpoch(epoch)));
      for (const epoch of debtors.keys()) if (epoch <= newest - EPOCHS_BACK) debtors.delete(epoch);
      return chances;
    },
  };
}
