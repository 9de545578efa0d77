import type { Hex } from "viem";

import { ROUND_EXTENDED, SEAT_REVEALED } from "../chain/types.ts";
import { nameOf, type Duty, type RoundState } from "../chain/reads.ts";
import { brief } from "../chain/trouble.ts";
import type { Vote, VoteDecision } from "../db/voteGuard.ts";
import { createRecent } from "../lib/recent.ts";
import { chance, grown, ticket } from "../mirror/sortition.ts";
import { PayloadUnavailableError } from "../payload/fetch.ts";
import { PayloadError } from "../payload/schema.ts";
import { createDecide, UnfitPayloadError } from "./decide.ts";
import type { ServiceDeps } from "./deps.ts";
import { judgingTime } from "./judgingTime.ts";

/** Looks without an own commit that was just mined before it is sent again: behind a balancer some nodes lag. */
export const COMMIT_LOOKS = 5;

export type Voter = {
  /**
   * Commits if drawn and able to; the phase is REQUESTED (seed there, first commit seals) or COMMIT. What is not judged
   * while the commit can still be sent in time is voted at the base rate.
   *
   * @param time Unix seconds of the chain at this moment
   */
  commit(duty: Duty, state: RoundState, seed: bigint, time: () => number, signal: AbortSignal): Promise<void>;
  /** Reveals the own vote if it was committed; a lost database is made good from key, payload and model. */
  reveal(duty: Duty, state: RoundState, signal: AbortSignal): Promise<void>;
  /** The commit window is over for good: without a seat the vote is abandoned, with the reason on record. */
  closeWindow(duty: Duty, state: RoundState): void;
};

/** The duties of a drawn operator. What it remembers only saves questions and repetitions in the log. */
export function createVoter(deps: ServiceDeps): Voter {
  const { me, reads, writes, guard, requests, log, onStep } = deps;
  const decide = createDecide(deps);
  const said = createRecent<true>();
  const notDrawn = createRecent<true>();
  /** Why the newest attempt to commit failed, by round. */
  const failures = createRecent<string>();
  /** Looks that still trust the own mined commit, by round: a second one could count as late. */
  const trusted = createRecent<number>();
  /** Requests whose payload no later round can judge either. */
  const unfit = createRecent<true>();

  const sayOnce = (
    level: "info" | "warn" | "error",
    sentence: string,
    data: { requestId: string; round?: number; extended?: boolean; [more: string]: unknown },
  ): void => {
    const key = `${sentence} ${data.requestId} ${String(data.round)} ${String(data.extended)}`;
    if (said.get(key) === undefined) log[level](sentence, data);
    said.set(key, true);
  };

  /** The same arithmetic as the contract: drawn, its family heavy enough, and the bond free. */
  const hasDuty = async (duty: Duty, state: RoundState, seed: bigint): Promise<boolean> => {
    const { roundId } = duty;
    const { draw, round } = state;
    const extended = (round.flags & ROUND_EXTENDED) !== 0;
    // The weights are those of a pinned epoch: with the same seed the answer never changes.
    const drawing = `${roundId} ${seed} ${extended}`;
    if (notDrawn.get(drawing) !== undefined) return false;
    const { weight, familyWeight } = await reads.seatWeights(me.domain.id, me.owner, round.epoch);
    const seats = extended ? grown(BigInt(draw.seats)) : BigInt(draw.seats);
    const pool = { weight, familyWeight, totalWeight: draw.weight, roots: BigInt(draw.roots) };
    const limit = familyWeight === 0n ? 0n : chance(pool, seats, BigInt(draw.boostCap));
    if (ticket(seed, roundId, me.owner) >= limit) {
      notDrawn.set(drawing, true);
      sayOnce("info", "not drawn", { ...nameOf(duty), extended });
      return false;
    }
    const free = await reads.freeStake(me.domain.id, me.owner);
    if (free < draw.bond) {
      const data = { ...nameOf(duty), extended, free, bond: draw.bond };
      sayOnce("warn", "drawn, but the free stake does not cover the bond", data);
      return false;
    }
    sayOnce("info", "drawn", { ...nameOf(duty), extended });
    return true;
  };

  /** On the disk when this returns. */
  const record = async (duty: Duty, decision: VoteDecision): Promise<Vote> => {
    const { vote } = guard.recordVote(decision);
    log.info("vote decided", { ...nameOf(duty), claims: duty.terms.claims });
    await onStep("decided");
    return vote;
  };

  const commitVote = async (duty: Duty, mostMs: number, signal: AbortSignal): Promise<void> => {
    const key = keyOf(duty);
    const vote = guard.getVote(key) ?? (await record(duty, (await decide(duty, signal, mostMs)).decision));
    signal.throwIfAborted();
    const { transactionHash } = await writes.commit(duty.roundId, me.owner, BigInt(vote.digest), () =>
      onStep("commitSent"),
    );
    guard.markCommitted({ ...key, txHash: transactionHash });
    failures.delete(duty.roundId);
    trusted.set(duty.roundId, COMMIT_LOOKS);
    log.info("vote committed", { ...nameOf(duty), tx: transactionHash });
    await onStep("committed");
  };

  return {
    async commit(duty, state, seed, time, signal) {
      const { requestId } = duty;
      const key = keyOf(duty);
      if (state.seat.digest !== 0n) {
        const known = guard.getVote(key);
        const isOpen = known?.state === "decided" || known?.state === "abandoned";
        if (isOpen && BigInt(known.digest) === state.seat.digest) {
          guard.markCommitted({ ...key, txHash: known.commitTx ?? `0x${"0".repeat(64)}` });
          log.info("vote is committed already", nameOf(duty));
        }
        return;
      }
      const looks = trusted.get(duty.roundId) ?? 0;
      if (looks > 0) return trusted.set(duty.roundId, looks - 1);
      // A window that was missed says nothing about the next round; a payload that cannot be judged does.
      const isRefused = duty.index === 0 && requests.refusalOf(requestId) !== undefined;
      if (isRefused || unfit.get(requestId) !== undefined) return;
      if (!(await hasDuty(duty, state, seed))) return;
      try {
        await commitVote(duty, judgingTime(state, time()), signal);
      } catch (error) {
        if (signal.aborted) throw error;
        const reason = reasonOf(error);
        failures.set(duty.roundId, reason);
        if (!(error instanceof UnfitPayloadError || error instanceof PayloadError)) throw error;
        // The bytes are the ones the request names: no other mirror and no later attempt helps.
        unfit.set(requestId, true);
        requests.refuse(requestId, reason);
        log.warn("payload cannot be judged, not voting", { requestId, reason });
      }
    },

    async reveal(duty, state, signal) {
      const { digest: committed, flags } = state.seat;
      if (committed === 0n) return;
      const key = keyOf(duty);
      const known = guard.getVote(key);
      if ((flags & SEAT_REVEALED) !== 0) {
        if (known !== undefined && known.state !== "revealed" && known.state !== "settled")
          guard.markRevealed(key);
        return;
      }
      const lost = `${duty.roundId} ${committed}`;
      if (said.get(lost) !== undefined) return;
      const { decision, abstained } =
        known === undefined ? await decide(duty, signal) : { decision: known, abstained: 0 };
      // A vote that cannot be revealed must not become the recorded one.
      if (BigInt(decision.digest) !== committed) {
        // What the model could not judge this time it may have judged before the commit.
        if (abstained > 0)
          return sayOnce("warn", "the commitment is of another vote, judging again", {
            ...nameOf(duty),
            abstained,
          });
        said.set(lost, true);
        log.error("the commitment is not of this database, key and model, cannot reveal", nameOf(duty));
        return;
      }
      const vote = known ?? (await record(duty, decision));
      signal.throwIfAborted();
      const opening = { owner: me.owner, votes: vote.votes, salt: vote.salt.reveal() };
      const { transactionHash } = await writes.reveal(duty.roundId, [opening], () => onStep("revealSent"));
      guard.markRevealed({ ...key, txHash: transactionHash });
      log.info("vote revealed", { ...nameOf(duty), tx: transactionHash });
      await onStep("revealed");
    },

    closeWindow(duty, { seat }) {
      if (seat.digest !== 0n) return;
      const { requestId, index, roundId } = duty;
      const known = guard.getVote(keyOf(duty));
      const isOpen = known?.state === "decided" || known?.state === "committed";
      const failure = failures.get(roundId) ?? (isOpen ? "not committed in time" : undefined);
      if (failure === undefined) return;
      failures.delete(roundId);
      if (isOpen) guard.markAbandoned({ ...keyOf(duty), reason: failure });
      if (unfit.get(requestId) !== undefined) return;
      if (index === 0 && requests.refusalOf(requestId) !== undefined) return;
      if (index === 0) requests.refuse(requestId, failure);
      log.error("the commit window is over, vote abandoned", { ...nameOf(duty), reason: failure });
    },
  };
}

function keyOf({ requestId, index }: Duty): { requestId: Hex; round: number } {
  return { requestId, round: index };
}

/** With the values that tell what exactly was wrong. */
function reasonOf(error: unknown): string {
  if (error instanceof PayloadError) return `${brief(error)} (${String(error.data.given)})`;
  if (!(error instanceof PayloadUnavailableError)) return brief(error);
  return `${brief(error)} (${error.data.failures.map(({ uri, code }) => `${uri} ${code}`).join(", ")})`;
}
