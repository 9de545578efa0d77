import type { Calibration, Manifest, ManifestInput, ManifestOutput } from "@assay/keeper";

import type { Example } from "../pairs/family.ts";

/** A claim whose truth is known. Images are given decoded: gray pixels, row by row. */
export interface KnownClaim {
  readonly text?: string;
  readonly pixels?: Uint8Array;
  readonly answer: string;
  readonly truth: boolean;
}

/** A trained model: its graph, and what its manifest must say about it. */
export interface Trained {
  readonly bytes: Uint8Array;
  readonly output: ManifestOutput;
  readonly calibration: Calibration;
  readonly baseRate: number;
  /** Examples it was trained on. */
  readonly rows: number;
  /** A calibration inside the graph, stated so that it can be undone. */
  readonly inGraph?: { readonly slope: number; readonly offset: number };
  /** Calibrated probability of every training claim by a head that has not seen it, and the truths. */
  readonly outOfFold: { readonly probabilities: readonly number[]; readonly truths: readonly boolean[] };
}

/** One model of a domain. */
export interface Member {
  readonly family: string;
  readonly name: string;
  readonly summary: string;
  /**
   * The same seed gives the same bytes. `resample` draws the training rows with replacement, as somebody with another data set of
   * the same kind would have them.
   */
  train(seed: number, resample?: boolean): Promise<Trained>;
}

/** A training claim as a pair of texts. */
export interface TrainingPair extends Example {
  /** Claims of one group stay in one fold. */
  readonly group: string;
  /** Edited copies, all false, for families that learn from them. */
  readonly copies: readonly Example[];
}

/** A domain with its data read. */
export interface OpenDomain {
  readonly members: readonly Member[];
  /** What members are trained on, for models that learn several domains; none where claims are no texts. */
  readonly training: readonly TrainingPair[];
  /** Claims that nothing was trained, calibrated or chosen on. */
  readonly heldOut: readonly KnownClaim[];
  /** Members that belong together in a comparison. */
  readonly groups?: readonly { readonly name: string; readonly families: readonly string[] }[];
}

/** One of the built-in kinds of question. */
export interface Domain {
  readonly name: string;
  /** What a claim says, for people. */
  readonly question: string;
  /** Files it needs below `--data`. */
  readonly files: readonly string[];
  /** How training and held-out rows are kept apart. */
  readonly split: string;
  /** What the calibration was fitted on. */
  readonly fittedOn: string;
  readonly provenance: Manifest["provenance"];
  readonly inputs: readonly ManifestInput[];
  readonly limits: Manifest["limits"];
  open(directory: string): Promise<OpenDomain>;
}
