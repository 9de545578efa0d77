/** What CloneRegistry takes into evidence, gathered from the chain: for whoever reports and for whoever is accused. */
import { hexToBytes, type Address, type Hex } from "viem";

import type { CloneReads, Pair } from "../chain/cloneReads.ts";
import type { ChainReads, RequestedEvent } from "../chain/reads.ts";
import { ROUND_FINALIZED, ROUND_VOIDED, type Terms } from "../chain/types.ts";
import { add, NO_SUMS, type Committee, type Sums } from "../mirror/cloneMath.ts";

/** Requests in one call, and claims of them together. Mirror `CloneRegistry.MAX_EXHIBITS` and `MAX_CLAIMS`. */
export const MAX_EXHIBITS = 128;
export const MAX_CLAIMS = 4_096;

/** A request with verdicts, and what its committee said. */
export interface Judged {
  readonly request: RequestedEvent;
  readonly epoch: number;
  readonly committee: Committee;
  readonly votes: ReadonlyMap<Address, Hex>;
}

/** One request as a call of the registry names it. Mirrors `ICloneRegistry.Exhibit`. */
export interface Exhibit {
  readonly terms: Terms;
  readonly first: Hex;
  readonly second: Hex;
}

/**
 * Reads a request with the votes revealed in it, all of them unless told.
 *
 * @returns "open" as long as it may have verdicts yet, "void" if it never will
 */
export async function judgedOf(
  reads: ChainReads,
  clones: CloneReads,
  request: RequestedEvent,
  known?: ReadonlyMap<Address, Hex>,
): Promise<Judged | "open" | "void"> {
  const { requestId, terms, block } = request;
  const { round, draw } = await reads.roundState(requestId, terms.requester);
  if ((round.flags & ROUND_FINALIZED) === 0) return (round.flags & ROUND_VOIDED) === 0 ? "open" : "void";
  const [lanes, revealed] = await Promise.all([
    clones.lanesOf(requestId),
    known === undefined ? reads.revealedVotes(requestId, block) : [],
  ]);
  return {
    request,
    epoch: round.epoch,
    committee: { lanes, weight: BigInt(round.weight), threshold: BigInt(draw.threshold) },
    votes: known ?? new Map(revealed.map(({ owner, votes }) => [owner, votes])),
  };
}

/** The sums over the uncertain claims of one request; none where one of the pair revealed nothing. */
export function sumsOf({ committee, votes }: Judged, { earlier, later }: Pair, distance: number): Sums {
  const [first, second] = [votes.get(earlier), votes.get(later)];
  if (first === undefined || second === undefined) return NO_SUMS;
  return add(NO_SUMS, committee, BigInt(distance), hexToBytes(first), hexToBytes(second));
}

/** Whether the pair sat for different families in a request, without which it is no evidence. */
export async function satApart(
  reads: ChainReads,
  { earlier, later }: Pair,
  requestId: Hex,
): Promise<boolean> {
  const [one, other] = [await reads.seatOf(requestId, earlier), await reads.seatOf(requestId, later)];
  return one.family !== other.family;
}

/** A request both of the pair revealed in, for a call of the registry. */
export function exhibitOf(
  { request, votes }: Pick<Judged, "request" | "votes">,
  { earlier, later }: Pair,
): Exhibit {
  return { terms: request.terms, first: votes.get(earlier)!, second: votes.get(later)! };
}

/** The sums of a case as the chain gives them, for exact arithmetic. */
export function exactSums(sums: Readonly<Record<keyof Sums, number | bigint>>): Sums {
  return {
    claims: BigInt(sums.claims),
    first: BigInt(sums.first),
    second: BigInt(sums.second),
    firstSquared: BigInt(sums.firstSquared),
    secondSquared: BigInt(sums.secondSquared),
    product: BigInt(sums.product),
  };
}
