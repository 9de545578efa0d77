import { bytesToHex, type Hex } from "viem";

import { ROUND_EXTENDED, SEAT_REVEALED } from "../chain/types.ts";
import type { RequestedEvent, RequestState } from "../chain/reads.ts";
import type { Vote } from "../db/voteGuard.ts";
import { digest, requestId as requestIdOf } from "../mirror/commitment.ts";
import { chance, grown, ticket } from "../mirror/sortition.ts";
import { judgeClaims } from "../model/judge.ts";
import { deriveSalt } from "../model/salt.ts";
import type { ServiceDeps } from "./deps.ts";

/** The only round there is until a verdict can be appealed. */
const ROUND = 0;

export type Voter = {
  /** Commits if drawn and able to; the phase is REQUESTED (seed there, first commit seals) or COMMIT. */
  commit(request: RequestedEvent, state: RequestState, seed: bigint, signal: AbortSignal): Promise<void>;
  /** Reveals the own vote if it was committed; a lost database is made good from key, payload and model. */
  reveal(request: RequestedEvent, state: RequestState, signal: AbortSignal): Promise<void>;
};

/** The duties of a drawn operator. Remembers only what it already said in the log. */
export function createVoter(deps: ServiceDeps): Voter {
  const { me, reads, writes, guard, model, log, onStep } = deps;
  const said = new Set<string>();

  const sayOnce = (sentence: string, data: Record<string, unknown>): void => {
    const key = `${sentence} ${String(data["requestId"])} ${String(data["extended"])}`;
    if (!said.has(key)) log.info(sentence, data);
    said.add(key);
  };

  /** The same arithmetic as the contract: drawn, its family heavy enough, and the bond free. */
  const hasDuty = async (requestId: Hex, state: RequestState, seed: bigint): Promise<boolean> => {
    const { draw, round } = state;
    const extended = (round.flags & ROUND_EXTENDED) !== 0;
    const weights = await reads.seatWeights(me.domain.id, me.owner, round.epoch);
    const seats = extended ? grown(BigInt(draw.seats)) : BigInt(draw.seats);
    const mine = ticket(seed, requestId, BigInt(ROUND), me.owner);
    const limit =
      weights.familyWeight === 0n
        ? 0n
        : chance(
            {
              weight: weights.weight,
              familyWeight: weights.familyWeight,
              totalWeight: draw.weight,
              roots: BigInt(draw.roots),
            },
            seats,
            BigInt(draw.boostCap),
          );
    if (mine >= limit) {
      sayOnce("not drawn", { requestId, extended });
      return false;
    }
    const free = await reads.freeStake(me.domain.id, me.owner);
    if (free < draw.bond) {
      sayOnce("drawn, but the free stake does not cover the bond", {
        requestId,
        extended,
        free,
        bond: draw.bond,
      });
      return false;
    }
    sayOnce("drawn", { requestId, extended });
    return true;
  };

  /** Vote and salt of a request, computed from nothing but the chain, the payload, the model and the key. */
  const decide = async (request: RequestedEvent, signal: AbortSignal) => {
    const { requestId, terms } = request;
    const deployment = { chainId: BigInt(me.chainId), assay: me.assay };
    const expected = requestIdOf(deployment, terms);
    if (expected !== requestId) throw new Error(`terms hash to ${expected}, the request is ${requestId}`);
    const { payload } = await deps.fetchPayload(request, signal);
    if (payload.domain !== me.domain.name || payload.claims.length !== terms.claims) {
      return {
        refused: `the payload has ${payload.claims.length} claims of domain ${payload.domain}, the request ${terms.claims} of ${me.domain.name}`,
      };
    }
    const votes = await judgeClaims(model, payload.claims, terms.baseRate, log);
    const salt = deriveSalt(me.hotKey, {
      chainId: me.chainId,
      contract: me.assay,
      owner: me.owner,
      requestId,
      round: ROUND,
    });
    const commitment = { requestId, round: BigInt(ROUND), owner: me.owner, votes, salt: salt.reveal() };
    return { votes, salt, digest: digest(deployment, commitment) };
  };

  /** The recorded vote, or a new one that is on the disk before this returns. */
  const recordedVote = async (request: RequestedEvent, signal: AbortSignal): Promise<Vote | undefined> => {
    const known = guard.getVote({ requestId: request.requestId, round: ROUND });
    if (known !== undefined) return known;
    const decision = await decide(request, signal);
    if ("refused" in decision) {
      sayOnce("payload does not belong to the request, not voting", {
        requestId: request.requestId,
        reason: decision.refused,
      });
      return undefined;
    }
    const { vote } = guard.recordVote({
      requestId: request.requestId,
      round: ROUND,
      domain: me.domain.id,
      votes: bytesToHex(decision.votes),
      salt: decision.salt,
      digest: `0x${decision.digest.toString(16).padStart(60, "0")}`,
    });
    log.info("vote decided", { requestId: request.requestId, claims: request.terms.claims });
    await onStep("decided");
    return vote;
  };

  return {
    async commit(request, state, seed, signal) {
      const { requestId } = request;
      const key = { requestId, round: ROUND };
      if (state.seat.digest !== 0n) {
        const known = guard.getVote(key);
        if (known?.state === "decided" && BigInt(known.digest) === state.seat.digest) {
          guard.markCommitted({ ...key, txHash: known.commitTx ?? `0x${"0".repeat(64)}` });
          log.info("vote is committed already", { requestId });
        }
        return;
      }
      if (!(await hasDuty(requestId, state, seed))) return;
      const vote = await recordedVote(request, signal);
      if (vote === undefined) return;
      const { transactionHash } = await writes.commit(requestId, me.owner, BigInt(vote.digest), () =>
        onStep("commitSent"),
      );
      guard.markCommitted({ ...key, txHash: transactionHash });
      log.info("vote committed", { requestId, tx: transactionHash });
      await onStep("committed");
    },

    async reveal(request, state, signal) {
      const { requestId } = request;
      const { digest: committed, flags } = state.seat;
      if (committed === 0n) return;
      const key = { requestId, round: ROUND };
      if ((flags & SEAT_REVEALED) !== 0) {
        const known = guard.getVote(key);
        if (known?.state === "committed" || known?.state === "decided") guard.markRevealed(key);
        return;
      }
      const vote = await recordedVote(request, signal);
      if (vote === undefined) return;
      if (BigInt(vote.digest) !== committed) {
        sayOnce("the committed digest is not of the recorded vote, cannot reveal", { requestId });
        return;
      }
      const opening = { owner: me.owner, votes: vote.votes, salt: vote.salt.reveal() };
      const { transactionHash } = await writes.reveal(requestId, [opening], () => onStep("revealSent"));
      guard.markRevealed({ ...key, txHash: transactionHash });
      log.info("vote revealed", { requestId, tx: transactionHash });
      await onStep("revealed");
    },
  };
}
