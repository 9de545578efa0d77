import { mean } from "../metrics.ts";
import { type Standing, standingOf } from "./record.ts";

export const WEIGHTINGS = ["equal", "tier", "record"] as const;
export type Weighting = (typeof WEIGHTINGS)[number];

/** Protocol defaults: θ = ½ and a decisive margin of a tenth of the way to the nearer end. */
const THRESHOLD = 0.5;
const MARGIN = 2 * 0.1 * THRESHOLD;

/** One member as a committee sees it: its votes, and its standing when the half that is judged is the first or the second. */
export interface Voter {
  readonly votes: Uint8Array;
  readonly standings: readonly [Standing, Standing];
}

/** What a committee achieved. All but `brier` are shares. */
export interface Outcome {
  /** Claims whose mean vote is on the right side of ½. */
  readonly accuracy: number;
  readonly brier: number;
  /** Claims that are not UNDECIDED. */
  readonly decided: number;
  /** Right among the decided. */
  readonly rightWhenDecided: number;
}

/** Two halves of the claims, pairs of neighbours together: a member's record is made on one and used on the other. */
export function halves(claims: number): [number[], number[]] {
  const all = Array.from({ length: claims }, (_, index) => index);
  const second = (index: number): boolean => Math.floor(index / 2) % 2 === 1;
  return [all.filter((index) => !second(index)), all.filter(second)];
}

export function voterOf(votes: Uint8Array, truths: readonly boolean[], pinned: number): Voter {
  const [first, second] = halves(truths.length);
  return {
    votes,
    standings: [standingOf(votes, truths, second, pinned), standingOf(votes, truths, first, pinned)],
  };
}

/** A member that always votes the opposite of the truth, with certainty; its record knows. */
export function alwaysWrong(truths: readonly boolean[], pinned: number): Voter {
  return voterOf(
    Uint8Array.from(truths, (truth) => (truth ? 0 : 255)),
    truths,
    pinned,
  );
}

/** Judges every claim with weights from the half it is not in. */
export function judgeTogether(voters: readonly Voter[], truths: readonly boolean[], by: Weighting): Outcome {
  const means = new Float64Array(truths.length);
  halves(truths.length).forEach((rows, half) => {
    const weights = voters.map(({ standings }) => weightOf(standings[half] as Standing, by));
    // A committee without any record votes with equal weights.
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    for (const row of rows) {
      const sum = voters.reduce(
        (lane, { votes }, index) => lane + (votes[row] ?? 0) * (total === 0 ? 1 : (weights[index] ?? 0)),
        0,
      );
      means[row] = sum / (255 * (total === 0 ? voters.length : total));
    }
  });
  return outcomeOf(means, truths);
}

function weightOf({ tier, record }: Standing, by: Weighting): number {
  return { equal: 1, tier, record }[by];
}

function outcomeOf(means: Float64Array, truths: readonly boolean[]): Outcome {
  const right = truths.map((truth, row) => (means[row] ?? 0) > THRESHOLD === truth);
  const decided = truths.flatMap((_, row) =>
    Math.abs((means[row] ?? 0) - THRESHOLD) >= MARGIN ? [row] : [],
  );
  return {
    accuracy: mean(right.map(Number)),
    brier: mean(truths.map((truth, row) => ((means[row] ?? 0) - Number(truth)) ** 2)),
    decided: decided.length / truths.length,
    rightWhenDecided: mean(decided.map((row) => Number(right[row]))),
  };
}

/** Every choice of `size` out of `count` indices. */
export function choices(count: number, size: number): number[][] {
  if (size === 0) return [[]];
  return Array.from({ length: count }, (_, last) => last).flatMap((last) =>
    choices(last, size - 1).map((rest) => [...rest, last]),
  );
}

/**
 * Every committee of `size`: all choices of members or, where there are too few, all members and every choice of their twins. None
 * where twins are too few as well.
 */
export function seatings<Item>(members: readonly Item[], twins: readonly Item[], size: number): Item[][] {
  const own = Math.min(size, members.length);
  const from = (items: readonly Item[], count: number): Item[][] =>
    choices(items.length, count).map((chosen) => chosen.flatMap((index) => items.slice(index, index + 1)));
  return from(members, own).flatMap((seated) =>
    from(twins, size - own).map((added) => [...seated, ...added]),
  );
}

/** The mean of several outcomes: what a committee drawn at random may expect. */
export function meanOutcome(outcomes: readonly Outcome[]): Outcome {
  const of = (read: (outcome: Outcome) => number): number => mean(outcomes.map(read));
  return {
    accuracy: of(({ accuracy }) => accuracy),
    brier: of(({ brier }) => brier),
    decided: of(({ decided }) => decided),
    rightWhenDecided: of(({ rightWhenDecided }) => rightWhenDecided),
  };
}
