import type { Hex } from "viem";

import type { RequestedEvent, RequestState } from "../chain/reads.ts";
import { SEAT_REVEALED, SEAT_SETTLED, type RevealedVote } from "../chain/types.ts";
import type { ServiceDeps } from "./deps.ts";
import { turnDelay } from "./turn.ts";

/** Seats settled in one transaction; the contract takes at most 64. */
const SETTLE_BATCH = 64;

export type Closer = {
  /** Extend, finalize, void and settle: whatever the phase asks for, when it is this keeper's turn. */
  close(request: RequestedEvent, state: RequestState, now: number): Promise<void>;
};

/** Duties that belong to nobody: every keeper does them for all, one after the other by turn. */
export function createCloser({ me, reads, writes, guard, requests, log, onStep }: ServiceDeps): Closer {
  const isMyTurn = (requestId: Hex, possibleSince: number, now: number): boolean =>
    now >= possibleSince + turnDelay(requestId, me.owner, me.spread);

  const settle = async (request: RequestedEvent, isVoid: boolean): Promise<void> => {
    const { requestId, terms, block } = request;
    const revealed = new Map((await reads.revealedVotes(requestId, block)).map((v) => [v.owner, v]));
    const owners = await reads.committedOwners(requestId, block);
    const votes: RevealedVote[] = [];
    for (const owner of owners) {
      const { flags } = await reads.seatOf(requestId, owner);
      if ((flags & SEAT_SETTLED) !== 0) continue;
      const vote = revealed.get(owner);
      if ((flags & SEAT_REVEALED) !== 0 && vote === undefined) {
        throw new Error(`the chain says ${owner} revealed, but its event is missing`);
      }
      votes.push(vote ?? { owner, votes: "0x" });
    }
    for (let i = 0; i < votes.length; i += SETTLE_BATCH) {
      const batch = votes.slice(i, i + SETTLE_BATCH);
      const { transactionHash } = await writes.settle(terms, batch, () => onStep("settleSent"));
      log.info("seats settled", { requestId, seats: batch.length, isVoid, tx: transactionHash });
    }
    const mine = guard.getVote({ requestId, round: 0 });
    if (mine !== undefined && mine.state !== "settled") guard.markSettled({ requestId, round: 0 });
    requests.close(requestId);
    await onStep("settled");
  };

  return {
    async close(request, state, now) {
      const { requestId, terms } = request;
      const { phase, draw, round } = state;
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
      if (phase === "FINAL" && isMyTurn(requestId, round.clock, now)) await settle(request, false);
      // A void request's clock runs until absences can no longer be reported; its seats can be settled at once.
      if (phase === "VOID" && isMyTurn(requestId, commitEnd, now)) await settle(request, true);
    },
  };
}
