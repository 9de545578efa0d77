import { readFileSync } from "node:fs";

import {
  calibrate,
  isChatManifest,
  readAnyManifest,
  readIdentity,
  readRunConfig,
  type AnyManifest,
  type Calibration,
  type Claim,
  type RunConfig,
} from "@assay/keeper";

import { CliError } from "../lib/errors.ts";
import { writeText } from "../lib/files.ts";
import { judgeData, whereToLook, type Judgement } from "./evaluate.ts";
import { compare, fit, METHODS, type Candidate, type Method } from "./fit/choose.ts";
import { judgedRow, type Judged } from "./fit/judged.ts";
import { measure, type Quality } from "./metrics.ts";
import { manifestOf } from "./open.ts";

type Word = "true" | "false";
/** What a chat model's bare answers stand for: the share of true claims among those so answered. */
export type WordShares = Readonly<Record<Word, number>>;

export interface CalibrationReport {
  readonly model: string;
  readonly claims: number;
  readonly unusable: number;
  readonly calibration: Calibration;
  /** Only of chat models whose server gave no log-probabilities to some claims. */
  readonly words?: WordShares;
  /** The prior written beside it. */
  readonly baseRate: number;
  /** Share of true claims in the data. */
  readonly trueShare: number;
  /** The claims without any calibration, and with the new one. */
  readonly before: Quality;
  readonly after: Quality;
  /** Methods on claims they were not fitted on, best first; none where all answers were bare words. */
  readonly candidates: readonly Candidate[];
  /** What is registered of the model from now on, and whether it was something else before. */
  readonly hash: `0x${string}`;
  readonly hashChanged: boolean;
  readonly warnings: readonly string[];
}

/** A claim that was judged: by a probability, or by a bare word that stands for one. */
interface Row extends Judged {
  readonly word: Word | undefined;
}

/** Fewer claims of either truth, or in all, and chance decides. */
const FEW_OF_A_KIND = 50;
const FEW = 200;
/** How far the mean answer may lie from the share of true claims after a fit. */
const OFF_BASE_RATE = 0.03;
/** Brier skill on claims that were not fitted on, below which there is nothing to speak of. */
const NOTHING = 0.01;

/**
 * Fits a calibration to claims with known truth and writes it, with the claims' share of true ones as the new base
 * rate, into the manifest. Where no calibration wins over none, the base rate stays too. Bare words of a chat model get
 * the share of true claims among those so answered.
 *
 * @param file manifest.json, or the model beside it
 * @param method auto: the one with the smallest cross-validated log loss
 * @throws CliError if the claims hold only one kind of truth, or a word means its opposite
 */
export async function calibrateModel(
  file: string,
  data: string,
  method: Method | "auto",
  run: RunConfig = readRunConfig(),
): Promise<CalibrationReport> {
  const path = manifestOf(file);
  const hashBefore = identityHash(path, run);
  const words = new Map<Claim, Word>();
  const judgement = await judgeData(file, data, run, {
    calibration: { method: "none" },
    onBareAnswer: (claim, word) => words.set(claim, word),
  });
  const { manifest, trouble } = judgement;
  const rows = rowsOf(judgement, words);
  assertBothTruths(rows, data);
  const worded = rows.filter(({ word }) => word !== undefined);
  const numbered = rows.filter(({ word }) => word === undefined);
  const current = readAnyManifest(path);
  // A few numbers of one truth among bare words are no ground for a fit.
  const fitted = worded.length > 0 && hasOneTruth(numbered) ? undefined : numbered;
  const candidates =
    fitted === undefined
      ? []
      : compare(method === "auto" ? METHODS : [...new Set<Method>(["none", method])], fitted);
  const chosen = method === "auto" ? (candidates[0]?.method ?? "none") : method;
  const calibration = fitted === undefined ? current.calibration : fit(chosen, fitted);
  const shares = worded.length > 0 && isChatManifest(current) ? sharesOf(worded, current, data) : undefined;
  // Answers that were left as they are keep the prior they had.
  const untouched = shares === undefined && chosen === "none" && current.calibration.method === "none";
  const trueShare = shareOf(rows);
  const baseRate = untouched ? manifest.baseRate : trueShare;
  write(path, { ...current, calibration, baseRate }, shares);
  const hash = identityHash(path, run);
  const report = {
    model: manifest.name,
    claims: rows.length,
    unusable: judgement.probabilities.length - rows.length,
    calibration,
    ...(shares !== undefined && { words: shares }),
    baseRate,
    trueShare,
    before: qualityOf(rows, { method: "none" }, undefined),
    after: qualityOf(rows, calibration, shares),
    candidates,
    hash,
    hashChanged: hash !== hashBefore,
  };
  return { ...report, warnings: [...warningsOf(report, manifest), ...trouble] };
}

function rowsOf(
  { claims, probabilities, truths }: Judgement,
  words: ReadonlyMap<Claim, Word>,
): readonly Row[] {
  return claims.flatMap((claim, i) => {
    const p = probabilities[i] ?? Number.NaN;
    return Number.isFinite(p) ? [{ ...judgedRow(p, truths[i] === true), word: words.get(claim) }] : [];
  });
}

const countTrue = (rows: readonly Judged[]): number => rows.filter(({ truth }) => truth).length;
const shareOf = (rows: readonly Judged[]): number => countTrue(rows) / rows.length;
const hasOneTruth = (rows: readonly Judged[]): boolean => [0, rows.length].includes(countTrue(rows));

function assertBothTruths(rows: readonly Row[], data: string): void {
  if (!hasOneTruth(rows)) return;
  const trues = countTrue(rows);
  throw new CliError(
    "DATA_ONE_SIDED",
    "A calibration needs true and false claims",
    { file: data, true: trues, false: rows.length - trues },
    "Add claims of the other kind, as often as they come up in the domain.",
  );
}

/** (T + 1) / (N + 2) of the claims so answered, T of N true; a word that never came stands for what it stood for. */
function sharesOf(
  rows: readonly Row[],
  { prompt }: Extract<AnyManifest, { prompt: unknown }>,
  data: string,
): WordShares {
  const share = (said: Word): number => {
    const own = rows.filter(({ word }) => word === said);
    return own.length === 0 ? prompt.answers[said].probability : (countTrue(own) + 1) / (own.length + 2);
  };
  const shares = { true: share("true"), false: share("false") };
  if (shares.false <= shares.true) return shares;
  throw new CliError(
    "ANSWERS_REVERSED",
    "The word for false is said of true claims more often than the word for true",
    { file: data, ...shares },
    "Correct prompt.answers, or the question of the template; nothing was written.",
  );
}

function qualityOf(rows: readonly Row[], calibration: Calibration, shares: WordShares | undefined): Quality {
  return measure(
    rows.map(({ probability, word }) => {
      if (word === undefined) return calibrate(probability, calibration);
      return shares?.[word] ?? probability;
    }),
    rows.map(({ truth }) => truth),
  );
}

/** Of the manifest as it stands: a chat model's hash moves with its calibration. */
function identityHash(path: string, { remote }: RunConfig): `0x${string}` {
  if (remote?.kind !== "open-inference") return readIdentity(path).hash;
  // The graph need not lie here.
  const manifest = readAnyManifest(path);
  return isChatManifest(manifest) ? readIdentity(path).hash : `0x${manifest.files["model.onnx"]}`;
}

/** Changes what was fitted and nothing else. */
function write(
  path: string,
  { calibration, baseRate }: Pick<AnyManifest, "calibration" | "baseRate">,
  shares: WordShares | undefined,
): void {
  const manifest = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
  if (shares !== undefined) {
    const { answers } = manifest["prompt"] as { answers: Record<Word, { probability: number }> };
    answers.true.probability = shares.true;
    answers.false.probability = shares.false;
  }
  writeText(path, `${JSON.stringify({ ...manifest, calibration, baseRate }, null, 2)}\n`);
}

function warningsOf(
  { claims, trueShare, calibration, words, after, candidates }: Omit<CalibrationReport, "warnings">,
  manifest: AnyManifest,
): string[] {
  const warnings: string[] = [];
  const rarer = Math.round(claims * Math.min(trueShare, 1 - trueShare));
  if (claims < FEW || rarer < FEW_OF_A_KIND)
    warnings.push(
      `only ${claims} claims, ${rarer} of the rarer truth: chance decides much; ${FEW} with ${FEW_OF_A_KIND} of each are a beginning`,
    );
  const said = after.bins.reduce((sum, bin) => sum + (bin.claims * bin.said) / claims, 0);
  if (calibration.method === "temperature" && Math.abs(said - trueShare) > OFF_BASE_RATE)
    warnings.push(
      `the mean answer is ${said.toFixed(3)} where ${trueShare.toFixed(3)} of the claims are true, and a keeper moves answers from the latter: --method platt mends that`,
    );
  if (calibration.method === "platt" && calibration.slope <= 0)
    warnings.push('the fit turns the answers round: is the class of "true" the right one?');
  const unseen =
    candidates.find(({ method }) => method === calibration.method)?.quality ??
    (words === undefined ? undefined : after);
  if (unseen !== undefined && unseen.skill < NOTHING)
    warnings.push(
      `even calibrated it is no better than always answering the base rate: check ${whereToLook(manifest)}, no calibration mends that`,
    );
  return warnings;
}
