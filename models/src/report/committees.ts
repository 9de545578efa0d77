import {
  alwaysWrong,
  judgeTogether,
  meanOutcome,
  type Outcome,
  seatings,
  type Voter,
  WEIGHTINGS,
  type Weighting,
} from "./committee.ts";

export const SIZES = [3, 5, 7] as const;
/** Members that are always wrong. */
const LIARS = [0, 1, 2];

/** What committees of one size achieve on average. */
export interface Measured {
  readonly size: number;
  /** Committees the outcome is the mean of. */
  readonly committees: number;
  readonly liars: number;
  readonly by: Weighting;
  readonly outcome: Outcome;
}

/**
 * Committees of 3, 5, 7 and all members, with none, one and two of them always wrong: the best ones of each committee are replaced.
 *
 * @param twins of every member a retraining, for committees that are larger than the number of members; may be empty
 */
export function measureCommittees(
  voters: readonly Voter[],
  twins: readonly Voter[],
  truths: readonly boolean[],
  pinned: number,
): Measured[] {
  const wrong = alwaysWrong(truths, pinned);
  const brier = new Map([...voters, ...twins].map((voter) => [voter, alone(voter, truths).brier]));
  const turned = (seated: readonly Voter[], liars: number): Voter[] => {
    const best = new Set(
      [...seated].sort((a, b) => (brier.get(a) ?? 1) - (brier.get(b) ?? 1)).slice(0, liars),
    );
    return seated.map((voter) => (best.has(voter) ? wrong : voter));
  };
  return [...new Set([...SIZES, voters.length])].flatMap((size) => {
    const all = seatings(voters, twins, size);
    return (all.length === 0 ? [] : LIARS).flatMap((liars) =>
      WEIGHTINGS.map((by) => ({
        size,
        committees: all.length,
        liars,
        by,
        outcome: meanOutcome(all.map((seated) => judgeTogether(turned(seated, liars), truths, by))),
      })),
    );
  });
}

/** One member as a committee of its own. */
export function alone(voter: Voter, truths: readonly boolean[]): Outcome {
  return judgeTogether([voter], truths, "equal");
}

/** The member with the lowest Brier score on these very claims. */
export function bestAlone(voters: readonly Voter[], truths: readonly boolean[]): Outcome {
  return voters
    .map((voter) => alone(voter, truths))
    .reduce((best, other) => (other.brier < best.brier ? other : best));
}
