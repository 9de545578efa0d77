import type { GraphBuilder, Value } from "../onnx/builder.ts";
import type { RowTensors } from "../onnx/front.ts";
import type { Random } from "../rng.ts";

/** One claim about a text, with its truth. */
export interface Example {
  readonly text: string;
  readonly answer: string;
  readonly truth: boolean;
}

/** The two inputs of every model, string [N] each. */
export interface Inputs {
  readonly text: Value;
  readonly answer: Value;
}

/** One training row: what the front of the graph computed for it, and what the head should say. */
export interface Sample {
  readonly row: RowTensors;
  readonly label: 0 | 1;
  /** Relative weight of this row in the loss. */
  readonly weight: number;
}

/** A trained head: the same function twice, as TypeScript for training and as graph for use. */
export interface Head {
  /** Uncalibrated log-odds of one row. */
  logit(row: RowTensors): number;
  /** Adds the head behind the front's values; returns the log-odds, float [N]. */
  build(graph: GraphBuilder, front: Readonly<Record<string, Value>>): Value;
}

/** A model family: how the inputs become numbers, and how a head is trained on those numbers. */
export interface Family {
  readonly family: string;
  readonly name: string;
  /** One sentence on features and architecture, for the manifest. */
  readonly summary: string;
  /** Weight of each edited copy of a true answer that joins the training as false, where the domain makes such copies; 0 = none join. */
  readonly editWeight: number;
  /**
   * The fixed part of the graph, inputs → named float tensors [N, …]. Training reads its inputs from this very graph, so features
   * of training and of use cannot differ.
   */
  front(graph: GraphBuilder, inputs: Inputs): Readonly<Record<string, Value>>;
  /** Trains a head; every draw comes from `random`. */
  fit(samples: readonly Sample[], random: Random): Head;
}
