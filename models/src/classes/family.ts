import type { GraphBuilder, Value } from "../onnx/builder.ts";
import type { RowTensors } from "../onnx/front.ts";
import type { Random } from "../rng.ts";

/** One training row: what the front of the graph computed for it, and the index of its class. */
export interface ClassSample {
  readonly row: RowTensors;
  readonly label: number;
}

/** A trained head over K classes: the same function twice, as TypeScript for training and as graph for use. */
export interface ClassHead {
  /** One logit a class. */
  logits(row: RowTensors): Float64Array;
  /** Adds the head behind the front's values; returns the logits, float [N, K]. */
  build(graph: GraphBuilder, front: Readonly<Record<string, Value>>): Value;
}

/** A family that tells K classes apart. A claim asks for one of them. */
export interface ClassFamily {
  readonly family: string;
  readonly name: string;
  /** One sentence on features and architecture, for the manifest. */
  readonly summary: string;
  /** The fixed part of the graph, the domain's input → named float tensors [N, …]; training reads its features from it. */
  front(graph: GraphBuilder, input: Value): Readonly<Record<string, Value>>;
  /** Trains a head; every draw comes from `random`. */
  fit(samples: readonly ClassSample[], classes: number, random: Random): ClassHead;
}
