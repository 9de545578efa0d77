import { reputationMath, sortition } from "@assay/keeper";

import { below, seededRandom } from "../rng.ts";

const WAD = 10n ** 18n;
/** Defaults of the protocol's preset "quality". */
const RULE: reputationMath.Rule = {
  pull: (WAD * 55n) / 1000n,
  success: (WAD * 105n) / 100n,
  wrong: (WAD * 94n) / 100n,
  late: WAD,
  absent: WAD,
  catchUp: 0n,
};
const QUALITY_BAR = 0.25;
/** Scored claims of a quality window, and windows in a history. */
const WINDOW = 32;
const WINDOWS = 128;
const SEED = 51;

/** What a member's past says about it. */
export interface Standing {
  /** R after the history. */
  readonly reputation: number;
  /** Vote weight of its tier, 1 … 4. */
  readonly tier: number;
  /** Weight by record: the share of the possible skill it earned, nothing below zero. */
  readonly record: number;
}

/** Σ((b − y)² − (p − y)²) / Σ(b − y)²: the skill the protocol would pay, 1 for always certain and right, 0 for always b. */
export function skillShare(votes: ArrayLike<number>, truths: readonly boolean[], pinned: number): number {
  let [earned, possible] = [0, 0];
  truths.forEach((truth, index) => {
    const y = truth ? 255 : 0;
    earned += (pinned - y) ** 2 - ((votes[index] ?? 0) - y) ** 2;
    possible += (pinned - y) ** 2;
  });
  return earned / possible;
}

/**
 * The standing after 128 quality windows of 32 claims drawn from `history`, scored against the truth (as if all verdicts had been
 * right).
 */
export function standingOf(
  votes: Uint8Array,
  truths: readonly boolean[],
  history: readonly number[],
  pinned: number,
): Standing {
  const random = seededRandom(SEED);
  let r = reputationMath.START;
  for (let window = 0; window < WINDOWS; window++) {
    const rows = Array.from({ length: WINDOW }, () => history[below(random, history.length)] ?? 0);
    const share = shareOf(votes, truths, rows, pinned);
    const outcome = share > QUALITY_BAR ? reputationMath.SUCCESS : reputationMath.WRONG;
    r = reputationMath.apply(r, outcome, RULE);
  }
  return {
    reputation: Number(r) / 1e18,
    tier: Number(sortition.tier(r)),
    record: Math.max(0, shareOf(votes, truths, history, pinned)),
  };
}

function shareOf(
  votes: Uint8Array,
  truths: readonly boolean[],
  rows: readonly number[],
  pinned: number,
): number {
  return skillShare(
    rows.map((row) => votes[row] ?? 0),
    rows.map((row) => truths[row] === true),
    pinned,
  );
}
