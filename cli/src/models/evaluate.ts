import { isChatManifest, type AnyManifest, type Claim, type Measuring, type RunConfig } from "@assay/keeper";

import { readClaims } from "../claims.ts";
import { CliError } from "../lib/errors.ts";
import { measure, type Quality } from "./metrics.ts";
import { networkSkill, type NetworkSkill } from "./network.ts";
import { assertJudged, judgeAll, manifestOf, openModel } from "./open.ts";

/** Claims of a file as a model judged them. */
export interface Judgement {
  readonly manifest: AnyManifest;
  readonly claims: readonly Claim[];
  /** NaN where the model did not judge. */
  readonly probabilities: readonly number[];
  readonly truths: readonly boolean[];
  /** What went wrong meanwhile, in words. */
  readonly trouble: readonly string[];
}

/**
 * Judges claims with known truth as a keeper does, before it moves probabilities to a request's base rate.
 *
 * @param file manifest.json, or the model beside it
 * @throws CliError if a claim has no truth, or none was judged; ModelFileError if the model cannot be loaded,
 * RemoteError if its server refuses
 */
export async function judgeData(
  file: string,
  data: string,
  run: RunConfig,
  measuring?: Measuring,
): Promise<Judgement> {
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
  const opened = await openModel(manifestOf(file), run, measuring);
  const { manifest } = opened;
  const probabilities = await judgeAll(opened, claims);
  const trouble = opened.trouble();
  assertJudged(data, probabilities, trouble, manifest);
  return { manifest, claims, probabilities, truths, trouble };
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
export function evaluate(
  {
    manifest,
    probabilities,
    truths,
    trouble = [],
  }: Omit<Judgement, "claims" | "trouble"> & Partial<Pick<Judgement, "trouble">>,
  baseRate?: number,
): Evaluation {
  const quality = measure(
    probabilities.map((p) => (Number.isFinite(p) ? p : manifest.baseRate)),
    truths,
  );
  return {
    quality,
    network: networkSkill(probabilities, truths, manifest.baseRate, baseRate ?? quality.baseRate),
    unusable: probabilities.filter((p) => !Number.isFinite(p)).length,
    warnings: [...warningsOf(quality, manifest), ...trouble],
  };
}

/** Fewer claims, and accuracy is mostly luck. */
const FEW = 200;

/** Says in words what figures alone let one overlook: a model that is fed wrongly still answers. */
function warningsOf(quality: Quality, manifest: AnyManifest): string[] {
  const { claims, accuracy, majorityAccuracy, baseRate, beatsMajority, skill, auc } = quality;
  const always = `always answering ${baseRate > 0.5 ? "TRUE" : "FALSE"} (${majorityAccuracy.toFixed(3)})`;
  const look = `check ${whereToLook(manifest)}`;
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
      `false claims get the higher probabilities (AUC ${auc.toFixed(3)}): is the ${isChatManifest(manifest) ? "word" : "class"} of "true" the right one?`,
    );
  return warnings;
}

/** What most often makes a good model answer badly. */
export function whereToLook(manifest: AnyManifest): string {
  if (isChatManifest(manifest)) return "the prompt and its two answers, and what the server runs";
  const preprocessed = manifest.inputs.some(({ kind }) => kind === "image" || kind === "values");
  return `the preprocessing in the manifest${preprocessed ? " (scale, mean, std, channels, layout)" : ""} and which output and class it names`;
}
