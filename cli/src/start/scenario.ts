import { readFileSync } from "node:fs";

import { z } from "zod";

/** One operator of the local network. */
export interface OperatorPlan {
  readonly name: string;
  readonly family: string;
  /** Folder of its model below models/. */
  readonly model: string;
  readonly behaviour: "honest" | "votes the base rate" | "confident liar";
}

/** Nine operators of five families; two of them misbehave. */
export const OPERATORS: readonly OperatorPlan[] = [
  { name: "ada", family: "overlap-logistic", model: "grounded/overlap-logistic", behaviour: "honest" },
  { name: "ben", family: "hashed-mlp", model: "grounded/hashed-mlp", behaviour: "honest" },
  { name: "cho", family: "char-trees", model: "grounded/char-trees", behaviour: "honest" },
  { name: "dee", family: "hard-negative", model: "grounded/hard-negative", behaviour: "honest" },
  { name: "eli", family: "align-conv", model: "grounded/align-conv", behaviour: "honest" },
  { name: "fay", family: "hashed-mlp", model: "grounded/hashed-mlp", behaviour: "honest" },
  { name: "gil", family: "hard-negative", model: "grounded/hard-negative", behaviour: "honest" },
  {
    name: "hal",
    family: "overlap-logistic",
    model: "misbehaving/base-rate",
    behaviour: "votes the base rate",
  },
  { name: "ivy", family: "char-trees", model: "misbehaving/liar", behaviour: "confident liar" },
];

const sampleSchema = z.strictObject({
  id: z.string(),
  text: z.string(),
  answer: z.string(),
  truth: z.boolean(),
});
export type Sample = z.infer<typeof sampleSchema>;

/** Claims with known truth, one JSON object a line. */
export function readSamples(path: string): Sample[] {
  return readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line, i) => {
      const parsed = sampleSchema.safeParse(JSON.parse(line));
      if (!parsed.success) throw new Error(`${path}:${i + 1}: ${z.prettifyError(parsed.error)}`);
      return parsed.data;
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
