import type { GraphBuilder, Value } from "../onnx/builder.ts";
import type { Row } from "../onnx/session.ts";
import type { Random } from "../rng.ts";

/** The two inputs of every model, string [N] each. */
export interface Inputs {
  readonly text: Value;
  readonly answer: Value;
}

/** One training row: what the front of the graph computed for it, and what the head should say. */
export interface Sample {
  readonly row: Readonly<Record<string, Row>>;
  readonly label: 0 | 1;
  /** Relative weight of this row in the loss. */
  readonly weight: number;
}

/** A trained head: the same function twice, as TypeScript for training and as graph for use. */
export interface Head {
  /** Uncalibrated log-odds of one row. */
  logit(row: Readonly<Record<string, Row>>): number;
  /** Adds the head behind the front's values; returns the log-odds, float [N]. */
  build(graph: GraphBuilder, front: Readonly<Record<string, Value>>): Value;
}

/** A model family: how the inputs become numbers, and how a head is trained on those numbers. */
export interface Family {
  readonly family: string;
  readonly name: string;
  /** One sentence on features and architecture, for the manifest. */
  readonly summary: string;
  /** Weight of each edited copy of a true answer (negation, number, word) that joins the training as false; 0 = none join. */
  readonly editWeight: number;
  /**
   * The fixed part of the graph, inputs → named float tensors [N, …]. Training reads its inputs from this very graph, so features
   * of training and of use cannot differ.
   */
  front(graph: GraphBuilder, inputs: Inputs): Readonly<Record<string, Value>>;
  /** Trains a head; every draw comes from `random`. */
  fit(samples: readonly Sample[], random: Random): Head;
}

/** The named tensor of a row. */
export function rowOf(row: Readonly<Record<string, Row>>, name: string): Row {
  const found = row[name];
  if (found === undefined) throw new Error(`front has no output named ${name}`);
  return found;
}

/** The named value of a front. */
export function valueOf(front: Readonly<Record<string, Value>>, name: string): Value {
  const found = front[name];
  if (found === undefined) throw new Error(`front has no value named ${name}`);
  return found;
}
