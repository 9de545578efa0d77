import { voteByte } from "@assay/keeper";

import { below, type Random, seededRandom } from "../rng.ts";
import { mean } from "../metrics.ts";
import type { Retrained } from "./monoculture.ts";
import type { MeasuredDomain } from "./specialists.ts";

/** Two vote vectors over the same uncertain claims. */
export interface Pair {
  readonly left: readonly number[];
  readonly right: readonly number[];
}

/** Pairs of one kind of kinship in one domain. */
export interface Kinship {
  readonly kind: string;
  readonly domain: string;
  readonly pairs: readonly Pair[];
}

/** Largest byte added to or taken from each vote by a clone that hides. */
export const NOISE = [8, 16, 32, 64];
const SEED = 61;

/** Claims on which the committee of all members is within `bound` of ½. */
export function uncertainRows({ predictions, truths }: MeasuredDomain, bound: number): number[] {
  return truths.flatMap((_, row) => {
    const centre = mean(predictions.map(({ votes }) => (votes[row] ?? 0) / 255));
    return Math.abs(centre - 0.5) <= bound ? [row] : [];
  });
}

/** Pairs of different families, of retrainings, and of clones that change their copy, on the claims `rows`. */
export function kinships(
  measured: MeasuredDomain,
  retrained: readonly Retrained[],
  rows: readonly number[],
): Kinship[] {
  const random = seededRandom(SEED);
  const domain = measured.domain.name;
  const on = (votes: Uint8Array): number[] => rows.map((row) => votes[row] ?? 0);
  const members = measured.predictions.map(({ votes }) => on(votes));
  const differ = ({ left, right }: Pair): boolean => left.some((value, i) => value !== right[i]);
  const clones = (kind: string, change: (votes: readonly number[]) => readonly number[]): Kinship => ({
    kind,
    domain,
    pairs: members.map((left) => ({ left, right: change(left) })),
  });
  return [
    { kind: "different families", domain, pairs: among(members) },
    {
      kind: "other rows and seeds",
      domain,
      pairs: retrained.flatMap(({ resampled }) => among(resampled.map(on))),
    },
    {
      kind: "other seeds",
      domain,
      // Families without chance give the same bytes: nothing to tell apart, and nothing to plot.
      pairs: retrained.flatMap(({ reseeded }) => among(reseeded.map(on))).filter(differ),
    },
    clones("clone, votes bent", (votes) => votes.map(bend)),
    ...[...NOISE].reverse().map((k) => clones(`clone, noise ±${k}`, (votes) => noisy(votes, k, random))),
  ];
}

/** Every two of many vote vectors. */
export function among(all: readonly (readonly number[])[]): Pair[] {
  return all.flatMap((left, i) => all.slice(i + 1).map((right) => ({ left, right })));
}

/**
 * Votes of all members as they would be in requests that pin `rates` in turn, on the claims the committee is uncertain about then.
 * Every claim is in one request, neighbours (which are about the same row) in the same.
 */
export function pooledVotes(
  { predictions, truths }: Pick<MeasuredDomain, "predictions" | "truths">,
  rates: readonly number[],
  bound: number,
): number[][] {
  const votes = predictions.map(({ probabilities, manifest }) =>
    truths.map((_, row) =>
      voteByte(probabilities[row] ?? Number.NaN, manifest.baseRate, rates[(row >> 1) % rates.length] ?? 0),
    ),
  );
  const rows = truths.flatMap((_, row) => {
    const centre = mean(votes.map((own) => (own[row] ?? 0) / 255));
    return Math.abs(centre - 0.5) <= bound ? [row] : [];
  });
  return votes.map((own) => rows.map((row) => own[row] ?? 0));
}

/** logit p · 0.6 + 0.3: a clone with a calibration of its own. */
function bend(vote: number): number {
  const p = Math.min(0.998, Math.max(0.002, vote / 255));
  return Math.round(255 / (1 + Math.exp(-(0.6 * Math.log(p / (1 - p)) + 0.3))));
}

/** Adds an even draw from −k … k to every byte. */
export function noisy(votes: readonly number[], k: number, random: Random): number[] {
  return votes.map((vote) => Math.max(0, Math.min(255, vote + below(random, 2 * k + 1) - k)));
}
