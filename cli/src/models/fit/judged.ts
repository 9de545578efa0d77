/** A claim as the model judged it, before any calibration, with its truth. */
export interface Judged {
  /** The model's probability, kept off 0 and 1 as the keeper keeps it. */
  readonly probability: number;
  /** ln(p / (1 − p)) of it. */
  readonly logit: number;
  readonly truth: boolean;
}

/**
 * What a fit aims at: not 1 and 0 but (T + 1) / (T + 2) and 1 / (F + 2) with T true and F false claims, the means of
 * what one more claim would say. Keeps every fit finite where the model separates the data (Platt, 1999).
 */
export function targets(rows: readonly Judged[]): number[] {
  const trues = rows.filter(({ truth }) => truth).length;
  const high = (trues + 1) / (trues + 2);
  const low = 1 / (rows.length - trues + 2);
  return rows.map(({ truth }) => (truth ? high : low));
}

/** Answers of float32 that are 0 or 1 are roundings: no answer counts for more than odds of a million to one. */
const EDGE = 1e-6;

export function judgedRow(p: number, truth: boolean): Judged {
  const probability = Math.min(1 - EDGE, Math.max(EDGE, p));
  return { probability, logit: Math.log(probability / (1 - probability)), truth };
}
