import type { Claim } from "../../payload/schema.ts";
import type { Refusal } from "../errors.ts";
import type { GraphFacts } from "../graphFacts.ts";
import type { ModelParts } from "../runtime.ts";

/** What the keeper says to the process that runs the model. */
export type Request =
  | { readonly kind: "load"; readonly model: ModelParts }
  /** What a file says about itself, and whether it opens: for whoever looks at a model without a manifest. */
  | { readonly kind: "describe"; readonly bytes: Uint8Array }
  | { readonly kind: "open"; readonly bytes: Uint8Array }
  | { readonly kind: "judge"; readonly claims: readonly Claim[] };

/**
 * Its answers, one a request, in order. `ms` is its own time: loading, or preparing and running a batch. `bareMb` is the
 * memory it held before it read the model, MiB.
 */
export type Reply =
  | { readonly kind: "loaded"; readonly ms: number; readonly bareMb: number }
  | { readonly kind: "refused"; readonly refusal: Refusal }
  | { readonly kind: "described"; readonly facts: GraphFacts }
  | { readonly kind: "opened" }
  | {
      readonly kind: "judged";
      readonly ms: number;
      readonly probabilities: readonly number[];
      readonly failure?: string;
    };
