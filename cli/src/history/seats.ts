import { rewards, skillScore } from "@assay/keeper";
import type { Address } from "viem";

import type { BookAccount, FactorParts } from "./books.ts";
import type { Check } from "./check.ts";
import type { Charge } from "./pools.ts";
import { answersOf, frameOf, inspectedSides, rulingOf, sidesOf, type RequestHistory } from "./requests.ts";

/** Names of the two bits of an outcome. */
export const OUTCOMES = ["SUCCESS", "WRONG", "LATE", "ABSENT"] as const;

/** Sums of the open quality window of an operator. */
export interface QualityWindow {
  /** Σs − τ · Σ(b − y)²/(4b(1 − b)), 1e-12 */
  readonly quality: bigint;
  /** scored claims */
  readonly scored: bigint;
}

export const EMPTY_WINDOW: QualityWindow = { quality: 0n, scored: 0n };

/** What a revealed vote is worth, recomputed from the votes of the whole committee. */
export interface Score {
  readonly sums: skillScore.Sums;
  /** x̄, WAD */
  readonly lossMean: bigint;
  /** wei; of an overturned seat what is left of it */
  readonly value: bigint;
  /** what overturned verdicts take of the bond, gwei */
  readonly overturned: bigint;
  /** wei, before an overturned seat's loss shrinks with its bond */
  readonly fullValue: bigint;
  /** what this request adds to the quality window, 1e-12 */
  readonly quality: bigint;
  /** claims that count for it: those scored, of a canary those answered */
  readonly weighed: bigint;
  /** Its quality was judged by the answers of a canary. */
  readonly isInspected: boolean;
}

/** @throws if the owner did not reveal */
export function scoreOf(request: RequestHistory, owner: Address): Score {
  const reveal = request.reveals.get(owner);
  if (reveal === undefined) throw new Error(`the events tell of no reveal of ${owner}`);
  const { terms, parameters } = request;
  const baseRate = BigInt(terms.baseRate);
  const frame = frameOf(request);
  const { verdicts, overturned: mask } = rulingOf(request);
  const sums = skillScore.sumSides(frame, sidesOf(request), reveal.votes, reveal.weight);
  const lossMean = skillScore.lossMean(sums, request.weight);
  const fullValue = skillScore.value(sums.numerator, terms.price, baseRate, lossMean);
  const isInspected = answersOf(request) !== undefined;
  const judged = isInspected
    ? skillScore.sumSides(frame, inspectedSides(request), reveal.votes, reveal.weight)
    : sums;
  const overturned = skillScore.overturnCharge(frame, verdicts, mask, reveal.votes, request.bond);
  // What was taken no longer backs the score, so a loss shrinks with the bond, rounded towards zero.
  const shrinks = overturned > 0n && fullValue < 0n;
  return {
    sums,
    lossMean,
    overturned,
    fullValue,
    value: shrinks ? (fullValue * (request.bond - overturned)) / request.bond : fullValue,
    quality: skillScore.quality(judged, baseRate, parameters.rewards.qualityBar),
    weighed: judged.scoredTrue + judged.scoredFalse,
    isInspected,
  };
}

/** The outcomes a revealed seat records, and the window it leaves. Mirrors `ReputationLedger.record`. */
export function outcomesOf(
  { parameters }: RequestHistory,
  { weighed, quality }: Score,
  late: boolean,
  before: QualityWindow,
): { outcomes: number[]; after: QualityWindow } {
  const { preset, qualityWindow } = parameters.committee;
  const isPublished = preset === 1;
  const outcomes: number[] = [];
  if (late || isPublished) outcomes.push(late ? 2 : 0);
  if (weighed === 0n || isPublished) return { outcomes, after: before };
  const window = { quality: before.quality + quality, scored: before.scored + weighed };
  const closed = window.scored / BigInt(qualityWindow);
  if (closed === 0n) return { outcomes, after: window };
  const outcome = window.quality > 0n ? 0 : 1;
  for (let i = 0n; i < closed; i++) outcomes.push(outcome);
  return { outcomes, after: { quality: 0n, scored: window.scored - closed * BigInt(qualityWindow) } };
}

/** Outcomes as the events carry them: two bits each, the oldest lowest, count << 128. */
export function packOutcomes(outcomes: readonly number[]): bigint {
  const tape = outcomes.reduce((word, outcome, i) => word | (BigInt(outcome) << BigInt(2 * i)), 0n);
  return tape | (BigInt(outcomes.length) << 128n);
}

/** What an overturned verdict cost a seat. */
export interface OverturnedBond {
  readonly charge: Charge;
  /** wei of it that the appeal's funders got; the rest was burned */
  readonly reward: bigint;
}

/** A seat that voted and was settled under a verdict. */
export interface ScoredSeat {
  readonly kind: "scored";
  readonly late: boolean;
  readonly score: Score;
  /** undefined unless its side was overturned */
  readonly overturned: OverturnedBond | undefined;
  readonly outcomes: readonly number[];
  readonly windowBefore: QualityWindow;
  readonly windowAfter: QualityWindow;
  readonly account: BookAccount;
  /** Epoch the account was in when the seat was settled. */
  readonly epoch: bigint;
  readonly before: bigint;
  readonly after: bigint;
  /** R^γ · tilt, 1e9 = 1.0 */
  readonly factor: bigint;
  readonly factorParts: FactorParts;
  readonly checks: readonly Check[];
}

/** A seat without a verdict that did its duty: the bond came back, nothing else. */
export interface ReleasedSeat {
  readonly kind: "released";
  readonly checks: readonly Check[];
}

/** A seat that committed and never revealed: the whole bond is due. */
export interface UnrevealedSeat {
  readonly kind: "unrevealed";
  /** wei */
  readonly owed: bigint;
  readonly charge: Charge;
  readonly outcomes: readonly number[];
  readonly checks: readonly Check[];
}

/** A seat that was drawn and silent: `absenceRatio · price · claims / R^δ`, at most the bond. */
export interface AbsentSeat {
  readonly kind: "absent";
  readonly reporter: Address;
  /** R when it was reported, WAD */
  readonly reputation: bigint;
  /** wei, before the bound */
  readonly owed: bigint;
  readonly charge: Charge;
  readonly checks: readonly Check[];
}

export type SettledSeat = ScoredSeat | ReleasedSeat | UnrevealedSeat | AbsentSeat;

/** Checks that every charge has in common. */
export function chargeChecks({ charged, bounty, said }: Charge, emitted: bigint): Check[] {
  return [
    { what: "charged", computed: charged, chain: emitted },
    { what: "charged, as the vault says", computed: charged, chain: said.charged },
    { what: "bounty", computed: bounty, chain: said.bounty },
  ];
}

/** What a silent seat owes, wei, before the bond bounds it. */
export function absenceOwed({ terms, parameters }: RequestHistory, reputation: bigint): bigint {
  const fee = terms.price * BigInt(terms.claims);
  const { absenceRatio } = parameters.fees;
  return rewards.absenceCharge(fee, BigInt(absenceRatio), reputation, parameters.rewards.delta);
}
