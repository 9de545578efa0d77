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
  /** What is unusual in the manifest and may still be right. */
  readonly notes: readonly string[];
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
    notes: notesOn(manifest),
  };
}

/** Fewer claims, and accuracy is mostly luck. */
const FEW = 200;
/** Of what the majority's answer gets wrong, a model that is fed rightly mends more than this share. */
const NEAR = 0.25;
/** Brier skill below which little is known beyond the base rate. */
const LITTLE_SKILL = 0.1;
/** So many standard errors below the author's accuracy are no luck. */
const FAR = 3;

/** Says in words what figures alone let one overlook: a model that is fed wrongly still answers. */
function warningsOf(quality: Quality, manifest: AnyManifest): string[] {
  const { claims, accuracy, majorityAccuracy, baseRate, beatsMajority, skill, auc } = quality;
  const always = `always answering ${baseRate > 0.5 ? "TRUE" : "FALSE"} (${majorityAccuracy.toFixed(3)})`;
  const look = `check ${whereToLook(manifest)}`;
  const few = claims < FEW ? `; but ${claims} claims tell little, take ${FEW} or more` : "";
  if (baseRate === 0 || baseRate === 1)
    return ["all claims have the same truth: nothing can be told from them"];
  const warnings: string[] = [];
  const author = accuracyOfAuthor(manifest);
  if (!beatsMajority)
    warnings.push(`accuracy ${accuracy.toFixed(3)} is no better than ${always}: ${look}${few}`);
  else if (skill > 0 && accuracy - majorityAccuracy < NEAR * (1 - majorityAccuracy))
    warnings.push(`accuracy ${accuracy.toFixed(3)} is near that of ${always}: ${look}${few}`);
  else if (skill < LITTLE_SKILL)
    warnings.push(
      `its probabilities are ${skill <= 0 ? "no" : "little"} better than always answering the base rate ${baseRate.toFixed(3)}, though it is right more often than ${always}: ${look}, then calibrate`,
    );
  else if (author !== undefined && accuracy < author.accuracy - FAR * errorBetween(author, claims))
    warnings.push(
      `accuracy ${accuracy.toFixed(3)} is far below the ${author.accuracy.toFixed(3)} its author measured: unless these claims are of another kind, ${look}`,
    );
  if (auc < 0.4)
    warnings.push(
      `false claims get the higher probabilities (AUC ${auc.toFixed(3)}): is the ${isChatManifest(manifest) ? "word" : "class"} of "true" the right one?`,
    );
  return warnings;
}

interface AuthorsAccuracy {
  readonly accuracy: number;
  /** Claims it was measured on; undefined: not said. */
  readonly rows: number | undefined;
}

/** What the manifest says was measured, where it says so. */
function accuracyOfAuthor(manifest: AnyManifest): AuthorsAccuracy | undefined {
  const { accuracy, rows } = manifest.measured ?? {};
  if (typeof accuracy !== "number" || !(accuracy > 0 && accuracy < 1)) return undefined;
  return { accuracy, rows: typeof rows === "number" && rows > 0 ? rows : undefined };
}

/** Standard error of the difference between an author's accuracy and that on so many claims. */
function errorBetween({ accuracy, rows }: AuthorsAccuracy, claims: number): number {
  return Math.sqrt(accuracy * (1 - accuracy) * (1 / claims + (rows === undefined ? 0 : 1 / rows)));
}

/** Pixels that reach the graph further from 0 than this are seldom what it was trained on. */
const FAR_PIXEL = 10;
/** Pixels that differ by less are one grey to a graph; of whole numbers, fewer than this are. */
const NARROW = 0.1;
const FEW_STEPS = 16;

/** Says of the preprocessing what can be seen without a claim: forgotten and doubled scales. */
function notesOn(manifest: AnyManifest): string[] {
  if (isChatManifest(manifest)) return [];
  return manifest.inputs.flatMap((input) => {
    if (input.kind !== "image") return [];
    const { name, scale, mean, std, type } = input;
    const channels = Array.from({ length: Math.max(mean.length, std.length) }, (_, i) => i);
    const ends = channels.flatMap((i) =>
      [0, 255].map((pixel) => (pixel * scale - (mean[i] ?? mean[0] ?? 0)) / (std[i] ?? std[0] ?? 1)),
    );
    const [low, high] = [Math.min(...ends), Math.max(...ends)];
    const reach = `pixels reach ${name} as ${brief(low)} … ${brief(high)}`;
    if (high - low < (type === "uint8" ? FEW_STEPS : NARROW))
      return [`${reach}, hardly apart: is scale taken twice?`];
    if (type !== "uint8" && Math.max(-low, high) > FAR_PIXEL)
      return [`${reach}: right only for a graph that was trained on such numbers, else scale is 1/255`];
    return [];
  });
}

const brief = (x: number): string => String(Number(x.toPrecision(3)));

/** What most often makes a good model answer badly. */
export function whereToLook(manifest: AnyManifest): string {
  if (isChatManifest(manifest)) return "the prompt and its two answers, and what the server runs";
  const preprocessed = manifest.inputs.some(({ kind }) => kind === "image" || kind === "values");
  return `the preprocessing in the manifest${preprocessed ? " (scale, mean, std, channels, layout)" : ""} and which output and class it names`;
}
