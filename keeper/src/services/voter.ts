import { ROUND_EXTENDED, SEAT_REVEALED } from "../chain/types.ts";
import type { RequestedEvent, RequestState } from "../chain/reads.ts";
import { brief } from "../chain/trouble.ts";
import type { Vote, VoteDecision } from "../db/voteGuard.ts";
import { createRecent } from "../lib/recent.ts";
import { roundIdOf } from "../mirror/commitment.ts";
import { chance, grown, ticket } from "../mirror/sortition.ts";
import { PayloadUnavailableError } from "../payload/fetch.ts";
import { PayloadError } from "../payload/schema.ts";
import { createDecide, ROUND, UnfitPayloadError } from "./decide.ts";
import type { ServiceDeps } from "./deps.ts";

export type Voter = {
  /** Commits if drawn and able to; the phase is REQUESTED (seed there, first commit seals) or COMMIT. */
  commit(request: RequestedEvent, state: RequestState, seed: bigint, signal: AbortSignal): Promise<void>;
  /** Reveals the own vote if it was committed; a lost database is made good from key, payload and model. */
  reveal(request: RequestedEvent, state: RequestState, signal: AbortSignal): Promise<void>;
  /** The commit window is over for good: without a seat the vote is abandoned, with the reason on record. */
  closeWindow(request: RequestedEvent, state: RequestState): void;
};

/** The duties of a drawn operator. What it remembers only saves questions and repetitions in the log. */
export function createVoter(deps: ServiceDeps): Voter {
  const { me, reads, writes, guard, requests, log, onStep } = deps;
  const decide = createDecide(deps);
  const said = createRecent<true>();
  const notDrawn = createRecent<true>();
  /** Why the newest attempt to commit failed, by request. */
  const failures = createRecent<string>();

  const sayOnce = (
    level: "info" | "warn" | "error",
    sentence: string,
    data: { requestId: string; extended?: boolean; [more: string]: unknown },
  ): void => {
    const key = `${sentence} ${data.requestId} ${String(data.extended)}`;
    if (said.get(key) === undefined) log[level](sentence, data);
    said.set(key, true);
  };

  /** The same arithmetic as the contract: drawn, its family heavy enough, and the bond free. */
  const hasDuty = async (
    { requestId }: RequestedEvent,
    state: RequestState,
    seed: bigint,
  ): Promise<boolean> => {
    const { draw, round } = state;
    const extended = (round.flags & ROUND_EXTENDED) !== 0;
    // The weights are those of a pinned epoch: with the same seed the answer never changes.
    const drawing = `${requestId} ${seed} ${extended}`;
    if (notDrawn.get(drawing) !== undefined) return false;
    const { weight, familyWeight } = await reads.seatWeights(me.domain.id, me.owner, round.epoch);
    const seats = extended ? grown(BigInt(draw.seats)) : BigInt(draw.seats);
    const pool = { weight, familyWeight, totalWeight: draw.weight, roots: BigInt(draw.roots) };
    const limit = familyWeight === 0n ? 0n : chance(pool, seats, BigInt(draw.boostCap));
    if (ticket(seed, roundIdOf(requestId, ROUND), me.owner) >= limit) {
      notDrawn.set(drawing, true);
      sayOnce("info", "not drawn", { requestId, extended });
      return false;
    }
    const free = await reads.freeStake(me.domain.id, me.owner);
    if (free < draw.bond) {
      const data = { requestId, extended, free, bond: draw.bond };
      sayOnce("warn", "drawn, but the free stake does not cover the bond", data);
      return false;
    }
    sayOnce("info", "drawn", { requestId, extended });
    return true;
  };

  /** On the disk when this returns. */
  const record = async (request: RequestedEvent, decision: VoteDecision): Promise<Vote> => {
    const { vote } = guard.recordVote(decision);
    log.info("vote decided", { requestId: request.requestId, claims: request.terms.claims });
    await onStep("decided");
    return vote;
  };

  const commitVote = async (request: RequestedEvent, signal: AbortSignal): Promise<void> => {
    const { requestId } = request;
    const key = { requestId, round: ROUND };
    const vote = guard.getVote(key) ?? (await record(request, await decide(request, signal)));
    signal.throwIfAborted();
    const { transactionHash } = await writes.commit(requestId, me.owner, BigInt(vote.digest), () =>
      onStep("commitSent"),
    );
    guard.markCommitted({ ...key, txHash: transactionHash });
    failures.delete(requestId);
    log.info("vote committed", { requestId, tx: transactionHash });
    await onStep("committed");
  };

  return {
    async commit(request, state, seed, signal) {
      const { requestId } = request;
      const key = { requestId, round: ROUND };
      if (state.seat.digest !== 0n) {
        const known = guard.getVote(key);
        const isOpen = known?.state === "decided" || known?.state === "abandoned";
        if (isOpen && BigInt(known.digest) === state.seat.digest) {
          guard.markCommitted({ ...key, txHash: known.commitTx ?? `0x${"0".repeat(64)}` });
          log.info("vote is committed already", { requestId });
        }
        return;
      }
      if (requests.refusalOf(requestId) !== undefined) return;
      if (!(await hasDuty(request, state, seed))) return;
      try {
        await commitVote(request, signal);
      } catch (error) {
        if (signal.aborted) throw error;
        const reason = reasonOf(error);
        failures.set(requestId, reason);
        if (!(error instanceof UnfitPayloadError || error instanceof PayloadError)) throw error;
        // The bytes are the ones the request names: no other mirror and no later attempt helps.
        requests.refuse(requestId, reason);
        log.warn("payload cannot be judged, not voting", { requestId, reason });
      }
    },

    async reveal(request, state, signal) {
      const { requestId } = request;
      const { digest: committed, flags } = state.seat;
      if (committed === 0n) return;
      const key = { requestId, round: ROUND };
      const known = guard.getVote(key);
      if ((flags & SEAT_REVEALED) !== 0) {
        if (known !== undefined && known.state !== "revealed" && known.state !== "settled")
          guard.markRevealed(key);
        return;
      }
      const lost = `${requestId} ${committed}`;
      if (said.get(lost) !== undefined) return;
      const decision = known ?? (await decide(request, signal));
      if (BigInt(decision.digest) !== committed) {
        // A vote that cannot be revealed must not become the recorded one.
        said.set(lost, true);
        log.error("the commitment is not of this database, key and model, cannot reveal", { requestId });
        return;
      }
      const vote = known ?? (await record(request, decision));
      signal.throwIfAborted();
      const opening = { owner: me.owner, votes: vote.votes, salt: vote.salt.reveal() };
      const { transactionHash } = await writes.reveal(requestId, [opening], () => onStep("revealSent"));
      guard.markRevealed({ ...key, txHash: transactionHash });
      log.info("vote revealed", { requestId, tx: transactionHash });
      await onStep("revealed");
    },

    closeWindow({ requestId }, { seat }) {
      if (seat.digest !== 0n) return;
      const known = guard.getVote({ requestId, round: ROUND });
      const isOpen = known?.state === "decided" || known?.state === "committed";
      const failure = failures.get(requestId) ?? (isOpen ? "not committed in time" : undefined);
      if (failure === undefined) return;
      failures.delete(requestId);
      if (isOpen) guard.markAbandoned({ requestId, round: ROUND, reason: failure });
      if (requests.refusalOf(requestId) !== undefined) return;
      requests.refuse(requestId, failure);
      log.error("the commit window is over, vote abandoned", { requestId, reason: failure });
    },
  };
}

/** With the values that tell what exactly was wrong. */
function reasonOf(error: unknown): string {
  if (error instanceof PayloadError) return `${brief(error)} (${String(error.data.given)})`;
  if (!(error instanceof PayloadUnavailableError)) return brief(error);
  return `${brief(error)} (${error.data.failures.map(({ uri, code }) => `${uri} ${code}`).join(", ")})`;
}
