import { correlation, mean } from "../metrics.ts";
import { below, seededRandom } from "../rng.ts";
import type { Pair } from "./pairs.ts";
import { deviation, fisher, ONE_IN_A_MILLION } from "./statistics.ts";

const DRAWS = 200;
const SEED = 71;

/** What innocent pairs of one domain look like, on Fisher's scale. */
export interface Innocents {
  readonly domain: string;
  readonly pairs: number;
  /** Uncertain claims each pair shares. */
  readonly claims: number;
  readonly mean: number;
  /** Spread of the pairs' true values: what the sampling of claims does not explain. */
  readonly between: number;
  readonly closest: number;
  /** Standard deviation of one pair's z, times √claims; 1 for independent, normal votes. */
  readonly noise: number;
}

/**
 * Fits the innocent pairs. The sampling noise of each is bootstrapped by blocks of two neighbouring claims (they are about the same
 * row); the mean of its squares is taken off the variance between pairs.
 */
export function fitInnocents(domain: string, pairs: readonly Pair[]): Innocents {
  const claims = pairs[0]?.left.length ?? 0;
  const values = pairs.map(({ left, right }) => fisher(correlation(left, right)));
  const noises = pairs.map((pair, index) => bootstrapDeviation(pair, SEED + index));
  const sampling = mean(noises.map((value) => value ** 2));
  return {
    domain,
    pairs: pairs.length,
    claims,
    mean: mean(values),
    between: Math.sqrt(Math.max(0, deviation(values) ** 2 - sampling)),
    closest: Math.max(...values),
    noise: Math.sqrt(sampling * claims),
  };
}

function bootstrapDeviation({ left, right }: Pair, seed: number): number {
  const random = seededRandom(seed);
  const blocks = Math.floor(left.length / 2);
  const draws = Array.from({ length: DRAWS }, () => {
    const rows = Array.from({ length: blocks }, () => 2 * below(random, blocks)).flatMap((row) => [
      row,
      row + 1,
    ]);
    return fisher(
      correlation(
        rows.map((row) => left[row] ?? 0),
        rows.map((row) => right[row] ?? 0),
      ),
    );
  });
  return deviation(draws);
}

/** Correlations above which a pair is accused by mistake less than once in a million. */
export interface Thresholds {
  /** The closest innocent pair seen, with the noise of `claims` shared claims. */
  readonly closest: number;
  /** A pair drawn from all pairs like these (normal on Fisher's scale), with that noise. */
  readonly unseen: number;
}

/** @param between spread of pairs around the mean of their domain */
export function thresholdsOf(
  { mean: centre, closest, noise }: Innocents,
  between: number,
  claims: number,
): Thresholds {
  const sampling = noise / Math.sqrt(claims);
  return {
    closest: Math.tanh(closest + ONE_IN_A_MILLION * sampling),
    unseen: Math.tanh(centre + ONE_IN_A_MILLION * Math.hypot(between, sampling)),
  };
}

/** Spread between pairs, pooled over domains by degrees of freedom: ten pairs alone say little about a tail. */
export function pooledSpread(innocents: readonly Innocents[]): number {
  const freedom = innocents.reduce((sum, { pairs }) => sum + pairs - 1, 0);
  return Math.sqrt(
    innocents.reduce((sum, { pairs, between }) => sum + ((pairs - 1) * between ** 2) / freedom, 0),
  );
}

/** Mean distance of two vote vectors, bytes. */
export function meanDistance({ left, right }: Pair): number {
  return mean(left.map((value, index) => Math.abs(value - (right[index] ?? 0))));
}

/**
 * Mean distance below which an innocent pair with this distribution of distances falls less than once in a million over `claims`
 * claims: Cramér's bound, P(mean ≤ t) ≤ (min_λ e^λt · E e^−λd)^n, with blocks of two neighbours as the n independent draws.
 */
export function closestDistance({ left, right }: Pair, claims: number): number {
  const distances = left.map((value, index) => Math.abs(value - (right[index] ?? 0)));
  const blocks = Array.from(
    { length: Math.floor(distances.length / 2) },
    (_, block) => ((distances[2 * block] ?? 0) + (distances[2 * block + 1] ?? 0)) / 2,
  );
  const needed = Math.log(1e6) / (claims / 2);
  let [low, high] = [0, mean(blocks)];
  for (let step = 0; step < 40; step++) {
    const t = (low + high) / 2;
    if (rate(blocks, t) >= needed) low = t;
    else high = t;
  }
  return low;
}

/** max_λ (−λt − ln E e^−λd), by ternary search: the bracket is concave in λ. */
function rate(values: readonly number[], t: number): number {
  const gain = (lambda: number): number =>
    -lambda * t - Math.log(mean(values.map((value) => Math.exp(-lambda * value))));
  let [low, high] = [0, 5];
  for (let step = 0; step < 40; step++) {
    const [a, b] = [low + (high - low) / 3, high - (high - low) / 3];
    if (gain(a) < gain(b)) low = a;
    else high = b;
  }
  return gain((low + high) / 2);
}

/** The distance that a pair drawn from pairs like these undercuts once in a million: normal on a logarithmic scale. */
export function unseenDistance(distances: readonly number[]): number {
  const logs = distances.map((distance) => Math.log(Math.max(0.1, distance)));
  return Math.exp(mean(logs) - ONE_IN_A_MILLION * deviation(logs));
}
