/**
 * What an appeal is worth on average. Pure, in integers.
 *
 * For each claim i that is appealed against, q_i is the own model's probability that the verdict is wrong, and
 *   P_i = trust · q_i                                                         (1)
 * the chance that the next committee says so: less than q_i, because models err together. r_i is what its voters on the
 * losing side then lose for the funders: half of ⌊bond · (p − y)² / claims⌋ of each (SPEC APP-7, APP-9). The appeal succeeds
 * if it overturns any of the claims, so with at least max P_i, and brings in all at most its bond B, so
 *   value ≥ Σ P_i · r_i · min(1, B / Σ r_i) − (1 − max P_i) · B                (2)
 * whatever the claims have to do with each other. Gas is not in it.
 */
import type { Address } from "viem";

import { GWEI } from "../mirror/fixedPoint.ts";
import { FALSE, ONE, TRUE, verdictOf } from "../mirror/verdictMath.ts";

const BPS = 10_000n;

/** A claim whose verdict the own model is confident against. */
export interface Doubt {
  readonly claim: number;
  /** q_i, of 255 */
  readonly wrong: bigint;
  /** r_i, wei of WORK */
  readonly reward: bigint;
}

/** A finalized round, as the chain tells it. */
export interface Ruled {
  readonly verdicts: readonly [bigint, bigint];
  readonly votes: readonly { readonly owner: Address; readonly votes: Uint8Array }[];
  /** θ, 16-bit fraction */
  readonly threshold: bigint;
  /** b, byte: the vote that means "I don't know" */
  readonly baseRate: number;
  /** of a seat, gwei */
  readonly seatBond: bigint;
}

/**
 * The claims to appeal against.
 *
 * @param opinion the own model's vote, one byte a claim
 * @param confidence least |p − θ|, basis points
 */
export function doubts(
  { verdicts, votes, threshold, baseRate, seatBond }: Ruled,
  opinion: Uint8Array,
  confidence: bigint,
): Doubt[] {
  const pivot = threshold * 255n;
  const found: Doubt[] = [];
  opinion.forEach((byte, claim) => {
    const verdict = verdictOf(verdicts, claim);
    const p = BigInt(byte);
    const ahead = p * ONE - pivot;
    const isAgainst = verdict === TRUE ? ahead < 0n : verdict === FALSE && ahead > 0n;
    const distance = ahead < 0n ? -ahead : ahead;
    // A vote of b says nothing, however far from θ it lies.
    if (!isAgainst || byte === baseRate || distance * BPS <= confidence * ONE * 255n) return;
    const y = verdict === TRUE ? 0n : 255n;
    const lost = votes.reduce((sum, { votes: bytes }) => {
      const vote = BigInt(bytes[claim] ?? 0);
      const isLosing = verdict === TRUE ? vote * ONE > pivot : vote * ONE < pivot;
      const error = vote - y;
      return isLosing ? sum + (seatBond * error * error) / (255n * 255n * BigInt(opinion.length)) : sum;
    }, 0n);
    const wrong = verdict === TRUE ? 255n - p : p;
    found.push({ claim, wrong, reward: (lost * GWEI) / 2n });
  });
  return found;
}

/**
 * (2), rounded down; wei of WORK.
 *
 * @param trust basis points, see (1)
 * @param bond what the appeal costs in all, and how much of it the appellant pays: it shares in the reward pro rata
 */
export function appealValue(
  claims: readonly Doubt[],
  trust: bigint,
  { whole, own }: { readonly whole: bigint; readonly own: bigint },
): bigint {
  if (claims.length === 0) return -own;
  const one = BPS * 255n;
  const expected = claims.reduce((sum, { wrong, reward }) => sum + trust * wrong * reward, 0n);
  const most = claims.reduce((sum, { reward }) => sum + reward, 0n);
  const bounded = most > whole ? (expected * whole) / most : expected;
  const best = claims.reduce((max, { wrong }) => (wrong > max ? wrong : max), 0n);
  const value = (bounded * own) / whole - (one - trust * best) * own;
  return value >= 0n ? value / one : -((-value + one - 1n) / one);
}
