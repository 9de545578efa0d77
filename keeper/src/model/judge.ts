import type { Logger } from "../lib/logger.ts";
import type { Claim } from "../payload/schema.ts";
import type { Model } from "./session.ts";
import { voteByte } from "./vote.ts";

export interface Judged {
  /** One byte a claim. */
  readonly votes: Uint8Array;
  /** Claims voted at the base rate because they could not be judged; another time they may be. */
  readonly abstained: number;
}

/**
 * Votes for a whole payload, one byte a claim. Claims that could not be judged, and all claims of a model that failed,
 * get the base rate; a model never guesses and never takes the keeper down.
 *
 * @param baseRate base rate the request pins, byte
 * @param mostMs time for all claims, where it is less than the model is given anyway
 * @throws the reason of `signal` if it has fired: what was not judged because the keeper stops must not become a vote
 */
export async function judgeClaims(
  model: Model,
  claims: readonly Claim[],
  baseRate: number,
  log: Logger,
  signal?: AbortSignal,
  mostMs?: number,
): Promise<Judged> {
  let probabilities: readonly number[];
  try {
    probabilities = await model.judge(claims, signal, mostMs);
  } catch (error) {
    signal?.throwIfAborted();
    log.error("inference failed, voting the base rate", { model: model.name, error: String(error) });
    probabilities = claims.map(() => Number.NaN);
  }
  const votes = claims.map((_, i) => voteByte(probabilities[i] ?? Number.NaN, model.baseRate, baseRate));
  const abstained = claims.filter((_, i) => !Number.isFinite(probabilities[i] ?? Number.NaN)).length;
  if (abstained > 0) log.warn("claims voted at the base rate", { model: model.name, unusable: abstained });
  return { votes: Uint8Array.from(votes), abstained };
}
