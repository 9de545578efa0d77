/**
 * CloneMath.sol, bit for bit: how alike two operators vote where the committee was uncertain. With capitals for sums over
 * n claims, n² · var(x) = n·ΣXX − X² and n² · cov(x, y) = n·ΣXY − X·Y; r ≥ t is cov > 0 and cov² · 10⁸ ≥ t² · var(x) ·
 * var(y), t in basis points. Exact.
 */
import { min } from "./fixedPoint.ts";
import { lane } from "./laneTally.ts";
import { ONE } from "./verdictMath.ts";

const BPS = 10_000n;
/** A vector varies if its standard deviation is at least 8 of 255: its square. Mirrors `CloneMath.MIN_VARIANCE`. */
const MIN_VARIANCE = 64n;

/** Sums over the uncertain claims both voted on. Mirrors `CloneMath.Sums`. */
export interface Sums {
  readonly claims: bigint;
  readonly first: bigint;
  readonly second: bigint;
  readonly firstSquared: bigint;
  readonly secondSquared: bigint;
  readonly product: bigint;
}

export const NO_SUMS: Sums = {
  claims: 0n,
  first: 0n,
  second: 0n,
  firstSquared: 0n,
  secondSquared: 0n,
  product: 0n,
};

/** The committee a request's claims were judged by. */
export interface Committee {
  /** lane sums, see LaneTally */
  readonly lanes: readonly bigint[];
  /** Σv of its reveals */
  readonly weight: bigint;
  /** θ, 16-bit fraction */
  readonly threshold: bigint;
}

/**
 * The sums with every uncertain claim of a round, |p̄ − θ| ≤ 2 · `distance` · min(θ, 1 − θ). Mirrors `add`.
 * @param distance basis points, at θ = ½
 * @param first votes of the one, one byte a claim
 * @param second votes of the other, as many
 */
export function add(
  sums: Sums,
  { lanes, weight, threshold }: Committee,
  distance: bigint,
  first: Uint8Array,
  second: Uint8Array,
): Sums {
  const full = 255n * weight;
  const center = threshold * full;
  const radius = (2n * distance * min(threshold, ONE - threshold) * full) / BPS;
  let { claims, first: a, second: b, firstSquared, secondSquared, product } = sums;
  first.forEach((vote, claim) => {
    const mean = lane(lanes, claim) << 16n;
    if ((mean > center ? mean - center : center - mean) > radius) return;
    const [x, y] = [BigInt(vote), BigInt(second[claim] ?? 0)];
    claims += 1n;
    a += x;
    b += y;
    firstSquared += x * x;
    secondSquared += y * y;
    product += x * y;
  });
  return { claims, first: a, second: b, firstSquared, secondSquared, product };
}

/** Sums over both sets of claims. Mirrors `join`. */
export function join(one: Sums, other: Sums): Sums {
  return {
    claims: one.claims + other.claims,
    first: one.first + other.first,
    second: one.second + other.second,
    firstSquared: one.firstSquared + other.firstSquared,
    secondSquared: one.secondSquared + other.secondSquared,
    product: one.product + other.product,
  };
}

/** Whether r ≥ `correlation`. Votes that hardly vary are no evidence. Mirrors `alike`. */
export function alike(sums: Sums, correlation: bigint): boolean {
  const { claims: n, first, second } = sums;
  const cov = n * sums.product - first * second;
  if (n === 0n || cov <= 0n) return false;
  const varFirst = n * sums.firstSquared - first * first;
  const varSecond = n * sums.secondSquared - second * second;
  const least = MIN_VARIANCE * n * n;
  if (varFirst < least || varSecond < least) return false;
  return cov * cov * BPS * BPS >= correlation * correlation * varFirst * varSecond;
}
