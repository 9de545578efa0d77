/**
 * From a model's probabilities to vote bytes: the part of a vote that others must be able to reproduce. No I/O.
 */
import { logit, sigmoid } from "./numbers.ts";

/**
 * A model's own 0 and 1 are roundings of float32, not knowledge: no answer counts for more than odds of 249 to 1. Cut
 * before the base rate is added, because logit(0) and logit(1) are infinite and would drown it. The vote itself may
 * still be 0 or 255, where the pinned base rate points the same way; no second cut, it would bias what is calibrated.
 */
const MIN_PROBABILITY = 0.004;

/**
 * Moves a probability from the prior a model was calibrated on to the domain's: logit p + logit b − logit b_train.
 *
 * @param p probability in (0, 1)
 * @param trained prior of the training data, in (0, 1)
 * @param pinned base rate of the request, in (0, 1)
 */
export function moveToBaseRate(p: number, trained: number, pinned: number): number {
  return sigmoid(logit(p) + logit(pinned) - logit(trained));
}

/**
 * One vote byte. Whatever is no probability becomes the base rate: "I don't know" earns exactly nothing.
 *
 * @param p the model's probability, or anything else if it failed
 * @param trained prior of the training data, in (0, 1)
 * @param baseRate base rate the request pins, byte 13..242
 */
export function voteByte(p: number, trained: number, baseRate: number): number {
  if (!Number.isFinite(p) || p < 0 || p > 1) return baseRate;
  const inside = Math.min(1 - MIN_PROBABILITY, Math.max(MIN_PROBABILITY, p));
  const vote = Math.round(moveToBaseRate(inside, trained, baseRate / 255) * 255);
  // NaN if a prior is no probability: still no guess.
  return Number.isNaN(vote) ? baseRate : vote;
}
