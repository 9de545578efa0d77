/** Defaults of the clone rule as CloneRegistry has them; section 3 of docs/diversity.md argues for them. */
export const CLONE_RULE = {
  /** Shared uncertain claims, at least. */
  claims: 512,
  /** Greatest distance of p̄ from ½ that counts as uncertain, at θ = ½; half as a share of the way to the nearer end. */
  uncertain: 0.25,
  /** Accused from this r on. */
  correlation: 0.95,
} as const;
