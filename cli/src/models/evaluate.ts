import { dirname, join } from "node:path";

import { loadModel, readModel, type Calibration, type Manifest } from "@assay/keeper";

import { readClaims } from "../claims.ts";
import { CliError } from "../lib/errors.ts";
import { measure, type Quality } from "./metrics.ts";
import { networkSkill, type NetworkSkill } from "./network.ts";

/** Claims of a file as a model judged them. */
export interface Judgement {
  readonly manifest: Manifest;
  /** NaN where the model did not judge. */
  readonly probabilities: readonly number[];
  readonly truths: readonly boolean[];
}

/** The manifest of a model that was named by either of its files. */
export function manifestOf(file: string): string {
  return file.endsWith(".json") ? file : join(dirname(file), "manifest.json");
}

/**
 * Judges claims with known truth as a keeper does, before it moves probabilities to a request's base rate.
 *
 * @param file manifest.json, or the model beside it
 * @param calibration instead of the manifest's
 * @throws CliError if a claim has no truth; ModelFileError if the model cannot be loaded
 */
export async function judgeData(file: string, data: string, calibration?: Calibration): Promise<Judgement> {
  const claims = readClaims(data);
  const truths = claims.map(({ truth }, i) => {
    if (truth !== undefined) return truth;
    throw new CliError(
      "TRUTH_MISSING",
      "A claim has no truth to measure against",
      { file: data, claim: i + 1 },
      'Add "truth": true or false to every line.',
    );
  });
  const read = readModel(manifestOf(file));
  const manifest = calibration === undefined ? read.manifest : { ...read.manifest, calibration };
  const model = await loadModel({ ...read, manifest });
  try {
    return { manifest, probabilities: await model.judge(claims), truths };
  } finally {
    await model.close();
  }
}

/** How good a model is, for people and for the network. */
export interface Evaluation {
  readonly quality: Quality;
  readonly network: NetworkSkill;
  /** Claims that were not judged; they count as the base rate. */
  readonly unusable: number;
  /** What an operator should look at; empty if nothing stands out. */
  readonly warnings: readonly string[];
}

/** @param baseRate share of true claims in the domain; undefined: that of the data */
export function evaluate({ manifest, probabilities, truths }: Judgement, baseRate?: number): Evaluation {
  const quality = measure(
    probabilities.map((p) => (Number.isFinite(p) ? p : manifest.baseRate)),
    truths,
  );
  return {
    quality,
    network: networkSkill(probabilities, truths, manifest.baseRate, baseRate ?? quality.baseRate),
    unusable: probabilities.filter((p) => !Number.isFinite(p)).length,
    warnings: warningsOf(quality, manifest),
  };
}

/** Fewer claims, and accuracy is mostly luck. */
const FEW = 200;

/** Says in words what figures alone let one overlook: a model that is fed wrongly still answers. */
function warningsOf(quality: Quality, { inputs }: Manifest): string[] {
  const { claims, accuracy, majorityAccuracy, baseRate, beatsMajority, skill, auc } = quality;
  const always = `always answering ${baseRate > 0.5 ? "TRUE" : "FALSE"} (${majorityAccuracy.toFixed(3)})`;
  const preprocessed = inputs.some(({ kind }) => kind === "image" || kind === "values");
  const look = `check the preprocessing in the manifest${preprocessed ? " (scale, mean, std, channels, layout)" : ""} and which output and class it names`;
  const few = claims < FEW ? `; but ${claims} claims tell little, take ${FEW} or more` : "";
  if (baseRate === 0 || baseRate === 1)
    return ["all claims have the same truth: nothing can be told from them"];
  const warnings: string[] = [];
  if (!beatsMajority)
    warnings.push(`accuracy ${accuracy.toFixed(3)} is no better than ${always}: ${look}${few}`);
  else if (skill <= 0)
    warnings.push(
      `its probabilities are no better than always answering the base rate ${baseRate.toFixed(3)}, though it is right more often than ${always}: ${look}, then calibrate`,
    );
  if (auc < 0.4)
    warnings.push(
      `false claims get the higher probabilities (AUC ${auc.toFixed(3)}): is the class of "true" the right one?`,
    );
  return warnings;
}
