import type { Address, Hex } from "viem";

import { RefusedError } from "../chain/sender.ts";
import type { RequestedEvent, RequestState } from "../chain/reads.ts";
import { SEAT_REVEALED, SEAT_SETTLED, type RevealedVote, type Terms } from "../chain/types.ts";
import { createRecent } from "../lib/recent.ts";
import { ROUND } from "./decide.ts";
import type { ServiceDeps } from "./deps.ts";
import { turnDelay } from "./turn.ts";

/** Seats settled in one transaction; the contract takes at most 64. */
export const SETTLE_BATCH = 64;

/** Seconds after which seats that the contract refuses to settle are left alone. */
export const GIVE_UP_AFTER = 7 * 24 * 3_600;

export type Closer = {
  /** Extend, finalize, void and settle: whatever the phase asks for, when it is this keeper's turn. */
  close(request: RequestedEvent, state: RequestState, now: number): Promise<void>;
};

/** Duties that belong to nobody: every keeper does them for all, one after the other by turn. */
export function createCloser({ me, reads, writes, guard, requests, log, onStep }: ServiceDeps): Closer {
  /** When a void request was first seen void: the chain does not keep that moment. */
  const voidSince = createRecent<number>();

  const isMyTurn = (requestId: Hex, possibleSince: number, now: number): boolean =>
    now >= possibleSince + turnDelay(requestId, me.owner, me.spread);

  const unsettled = async ({ requestId, block }: RequestedEvent): Promise<RevealedVote[]> => {
    const [revealed, owners] = await Promise.all([
      reads.revealedVotes(requestId, block),
      reads.committedOwners(requestId, block),
    ]);
    const votesOf = new Map<Address, RevealedVote>(revealed.map((vote) => [vote.owner, vote]));
    const seats = await Promise.all(
      owners.map(async (owner) => ({ owner, ...(await reads.seatOf(requestId, owner)) })),
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
  const settleBatch = async (requestId: Hex, terms: Terms, batch: RevealedVote[]): Promise<number> => {
    try {
      const { transactionHash } = await writes.settle(terms, batch, () => onStep("settleSent"));
      log.info("seats settled", { requestId, seats: batch.length, tx: transactionHash });
      return 0;
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      const [only, ...others] = batch;
      if (only === undefined || others.length === 0) {
        log.warn("a seat cannot be settled", { requestId, owner: only?.owner, error: error.message });
        return batch.length;
      }
      const half = batch.length >> 1;
      const first = await settleBatch(requestId, terms, batch.slice(0, half));
      return first + (await settleBatch(requestId, terms, batch.slice(half)));
    }
  };

  const settle = async (request: RequestedEvent, hasSeat: boolean, isHopeless: boolean): Promise<void> => {
    const { requestId, terms } = request;
    const votes = await unsettled(request);
    let refused = 0;
    for (let i = 0; i < votes.length; i += SETTLE_BATCH) {
      refused += await settleBatch(requestId, terms, votes.slice(i, i + SETTLE_BATCH));
    }
    if (refused > 0 && !isHopeless) return;
    const key = { requestId, round: ROUND };
    const mine = guard.getVote(key);
    if (mine !== undefined && mine.state !== "settled") {
      if (hasSeat) guard.markSettled(key);
      else if (mine.state !== "abandoned") guard.markAbandoned({ ...key, reason: "not committed in time" });
    }
    requests.close(requestId, refused > 0 ? `${refused} seats cannot be settled` : undefined);
    if (refused > 0) log.error("request given up, its seats cannot be settled", { requestId, refused });
    voidSince.delete(requestId);
    await onStep("settled");
  };

  return {
    async close(request, { phase, draw, round, seat }, now) {
      const { requestId, terms } = request;
      const hasSeat = seat.digest !== 0n;
      const commitEnd = round.clock + draw.commitWindow;
      if (phase === "REQUESTED" && now > round.clock && isMyTurn(requestId, round.clock, now)) {
        await writes.voidUnsealed(terms);
        log.info("request voided, it was never sealed", { requestId });
      }
      if (phase === "EXTENSION" && isMyTurn(requestId, commitEnd, now)) {
        await writes.extend(requestId);
        log.info("committee extended", { requestId, commits: round.commits });
      }
      if (phase === "TALLY" && isMyTurn(requestId, commitEnd + draw.revealWindow, now)) {
        await writes.finalize(terms);
        log.info("request finalized", { requestId });
      }
      if (phase === "FINAL" && isMyTurn(requestId, round.clock, now))
        await settle(request, hasSeat, now > round.clock + GIVE_UP_AFTER);
      if (phase === "VOID") {
        // Its clock runs until absences can no longer be reported; its seats can be settled at once.
        const since = voidSince.get(requestId) ?? now;
        voidSince.set(requestId, since);
        if (isMyTurn(requestId, since, now))
          await settle(request, hasSeat, now > round.clock + GIVE_UP_AFTER);
      }
    },
  };
}
