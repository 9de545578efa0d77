import { alignConv } from "./align-conv.ts";
import { charTrees } from "./char-trees.ts";
import type { Family } from "./family.ts";
import { hardNegative } from "./hard-negative.ts";
import { hashedMlp } from "./hashed-mlp.ts";
import { overlapLogistic } from "./overlap-logistic.ts";

/** All families of the domain `grounded`, in the order in which they are trained and reported. */
export const FAMILIES: readonly Family[] = [overlapLogistic, hardNegative, charTrees, hashedMlp, alignConv];
