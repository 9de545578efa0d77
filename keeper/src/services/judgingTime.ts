import type { RoundState } from "../chain/reads.ts";

/** Most of the time that is left which is kept for the commit, seconds: two blocks of 12. */
export const COMMIT_SECONDS = 24;

/**
 * How long payload and model may take, so that what is not judged by then can still be voted at the base rate in time:
 * two thirds of what is left before commits are LATE, or, past half of the window, before it closes.
 *
 * @param now Unix seconds of the chain
 * @returns ms
 */
export function judgingTime({ draw, round }: Pick<RoundState, "draw" | "round">, now: number): number {
  const { commitWindow } = draw;
  // The clock of a request that is not sealed is ahead. Its window counts from now: the next commit seals.
  const gone = Math.max(0, now - round.clock);
  const end = gone > commitWindow / 2 ? commitWindow : (commitWindow * 3) / 4;
  const left = Math.max(0, end - gone);
  return 1_000 * (left - Math.min(left / 3, COMMIT_SECONDS));
}
