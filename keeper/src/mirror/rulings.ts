/**
 * Rulings.sol and what Appeals.sol makes of it, bit for bit: what the rounds of a request say together. Verdict words
 * hold two bits a claim (0 undecided, 1 false, 2 true), claim 0 lowest, 128 claims a word; masks hold 1 in the low bit
 * of every claim they contain.
 */
import { divUp, max, min } from "./fixedPoint.ts";
import type { Bounds } from "./verdictMath.ts";

/** Verdicts or a mask of a whole request. */
export type Words = readonly [bigint, bigint];

const WORD = (1n << 256n) - 1n;
const LOW = WORD / 3n;
/** Share of the weight an appeal needs on a claim's side, tenths. */
const APPEAL_SHARE = 6n;

export const NO_VERDICTS: Words = [0n, 0n];

/**
 * Bounds of an appeal: those of the domain, but never less than 60 % of the weight. Mirrors `appealBounds`.
 * @param limits of a first round, see `verdictMath.bounds`
 * @param weight Σv of the reveals
 */
export function appealBounds(limits: Bounds, weight: bigint): Bounds {
  const full = 255n * weight;
  return {
    high: max(limits.high, divUp(full * APPEAL_SHARE, 10n)),
    low: min(limits.low, (full * (10n - APPEAL_SHARE)) / 10n),
  };
}

/** Mask of the claims that `words` decide. Mirrors `decided`. */
export function decided(words: bigint): bigint {
  return (words | (words >> 1n)) & LOW;
}

/** Whether `words` decide each of the first `claims` claims, and say nothing else. Mirrors `decidesAll`. */
export function decidesAll(words: Words, claims: number): boolean {
  return words.every((word, i) => {
    const here = BigInt(Math.min(Math.max(claims - 128 * i, 0), 128));
    const all = LOW & ((1n << (2n * here)) - 1n);
    return ((word & LOW) ^ ((word >> 1n) & LOW)) === all && (word & (WORD ^ (3n * all))) === 0n;
  });
}

/** Mask of the claims that both decide, differently. Mirrors `opposed`. */
export function opposed(a: bigint, b: bigint): bigint {
  const x = a ^ b;
  return x & (x >> 1n) & LOW;
}

/** Mask of the claims on which both say the same. Mirrors `same`. */
export function same(a: bigint, b: bigint): bigint {
  const x = a ^ b;
  return ((x | (x >> 1n)) & LOW) ^ LOW;
}

/** The verdicts after a later round: its own where it decided, the earlier ones elsewhere. Mirrors `amended`. */
export function amended(earlier: bigint, later: bigint): bigint {
  return (earlier & (WORD ^ (decided(later) * 3n))) | later;
}

/** What all rounds of a request say together. Mirrors `Appeals._chain`. */
export interface Chain {
  /** The verdicts that count. */
  readonly verdicts: Words;
  /** What the quality of a canary's seats is judged by: its answers, but what an appeal decided where one did. */
  readonly reference: Words;
  /** By round, the claims, or answers, it overturned for good. */
  readonly lasting: readonly Words[];
  /** By round, whether there are such claims. */
  readonly upheld: readonly boolean[];
}

/**
 * Puts the rounds of a request together. Mirrors `Appeals._chain`.
 * @param own each round's own verdicts, all undecided without quorum
 * @param answers of a canary
 */
export function chain(own: readonly Words[], answers: Words = NO_VERDICTS): Chain {
  let verdicts = NO_VERDICTS;
  let reference = answers;
  const flips = own.map((words, r) => {
    const before = verdicts;
    const known = reference;
    verdicts = both((i) => amended(before[i], words[i]));
    if (r === 0) return NO_VERDICTS;
    reference = both((i) => amended(known[i], words[i]));
    return both((i) => opposed(before[i], words[i]) | opposed(known[i], words[i]));
  });
  const lasting = own.map((words, r) =>
    both((i) => (r === 0 ? 0n : (flips[r]?.[i] ?? 0n) & same(words[i], verdicts[i]))),
  );
  return { verdicts, reference, lasting, upheld: lasting.map(isAny) };
}

/** How the seats of one round are judged. Mirrors `IAppeals.Ruling`. */
export interface Ruling {
  /** The verdicts that count. */
  readonly verdicts: Words;
  /** Claims that another round decided. */
  readonly foreign: Words;
  /** See {@link Chain.reference}; only a canary is judged by it. */
  readonly reference: Words;
  /** Claims whose reference hangs on no vote of this round. */
  readonly apart: Words;
  /** Claims on which this round's own verdict does not count. */
  readonly overturned: Words;
  /** First later round that overturned one of them for good: it gets what the losing voters are charged. */
  readonly winner: number | undefined;
}

/**
 * Mirrors `Appeals.rulingOf`.
 * @param own each round's own verdicts
 * @param round which of them is judged, from 0
 * @param answers of a canary
 */
export function rulingOf(own: readonly Words[], round: number, answers: Words = NO_VERDICTS): Ruling {
  const { verdicts, reference, lasting } = chain(own, answers);
  const mine = own[round] ?? NO_VERDICTS;
  const later = own.slice(round + 1);
  const foreign = both((i) => {
    const decidedLater = later.reduce((mask, words) => mask | decided(words[i]), 0n);
    // Where neither this round nor a later one decided, an earlier one did, or the claim stays undecided.
    return decidedLater | (decided(verdicts[i]) & (LOW ^ decided(mine[i])));
  });
  // An answer hangs on no vote; in its own round nothing but answers and later rounds is looked at.
  const apart = both((i) => {
    if (round === 0) return decided(reference[i]);
    const decidedLater = later.reduce((mask, words) => mask | decided(words[i]), 0n);
    return decidedLater | (LOW ^ decided(mine[i]));
  });
  const overturned = both((i) => opposed(mine[i], verdicts[i]));
  const isOfThem = (mask: Words) => isAny(both((i) => mask[i] & overturned[i]));
  const winner = lasting.findIndex((mask, r) => r > round && isOfThem(mask));
  return { verdicts, foreign, reference, apart, overturned, winner: winner < 0 ? undefined : winner };
}

/** Whether a mask contains a claim, from 0. Mirrors how `SkillScore.sidesBy` reads one. */
export function contains(mask: Words, claim: number): boolean {
  return ((mask[claim < 128 ? 0 : 1] >> BigInt(2 * (claim % 128))) & 1n) === 1n;
}

function isAny(mask: Words): boolean {
  return mask.some((word) => word !== 0n);
}

function both(word: (i: 0 | 1) => bigint): Words {
  return [word(0), word(1)];
}
