/**
 * LaneTally.sol, bit for bit: a committee's votes added up, 16 claims a word, one 16-bit lane each.
 * Claim 0 is the highest lane of word 0. Lanes cannot carry because Σv ≤ {@link MAX_WEIGHT} is reserved at commit.
 */

/** Claims a word. */
export const LANES = 16;
/** Largest Σv of a committee. Mirrors `LaneTally.MAX_WEIGHT`. */
export const MAX_WEIGHT = 255n;

const WORDS = 16;

/** The 16 words of a committee nobody revealed in yet. Mirrors the storage of `Assay` before the first reveal. */
export function empty(): bigint[] {
  return Array.from({ length: WORDS }, () => 0n);
}

/**
 * The words after one more vote. Mirrors `add`, which changes them in place.
 * @param words running sums
 * @param votes one byte a claim, at most 256
 * @param weight v of the voter, 1..4
 */
export function add(words: readonly bigint[], votes: Uint8Array, weight: bigint): bigint[] {
  const sums = [...words];
  votes.forEach((vote, claim) => {
    const word = Math.floor(claim / LANES);
    sums[word] = (sums[word] ?? 0n) + ((BigInt(vote) * weight) << offset(claim));
  });
  return sums;
}

/** Σ vote · v of one claim. Mirrors `lane`. */
export function lane(words: readonly bigint[], claim: number): bigint {
  return ((words[Math.floor(claim / LANES)] ?? 0n) >> offset(claim)) & 0xffffn;
}

/** The lanes of the first `claims` claims. Mirrors `lane`, claim by claim. */
export function lanesOf(words: readonly bigint[], claims: bigint): bigint[] {
  return Array.from({ length: Number(claims) }, (_, claim) => lane(words, claim));
}

function offset(claim: number): bigint {
  return BigInt(16 * (LANES - 1 - (claim % LANES)));
}
