import { calibrate, type Calibration } from "@assay/keeper";

import { measure, type Quality } from "../metrics.ts";
import { fitIsotonic } from "./isotonic.ts";
import type { Judged } from "./judged.ts";
import { fitPlatt, fitTemperature } from "./logistic.ts";

export type Method = Calibration["method"];

/** From the simplest to the freest: of two that do equally well the simpler is taken. */
export const METHODS: readonly Method[] = ["none", "temperature", "platt", "isotonic"];

/** Parts the rows are cut into: each is measured with what was fitted on the others. */
const FOLDS = 5;

/** A method and how it does on rows it was not fitted on. */
export interface Candidate {
  readonly method: Method;
  readonly quality: Quality;
}

/** Fits one method on all rows. */
export function fit(method: Method, rows: readonly Judged[]): Calibration {
  switch (method) {
    case "none":
      return { method };
    case "temperature":
      return fitTemperature(rows);
    case "platt":
      return fitPlatt(rows);
    case "isotonic":
      return fitIsotonic(rows);
  }
}

/** Measures methods by cross-validation, best first by log loss. The same rows always give the same result. */
export function compare(methods: readonly Method[], rows: readonly Judged[]): Candidate[] {
  const folds = foldsOf(rows);
  const candidates = methods.map((method) => {
    const probabilities: number[] = [];
    const truths: boolean[] = [];
    for (let fold = 0; fold < FOLDS; fold++) {
      const calibration = fit(
        method,
        rows.filter((_, i) => folds[i] !== fold),
      );
      for (const { probability, truth } of rows.filter((_, i) => folds[i] === fold)) {
        probabilities.push(calibrate(probability, calibration));
        truths.push(truth);
      }
    }
    return { method, quality: measure(probabilities, truths) };
  });
  return candidates.sort((a, b) => a.quality.logLoss - b.quality.logLoss);
}

/** The part each row belongs to: true and false claims are dealt out in turn, so that every part has its share. */
function foldsOf(rows: readonly Judged[]): number[] {
  const dealt = { true: 0, false: 0 };
  return rows.map(({ truth }) => dealt[`${truth}`]++ % FOLDS);
}
