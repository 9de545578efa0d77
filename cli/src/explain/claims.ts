import { laneTally, rulings, skillScore, verdictMath } from "@assay/keeper";
import type { Address } from "viem";

import { frameOf, rulingOf, sidesOf, type RequestHistory } from "../history/requests.ts";
import { ratio } from "../lib/output.ts";
import { nameOf, type VerdictName } from "../verdict/verdict.ts";

/** Why a claim counts for a vote, or why it does not. */
export type Scoring = "scored" | "undecided" | "own vote decides";

/** One claim as it counts for one vote. */
export interface ClaimScore {
  /** From 1. */
  readonly claim: number;
  /** The one that counts. */
  readonly verdict: VerdictName;
  /** What this round found, where another verdict counts. */
  readonly overturned: VerdictName | undefined;
  /** Committee mean p̄, three decimals. */
  readonly mean: string;
  /** Own vote, byte. */
  readonly vote: number;
  /**
   * Mean without the own vote, three decimals; it must lie on the side of the verdict for the claim to count, unless
   * another round decided.
   */
  readonly meanWithout: string;
  readonly scoring: Scoring;
  /** (b − y)² − (p − y)², units of 255^-2; zero where the claim does not count */
  readonly term: bigint;
  /** Σ of the terms so far */
  readonly cumulated: bigint;
}

/** Claim by claim what a revealed vote is worth. */
export function claimScores(request: RequestHistory, owner: Address): ClaimScore[] {
  const reveal = request.reveals.get(owner);
  if (reveal === undefined) return [];
  const { votes, weight } = reveal;
  const frame = frameOf(request);
  const lanes = laneTally.lanesOf(request.lanes, frame.claims);
  // The mirror sums whole requests; what one claim adds is the difference of two such sums.
  const sides = sidesOf(request);
  const { overturned } = rulingOf(request);
  const sumOfFirst = (claims: number): skillScore.Sums =>
    skillScore.sumSides(frame, sides.slice(0, claims), votes, weight);
  const counted = (sums: skillScore.Sums): bigint => sums.scoredTrue + sums.scoredFalse;
  let before = sumOfFirst(0);
  return lanes.map((lane, i) => {
    const after = sumOfFirst(i + 1);
    const verdict = sides[i]?.verdict ?? verdictMath.UNDECIDED;
    const own = verdictMath.verdict(lane, frame.bounds);
    const isScored = counted(after) > counted(before);
    const vote = votes[i] ?? 0;
    const score: ClaimScore = {
      claim: i + 1,
      verdict: nameOf(verdict),
      overturned: rulings.contains(overturned, i) ? nameOf(own) : undefined,
      mean: ratio(lane, 255n * frame.weight),
      vote,
      meanWithout: ratio(lane - weight * BigInt(vote), 255n * (frame.weight - weight)),
      scoring: isScored ? "scored" : verdict === verdictMath.UNDECIDED ? "undecided" : "own vote decides",
      term: after.numerator - before.numerator,
      cumulated: after.numerator,
    };
    before = after;
    return score;
  });
}
