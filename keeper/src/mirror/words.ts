/**
 * The packed words events carry, field by field. Mirrors the libraries RequestWords (SeatWord), ScoreWords and
 * AccountWords: what an event says is the slot or word the contract worked with.
 */

const field = (word: bigint, offset: number, bits: number): bigint =>
  BigInt.asUintN(bits, word >> BigInt(offset));
const signed = (word: bigint, offset: number, bits: number): bigint =>
  BigInt.asIntN(bits, word >> BigInt(offset));

/** A seat as `Committed` says it; see IAssay.Seat. */
export interface SeatFields {
  readonly digest: bigint;
  readonly family: number;
  /** v of the voter, 1..4 */
  readonly weight: bigint;
  readonly late: boolean;
}

/** Mirrors `SeatWords.unpack`: the digest, the family and the flags v and LATE. */
export function seat(word: bigint): SeatFields {
  return {
    digest: field(word, 0, 240),
    family: Number(field(word, 240, 8)),
    weight: field(word, 248, 3),
    late: field(word, 251, 1) === 1n,
  };
}

/** What a settled seat scored, as `SeatSettled` says it. */
export interface ScoreFields {
  /** Σ((b − y)² − (p − y)²), units of 255^-2 */
  readonly numerator: bigint;
  readonly scoredTrue: bigint;
  readonly scoredFalse: bigint;
  readonly losing: bigint;
  /** x̄, WAD */
  readonly lossMean: bigint;
  /** what the seat adds to the quality window, 1e-12 */
  readonly quality: bigint;
  readonly late: boolean;
  /** claims that count for the quality: those scored, of a canary those answered */
  readonly weighed: bigint;
}

/** Takes apart what `ScoreWords.pack` put together. */
export function score(word: bigint): ScoreFields {
  return {
    numerator: signed(word, 0, 32),
    scoredTrue: field(word, 32, 16),
    scoredFalse: field(word, 48, 16),
    losing: field(word, 64, 16),
    lossMean: field(word, 80, 64),
    quality: signed(word, 144, 64),
    late: field(word, 208, 1) === 1n,
    weighed: field(word, 209, 16),
  };
}

/** A score account before a seat, as `SeatSettled` says it; see IRewardMinter.Account. */
export interface AccountFields {
  /** wei */
  readonly score: bigint;
  /** gwei */
  readonly releasable: bigint;
  /** gwei */
  readonly served: bigint;
  /** R^γ · tilt, 1e9 = 1.0 */
  readonly factor: bigint;
  readonly scored: bigint;
}

/** Mirrors `AccountWords.unpack`. */
export function account(word: bigint): AccountFields {
  return {
    score: signed(word, 0, 88),
    releasable: field(word, 88, 56),
    served: field(word, 144, 56),
    factor: field(word, 200, 40),
    scored: field(word, 240, 16),
  };
}
