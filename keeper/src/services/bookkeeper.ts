import type { Address } from "viem";

import { RefusedError } from "../chain/sender.ts";
import { replay } from "../mirror/reputationMath.ts";
import type { ServiceDeps } from "./deps.ts";
import { turnDelay } from "./turn.ts";

export type Bookkeeper = {
  /** Posts the own tape and closes the accounts of past epochs, when it is this keeper's turn in the epoch. */
  keepBooks(now: number): Promise<void>;
};

export interface BookkeeperOptions {
  /** Outcomes a tape must hold before it is posted. */
  readonly minOutcomes: number;
  /** Unix seconds, and seconds. */
  readonly clock: { readonly genesis: number; readonly epochLength: number };
  /** First block whose events matter. */
  readonly startBlock: bigint;
}

/** Accounts closed in one transaction; the contract takes at most 64. */
const DISTRIBUTE_BATCH = 64;

/** Reputation, rewards and debts. Everything due is read from the chain, so restarts do not matter. */
export function createBookkeeper(
  { me, reads, writes, log }: ServiceDeps,
  { minOutcomes, clock, startBlock }: BookkeeperOptions,
): Bookkeeper {
  const domain = me.domain.id;
  let closedUntil = 0;

  const post = async (): Promise<void> => {
    const record = await reads.recordOf(domain, me.owner);
    if (record.length < minOutcomes) return;
    const before = await reads.reputationOf(domain, me.owner);
    const reputation = replay(before, record.tape, BigInt(record.length), await reads.reputationRule(domain));
    await writes.post(domain, [{ owner: me.owner, reputation }]);
    log.info("reputation posted", { before, reputation, outcomes: record.length });
  };

  /** Closes every account of an epoch: the winners' own interest, and a bounty for collecting the debts. */
  const distribute = async (epoch: number): Promise<void> => {
    const { maturity } = await reads.epochTermsOf(domain, epoch);
    const due: Address[] = [];
    for (const owner of await reads.accountsOpened(domain, epoch, startBlock)) {
      const account = await reads.accountOf(domain, epoch, owner);
      if (account.factor !== 0 && account.scored >= maturity) due.push(owner);
    }
    for (let i = 0; i < due.length; i += DISTRIBUTE_BATCH) {
      const batch = due.slice(i, i + DISTRIBUTE_BATCH);
      await writes.distribute(domain, epoch, batch);
      log.info("epoch distributed", { epoch, accounts: batch.length });
    }
  };

  return {
    async keepBooks(now) {
      const epoch = Math.floor((now - clock.genesis) / clock.epochLength);
      const second = (now - clock.genesis) % clock.epochLength;
      const spread = Math.min(me.spread, clock.epochLength / 4);
      if (second < turnDelay(`0x${"0".repeat(64)}`, me.owner, spread)) return;
      try {
        await post();
        for (let past = Math.max(closedUntil, epoch - 4); past < epoch; past++) await distribute(past);
        closedUntil = epoch;
      } catch (error) {
        // Somebody else was first: the next look finds nothing due.
        if (!(error instanceof RefusedError)) throw error;
        log.debug("books were kept by somebody else", { error: error.message });
      }
    },
  };
}
