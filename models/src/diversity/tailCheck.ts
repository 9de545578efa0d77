import { correlation } from "../metrics.ts";
import { below, type Random, seededRandom } from "../rng.ts";
import type { Pair } from "./pairs.ts";
import { fisher } from "./statistics.ts";

const ONE_IN_A_MILLION = 1e-6;
/** Draws of the strictest pair that are expected beyond the quantile; of every pair, and of each resample, a hundredth as many. */
const BEYOND = 10;
const FEWER = 100;
const RESAMPLES = 100;
/** Share of the draws that is the tail: with a hundredth, a normal tail would be taken for a shorter one. */
const TAIL = 0.002;
/** Of the true quantile's rank from above, which is Poisson with that mean: its 97.5 % and 2.5 % quantiles. */
const RANKS = { low: 17, high: 4 };
/** Neighbouring claims are about the same row: they are drawn together. Longer blocks ask whether that is enough. */
const BLOCK = 2;
const LONG_BLOCK = 8;
const SEED = 81;

/** A quantile with the ends of its 95 % interval, as correlations. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** The correlation that the strictest innocent pair of a domain exceeds once in a million, without assuming a shape. */
export interface TailCheck {
  /** r of that pair on all its claims. */
  readonly seen: number;
  /** Generalised Pareto tail over the highest 0.2 % of the draws; the interval is that of the claims resampled. */
  readonly pareto: Estimate;
  /** The tenth highest of ten million draws; the interval is that of chance in these draws. */
  readonly counted: Estimate;
  /** The Pareto tail where eight neighbours are drawn together. */
  readonly longBlocks: number;
  /** Highest r of all draws of all pairs. */
  readonly highest: number;
  readonly draws: number;
}

/**
 * Bootstraps every pair over `claims` shared claims and looks closer at the pair whose quantile is the highest.
 *
 * @param chance with which the correlation asked for is exceeded; ten divided by it is the number of draws
 */
export function checkTail(pairs: readonly Pair[], claims: number, chance = ONE_IN_A_MILLION): TailCheck {
  const strictest = Math.round(BEYOND / chance);
  const fewer = Math.round(strictest / FEWER);
  const all = pairs.map((pair, index) => {
    const draws = bootstrap(pair, claims, BLOCK, fewer, seededRandom(SEED + index));
    return { pair, quantile: paretoQuantile(draws, TAIL, chance), highest: draws.at(-1) ?? 0 };
  });
  const { pair, quantile } = all.reduce((worst, other) => (other.quantile > worst.quantile ? other : worst));
  const random = seededRandom(SEED);
  const resampled = Array.from({ length: RESAMPLES }, () => {
    const draws = bootstrap(resample(pair, random), claims, BLOCK, fewer, random);
    return paretoQuantile(draws, TAIL, chance);
  }).sort((a, b) => a - b);
  const many = bootstrap(pair, claims, BLOCK, strictest, random);
  const ranked = (rank: number): number => Math.tanh(many.at(-rank) ?? 0);
  return {
    seen: correlation(pair.left, pair.right),
    pareto: {
      value: Math.tanh(quantile),
      low: Math.tanh(resampled[Math.floor(0.025 * RESAMPLES)] ?? 0),
      high: Math.tanh(resampled[Math.ceil(0.975 * RESAMPLES) - 1] ?? 0),
    },
    counted: { value: ranked(BEYOND), low: ranked(RANKS.low), high: ranked(RANKS.high) },
    longBlocks: Math.tanh(paretoQuantile(bootstrap(pair, claims, LONG_BLOCK, fewer, random), TAIL, chance)),
    highest: Math.tanh(Math.max(many.at(-1) ?? 0, ...all.map(({ highest }) => highest))),
    draws: pairs.length * fewer + strictest,
  };
}

/** As many claims, drawn again with their neighbours. */
function resample({ left, right }: Pair, random: Random): Pair {
  const blocks = Math.floor(left.length / BLOCK);
  const rows = Array.from({ length: blocks }, () => BLOCK * below(random, blocks)).flatMap((row) =>
    Array.from({ length: BLOCK }, (_, place) => row + place),
  );
  return { left: rows.map((row) => left[row] ?? 0), right: rows.map((row) => right[row] ?? 0) };
}

/** z = atanh r over `claims` claims drawn with replacement in blocks of `length` neighbours, ascending. */
export function bootstrap(
  pair: Pair,
  claims: number,
  length: number,
  draws: number,
  random: Random,
): Float64Array {
  const sums = blockSums(pair, length);
  const blocks = sums.length / 5;
  const taken = Math.round(claims / length);
  const count = taken * length;
  const values = new Float64Array(draws);
  for (let draw = 0; draw < draws; draw++) {
    let a = 0;
    let b = 0;
    let aa = 0;
    let bb = 0;
    let ab = 0;
    for (let block = 0; block < taken; block++) {
      const at = 5 * below(random, blocks);
      a += sums[at] ?? 0;
      b += sums[at + 1] ?? 0;
      aa += sums[at + 2] ?? 0;
      bb += sums[at + 3] ?? 0;
      ab += sums[at + 4] ?? 0;
    }
    const spread = Math.sqrt((count * aa - a * a) * (count * bb - b * b));
    values[draw] = fisher(spread === 0 ? 0 : (count * ab - a * b) / spread);
  }
  return values.sort();
}

/** Σa, Σb, Σa², Σb², Σab of every block; claims that do not fill one are left out. */
function blockSums({ left, right }: Pair, length: number): Float64Array {
  const sums = new Float64Array(5 * Math.floor(left.length / length));
  for (let row = 0; row < (sums.length / 5) * length; row++) {
    const [a, b] = [left[row] ?? 0, right[row] ?? 0];
    [a, b, a * a, b * b, a * b].forEach((value, place) => {
      const at = 5 * Math.floor(row / length) + place;
      sums[at] = (sums[at] ?? 0) + value;
    });
  }
  return sums;
}

/**
 * The value that a draw exceeds with probability `chance`, by peaks over threshold: the highest `tail` of the draws follow a generalised
 * Pareto distribution. Its shape ξ and scale σ by probability-weighted moments (Hosking and Wallis 1987) of the excesses y:
 *
 *   α₀ = mean y,  α₁ = mean y·(1 − F(y)),  ξ = 2 − α₀ / (α₀ − 2α₁),  σ = 2α₀α₁ / (α₀ − 2α₁)
 *   quantile = threshold + σ/ξ · ((chance / tail)^−ξ − 1)
 *
 * @param draws ascending
 */
export function paretoQuantile(draws: ArrayLike<number>, tail: number, chance: number): number {
  const count = Math.round(draws.length * tail);
  const start = draws.length - count;
  const threshold = draws[start - 1] ?? 0;
  let [first, second] = [0, 0];
  for (let rank = 0; rank < count; rank++) {
    const excess = (draws[start + rank] ?? 0) - threshold;
    first += excess / count;
    second += (excess * (count - 1 - rank)) / (count - 1) / count;
  }
  const shape = 2 - first / (first - 2 * second);
  const scale = (2 * first * second) / (first - 2 * second);
  const times = tail / chance;
  return threshold + scale * (Math.abs(shape) < 1e-9 ? Math.log(times) : (times ** shape - 1) / shape);
}
