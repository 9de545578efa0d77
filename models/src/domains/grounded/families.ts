import { alignConv } from "../../pairs/align-conv.ts";
import { charTrees } from "../../pairs/char-trees.ts";
import type { Family } from "../../pairs/family.ts";
import { hardNegative } from "./hard-negative.ts";
import { hashedMlp } from "../../pairs/hashed-mlp.ts";
import { overlapLogistic } from "./overlap-logistic.ts";

/** All families of the domain `grounded`, in the order in which they are trained and reported. */
export const GROUNDED_FAMILIES: readonly Family[] = [
  overlapLogistic,
  hardNegative,
  charTrees,
  hashedMlp,
  alignConv,
];
