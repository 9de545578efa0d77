import { numberToHex, type Address } from "viem";

import { RefusedError } from "../chain/sender.ts";
import { replay } from "../mirror/reputationMath.ts";
import type { ServiceDeps } from "./deps.ts";
import { isDoneByOthers } from "./others.ts";
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

/** Past epochs that are looked through after a start. */
const EPOCHS_BACK = 4;

/** Reputation, rewards and debts. Everything due is read from the chain, so restarts do not matter. */
export function createBookkeeper(
  { me, reads, writes, log }: Pick<ServiceDeps, "me" | "reads" | "writes" | "log">,
  { minOutcomes, clock, startBlock }: BookkeeperOptions,
): Bookkeeper {
  const domain = me.domain.id;
  let closedUntil: number | undefined;
  /** The refusal told last, by work. */
  const told = new Map<string, string>();

  const post = async (): Promise<void> => {
    const record = await reads.recordOf(domain, me.owner);
    if (record.length < minOutcomes) return;
    const before = await reads.reputationOf(domain, me.owner);
    const reputation = replay(before, record.tape, BigInt(record.length), await reads.reputationRule(domain));
    await writes.post(domain, [{ owner: me.owner, reputation }]);
    log.info("reputation posted", { before, reputation, outcomes: record.length });
  };

  /** An account is opened by the first seat settled in its epoch, so its event lies between the epoch's blocks. */
  const ownersOf = async (epoch: number): Promise<Address[]> => {
    const begin = clock.genesis + epoch * clock.epochLength;
    const from = await reads.blockAt(begin, startBlock);
    const end = await reads.blockAt(begin + clock.epochLength, from);
    return end > from ? reads.accountsOpened(domain, epoch, from, end - 1n) : [];
  };

  /** Closes every account of an epoch: the winners' own interest, and a bounty for collecting the debts. */
  const distribute = async (epoch: number): Promise<void> => {
    const { open, maturity } = await reads.epochTermsOf(domain, epoch);
    if (!open) return;
    const due: Address[] = [];
    for (const owner of await ownersOf(epoch)) {
      const account = await reads.accountOf(domain, epoch, owner);
      if (account.factor !== 0 && account.scored >= maturity) due.push(owner);
    }
    for (let i = 0; i < due.length; i += DISTRIBUTE_BATCH) {
      const batch = due.slice(i, i + DISTRIBUTE_BATCH);
      await writes.distribute(domain, epoch, batch);
      log.info("epoch distributed", { epoch, accounts: batch.length });
    }
  };

  const closeEpochs = async (epoch: number): Promise<void> => {
    if (closedUntil === undefined) {
      // After a long pause the own newest account may lie further back than anybody looks.
      const own = await reads.lastEpochOf(domain, me.owner);
      if (own < epoch - EPOCHS_BACK) await distribute(own);
    }
    for (let past = Math.max(0, epoch - EPOCHS_BACK, closedUntil ?? 0); past < epoch; past++)
      await distribute(past);
    closedUntil = epoch;
  };

  /**
   * Frees the own bonds of settled seats once they hold more than half of what is free: an account that is not mature
   * is closed by nobody, and a pool without free stake takes no seat.
   */
  const unlock = async (): Promise<void> => {
    const epoch = await reads.lastEpochOf(domain, me.owner);
    const { releasable } = await reads.accountOf(domain, epoch, me.owner);
    if (releasable === 0n || 2n * releasable < (await reads.freeStake(domain, me.owner))) return;
    await writes.unlock(domain, me.owner);
    log.info("bonds unlocked", { releasable });
  };

  /** One must not keep the others from their turn. A refusal is told once, until the work succeeds again. */
  const attempt = async (name: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
      told.delete(name);
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      const isNews = told.get(name) !== error.data.error;
      told.set(name, error.data.error);
      const level = isNews && !isDoneByOthers(error) ? "warn" : "debug";
      log[level]("the books could not be kept, looking again", { work: name, error: error.message });
    }
  };

  return {
    async keepBooks(now) {
      const epoch = Math.floor((now - clock.genesis) / clock.epochLength);
      const second = (now - clock.genesis) % clock.epochLength;
      const spread = Math.min(me.spread, clock.epochLength / 4);
      // Another order every epoch: the first one has the work, and the bounties.
      if (second < turnDelay(numberToHex(epoch, { size: 32 }), me.owner, spread)) return;
      await attempt("post", post);
      await attempt("close epochs", () => closeEpochs(epoch));
      await attempt("unlock", unlock);
    },
  };
}
