/** Probabilities of classes from their logits. */
export function softmax(logits: Float64Array): Float64Array {
  const top = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp(logit - top));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

/** Log-odds of one class under softmax: z_c − ln Σ_{other} e^z, exact also where the probability rounds to 1. */
export function classLogit(logits: ArrayLike<number>, label: number): number {
  const others = Array.from(logits).filter((_, index) => index !== label);
  const top = Math.max(...others);
  const rest = others.reduce((sum, logit) => sum + Math.exp(logit - top), 0);
  return (logits[label] ?? 0) - top - Math.log(rest);
}
