import type { Claim, InferenceOptions } from "@assay/keeper";

import { readClaims } from "../claims.ts";

/** One operator of the local network. */
export interface OperatorPlan {
  readonly name: string;
  /** Name of the domain it works in. */
  readonly domain: string;
  readonly family: string;
  /** Folder of its model, absolute or below models/. */
  readonly model: string;
  readonly behaviour: "honest" | "votes the base rate" | "confident liar";
  /** How its keeper runs the model, where not as any keeper does. */
  readonly inference?: Partial<InferenceOptions>;
}

/** Nine operators of five families; two of them misbehave. */
export const OPERATORS: readonly OperatorPlan[] = [
  {
    name: "ada",
    domain: "grounded",
    family: "overlap-logistic",
    model: "grounded/overlap-logistic",
    behaviour: "honest",
  },
  {
    name: "ben",
    domain: "grounded",
    family: "hashed-mlp",
    model: "grounded/hashed-mlp",
    behaviour: "honest",
  },
  {
    name: "cho",
    domain: "grounded",
    family: "char-trees",
    model: "grounded/char-trees",
    behaviour: "honest",
  },
  {
    name: "dee",
    domain: "grounded",
    family: "hard-negative",
    model: "grounded/hard-negative",
    behaviour: "honest",
  },
  {
    name: "eli",
    domain: "grounded",
    family: "align-conv",
    model: "grounded/align-conv",
    behaviour: "honest",
  },
  {
    name: "fay",
    domain: "grounded",
    family: "hashed-mlp",
    model: "grounded/hashed-mlp",
    behaviour: "honest",
  },
  {
    name: "gil",
    domain: "grounded",
    family: "hard-negative",
    model: "grounded/hard-negative",
    behaviour: "honest",
  },
  {
    name: "hal",
    domain: "grounded",
    family: "overlap-logistic",
    model: "misbehaving/base-rate",
    behaviour: "votes the base rate",
  },
  {
    name: "ivy",
    domain: "grounded",
    family: "char-trees",
    model: "misbehaving/liar",
    behaviour: "confident liar",
  },
];

/** A claim with known truth. */
export type Sample = Claim & { readonly truth: boolean };

/** Claims with known truth, one JSON object a line. */
export function readSamples(path: string): Sample[] {
  return readClaims(path).map(({ truth, ...claim }, i) => {
    if (truth === undefined) throw new Error(`${path}: claim ${i + 1} has no truth`);
    return { ...claim, truth };
  });
}

/** Splits into `parts` lists whose lengths differ by at most one, keeping the order. */
export function split<T>(items: readonly T[], parts: number): T[][] {
  const lists: T[][] = [];
  for (let i = 0; i < parts; i++) {
    lists.push(
      items.slice(Math.floor((i * items.length) / parts), Math.floor(((i + 1) * items.length) / parts)),
    );
  }
  return lists;
}
