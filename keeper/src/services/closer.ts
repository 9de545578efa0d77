import type { Address, Hex } from "viem";

import { RefusedError } from "../chain/sender.ts";
import { nameOf, type Duty, type RoundState } from "../chain/reads.ts";
import { ROUND_CANARY, SEAT_REVEALED, SEAT_SETTLED, type RevealedVote, type Terms } from "../chain/types.ts";
import { createRecent } from "../lib/recent.ts";
import type { ServiceDeps } from "./deps.ts";
import { roundIdOf } from "../mirror/commitment.ts";
import { turnDelay } from "./turn.ts";

/** Seats settled in one transaction; the contract takes at most 64. */
export const SETTLE_BATCH = 64;

/** The same where a request was appealed or is a canary: each vote is judged or charged once more, so fewer fit. */
export const RULED_BATCH = 24;

/** Seconds until a refused settlement is tried again. */
export const SETTLE_AGAIN_AFTER = 3_600;

/** Seconds after which seats that the contract refuses to settle are left alone. */
export const GIVE_UP_AFTER = 7 * 24 * 3_600;

export type Closer = {
  /**
   * Extend, finalize, void and settle: whatever the phase of the latest round asks for, when it is this keeper's turn.
   *
   * @param duty the latest round of a request; once it is final all rounds are settled
   */
  close(duty: Duty, state: RoundState, now: number): Promise<void>;
};

/** Duties that belong to nobody: every keeper does them for all, one after the other by turn. */
export function createCloser({ me, reads, writes, guard, requests, log, onStep }: ServiceDeps): Closer {
  /** When a void request was first seen void: the chain does not keep that moment. */
  const voidSince = createRecent<number>();
  /** Until when seats that the contract refused to settle are left alone. */
  const restsUntil = createRecent<number>();

  const isMyTurn = (roundId: Hex, possibleSince: number, now: number): boolean =>
    now >= possibleSince + turnDelay(roundId, me.owner, me.spread);

  const unsettled = async (roundId: Hex, block: bigint): Promise<RevealedVote[]> => {
    const [revealed, owners] = await Promise.all([
      reads.revealedVotes(roundId, block),
      reads.committedOwners(roundId, block),
    ]);
    const votesOf = new Map<Address, RevealedVote>(revealed.map((vote) => [vote.owner, vote]));
    const seats = await Promise.all(
      owners.map(async (owner) => ({ owner, ...(await reads.seatOf(roundId, owner)) })),
    );
    return seats
      .filter(({ flags }) => (flags & SEAT_SETTLED) === 0)
      .map(({ owner, flags }) => {
        const vote = votesOf.get(owner);
        const isRevealed = (flags & SEAT_REVEALED) !== 0;
        if (isRevealed && vote === undefined)
          throw new Error(`the chain says ${owner} revealed, but its event is missing`);
        return isRevealed && vote !== undefined ? vote : { owner, votes: "0x" };
      });
  };

  /** Settles what can be settled: one seat the contract refuses must not keep the others from their bonds. */
  const settleBatch = async (
    requestId: Hex,
    terms: Terms,
    index: number,
    batch: RevealedVote[],
  ): Promise<number> => {
    try {
      const { transactionHash } = await writes.settle(terms, index, batch, () => onStep("settleSent"));
      log.info("seats settled", { requestId, round: index, seats: batch.length, tx: transactionHash });
      return 0;
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      const [only, ...others] = batch;
      if (only === undefined || others.length === 0) {
        log.warn("a seat cannot be settled, trying again later", {
          requestId,
          owner: only?.owner,
          error: error.message,
        });
        return batch.length;
      }
      const half = batch.length >> 1;
      const first = await settleBatch(requestId, terms, index, batch.slice(0, half));
      return first + (await settleBatch(requestId, terms, index, batch.slice(half)));
    }
  };

  /** @returns seats the contract refuses to settle */
  const settleRound = async (
    { requestId, terms, block }: Duty,
    index: number,
    size: number,
  ): Promise<number> => {
    const roundId = roundIdOf(requestId, index);
    if (index > 0 && (await reads.isBondLocked(roundId))) {
      await writes.resolve(terms, index);
      log.info("bond of an appeal resolved", { requestId, round: index });
    }
    const votes = await unsettled(roundId, block);
    let refused = 0;
    for (let i = 0; i < votes.length; i += size) {
      refused += await settleBatch(requestId, terms, index, votes.slice(i, i + size));
    }
    return refused;
  };

  const settle = async (
    duty: Duty,
    { round, seat: { digest: latest } }: RoundState,
    now: number,
  ): Promise<void> => {
    const { requestId } = duty;
    if (now < (restsUntil.get(requestId) ?? 0)) return;
    const isRuled = duty.index > 0 || (round.flags & ROUND_CANARY) !== 0;
    const size = isRuled ? RULED_BATCH : SETTLE_BATCH;
    let refused = 0;
    for (let index = 0; index <= duty.index; index++) refused += await settleRound(duty, index, size);
    if (refused > 0 && now <= round.clock + GIVE_UP_AFTER)
      return restsUntil.set(requestId, now + SETTLE_AGAIN_AFTER);
    for (let index = 0; index <= duty.index; index++) {
      const key = { requestId, round: index };
      const mine = guard.getVote(key);
      if (mine === undefined || mine.state === "settled") continue;
      const digest =
        index === duty.index ? latest : (await reads.seatOf(roundIdOf(requestId, index), me.owner)).digest;
      if (digest !== 0n) guard.markSettled(key);
      else if (mine.state !== "abandoned") guard.markAbandoned({ ...key, reason: "not committed in time" });
    }
    requests.close(requestId, refused > 0 ? `${refused} seats cannot be settled` : undefined);
    if (refused > 0) log.error("request given up, its seats cannot be settled", { requestId, refused });
    voidSince.delete(requestId);
    await onStep("settled");
  };

  return {
    async close(duty, state, now) {
      const { phase, draw, round } = state;
      const { requestId, roundId, index, terms } = duty;
      const name = nameOf(duty);
      const commitEnd = round.clock + draw.commitWindow;
      if (phase === "REQUESTED" && now > round.clock && isMyTurn(roundId, round.clock, now)) {
        await writes.voidUnsealed(terms);
        log.info("request voided, it was never sealed", name);
      }
      if (phase === "EXTENSION" && isMyTurn(roundId, commitEnd, now)) {
        await writes.extend(roundId);
        log.info("committee extended", { ...name, commits: round.commits });
      }
      if (phase === "TALLY" && isMyTurn(roundId, commitEnd + draw.revealWindow, now)) {
        await writes.finalize(terms);
        log.info("request finalized", name);
      }
      if (phase === "FINAL" && isMyTurn(roundId, round.clock, now)) await settle(duty, state, now);
      if (phase === "VOID") {
        // Its clock runs until absences can no longer be reported; its seats can be settled at once. A void appeal leaves
        // time for another one.
        if (index > 0 && now < round.clock) return;
        const since = voidSince.get(requestId) ?? now;
        voidSince.set(requestId, since);
        if (isMyTurn(roundId, since, now)) await settle(duty, state, now);
      }
    },
  };
}
