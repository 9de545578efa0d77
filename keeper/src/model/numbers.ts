/** Log-odds of a probability. */
export const logit = (p: number): number => Math.log(p / (1 - p));

/** Probability of log-odds. */
export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** Shares that sum to 1. The greatest logit is taken off first, so that no exponential overflows. */
export function softmax(logits: readonly number[]): number[] {
  const greatest = Math.max(...logits);
  const powers = logits.map((x) => Math.exp(x - greatest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}
