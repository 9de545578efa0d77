import { isAddressEqual, type Address } from "viem";

import type { Duty, RequestedEvent, RoundState } from "../chain/reads.ts";
import {
  ROUND_APPEALED,
  ROUND_EXTENDED,
  ROUND_FINALIZED,
  ROUND_SEALED,
  ROUND_VOIDED,
  SEAT_ABSENT,
  type Draw,
  type Round,
  type SeatWeights,
} from "../chain/types.ts";
import { GWEI, min } from "../mirror/fixedPoint.ts";
import { roundIdOf } from "../mirror/commitment.ts";
import { MAX_WEIGHT } from "../mirror/laneTally.ts";
import { chance, grown, ticket } from "../mirror/sortition.ts";
import { epochAt, type WatchDeps } from "./deps.ts";
import { createRequestLog } from "./history.ts";
import type { Chance, Watch } from "./watch.ts";

/** Owners in one report. Mirrors `Assay.MAX_OWNERS`. */
const MAX_OWNERS = 64;
/** A request has three rounds, each of which ends in the epoch after its own at the latest. */
const EPOCHS_BACK = 4;
/** The reporter gets a twentieth of a charge. Mirrors `Units.BOUNTY_DIVISOR`. */
export const BOUNTY_DIVISOR = 20n;

/** Who was drawn and stayed silent, found by the arithmetic of the draw; the reporter gets a twentieth of the charge. */
export function createAbsences(deps: WatchDeps): Watch {
  const { domain, owner: me, reads, watchReads, calls, roster, clock, startBlock } = deps;
  const requestsSince = createRequestLog(reads, watchReads, domain, startBlock);
  /** Weights of an epoch never change while it can be read. */
  const weights = new Map<number, Map<Address, SeatWeights>>();
  /** Requests whose last round is over. */
  const over = new Set<string>();

  const weightsOf = async (owner: Address, epoch: number): Promise<SeatWeights> => {
    const known = weights.get(epoch) ?? new Map<Address, SeatWeights>();
    weights.set(epoch, known);
    const found = known.get(owner) ?? (await reads.seatWeights(domain, owner, epoch));
    known.set(owner, found);
    return found;
  };

  const silentIn = async (
    { roundId, terms }: Duty,
    { draw, round }: RoundState,
  ): Promise<{ owner: Address; bounty: bigint }[]> => {
    const silent: { owner: Address; bounty: bigint }[] = [];
    for (const owner of await roster()) {
      if (me !== undefined && isAddressEqual(owner, me)) continue;
      const seat = await weightsOf(owner, round.epoch);
      if (!sits(owner, roundId, draw, round, seat)) continue;
      const [{ digest, flags }, free] = await Promise.all([
        reads.seatOf(roundId, owner),
        reads.freeStake(domain, owner),
      ]);
      if (digest !== 0n || (flags & SEAT_ABSENT) !== 0 || free < draw.bond) continue;
      const charge = min(await watchReads.absenceCharge(terms, owner), draw.bond * GWEI);
      silent.push({ owner, bounty: charge / BOUNTY_DIVISOR });
    }
    return silent;
  };

  const inRound = async (duty: Duty, state: RoundState, now: number): Promise<Chance[]> => {
    const { roundId, requestId, terms, index } = duty;
    const { round } = state;
    if (!canReport(state.draw, round, now) || round.epoch + 1 < epochAt(clock, now)) return [];
    const silent = await silentIn(duty, state);
    const chances: Chance[] = [];
    for (let i = 0; i < silent.length; i += MAX_OWNERS) {
      const batch = silent.slice(i, i + MAX_OWNERS);
      const owners = batch.map(({ owner }) => owner);
      chances.push({
        act: `${roundId} ${owners.toSorted().join(" ")}`,
        call: calls.reportAbsent(terms, index, owners),
        gain: batch.reduce((sum, { bounty }) => sum + bounty, 0n),
        data: { requestId, round: index, owners },
      });
    }
    return chances;
  };

  const inRequest = async (request: RequestedEvent, now: number): Promise<Chance[]> => {
    const { requestId } = request;
    const chances: Chance[] = [];
    for (let index = 0; ; index++) {
      const duty = { ...request, index, roundId: roundIdOf(requestId, index) };
      const state = await reads.roundState(duty.roundId, request.terms.requester);
      chances.push(...(await inRound(duty, state, now)));
      if ((state.round.flags & ROUND_APPEALED) !== 0) continue;
      if (state.phase === "FINAL" || (state.phase === "VOID" && now >= state.round.clock))
        over.add(requestId);
      return chances;
    }
  };

  return {
    name: "absences",
    async look(now) {
      // A report needs the weights of the round's epoch, which can be read until the end of the next one.
      const epoch = epochAt(clock, now);
      for (const past of weights.keys()) if (past + 1 < epoch) weights.delete(past);
      const chances: Chance[] = [];
      const requests = await requestsSince(
        clock.genesis + Math.max(0, epoch - EPOCHS_BACK) * clock.epochLength,
      );
      for (const request of requests)
        if (!over.has(request.requestId)) chances.push(...(await inRequest(request, now)));
      const known = new Set<string>(requests.map(({ requestId }) => requestId));
      for (const id of over) if (!known.has(id)) over.delete(id);
      return chances;
    },
  };
}

/** Whether absences of a round can be reported now. Mirrors `Assay.reportAbsent`: TALLY, FINALIZED, VOID for a while. */
function canReport(draw: Draw, round: Round, now: number): boolean {
  const has = (flag: number): boolean => (round.flags & flag) !== 0;
  // Only a quorum of commits proves that silence was a choice.
  if (!has(ROUND_SEALED) || round.commits < round.minSeats) return false;
  if (has(ROUND_VOIDED) || has(ROUND_FINALIZED)) return now < round.clock;
  return now >= round.clock + draw.commitWindow + draw.revealWindow;
}

/** Whether an owner sits in the committee as it is now. Mirrors `Assay._requireSeat`. */
export function sits(
  owner: Address,
  roundId: `0x${string}`,
  draw: Draw,
  round: Round,
  { weight, familyWeight, tier }: SeatWeights,
): boolean {
  if (familyWeight === 0n || BigInt(round.committed + tier) > MAX_WEIGHT) return false;
  const isExtended = (round.flags & ROUND_EXTENDED) !== 0;
  const seats = isExtended ? grown(BigInt(draw.seats)) : BigInt(draw.seats);
  const pool = { weight, familyWeight, totalWeight: draw.weight, roots: BigInt(draw.roots) };
  return ticket(round.seed, roundId, owner) < chance(pool, seats, BigInt(draw.boostCap));
}
