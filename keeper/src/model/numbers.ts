/** Log-odds of a probability. */
export const logit = (p: number): number => Math.log(p / (1 - p));

/** Probability of log-odds. */
export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/**
 * Share of logit `at` among `count` logits from place `from` on; the shares of all sum to 1. The greatest logit is taken off
 * first, so that no exponential overflows.
 */
export function softmax(logits: ArrayLike<number>, at: number, from = 0, count = logits.length): number {
  let greatest = Number.NEGATIVE_INFINITY;
  for (let i = from; i < from + count; i++) greatest = Math.max(greatest, logits[i]!);
  let sum = 0;
  for (let i = from; i < from + count; i++) sum += Math.exp(logits[i]! - greatest);
  return Math.exp(logits[from + at]! - greatest) / sum;
}
