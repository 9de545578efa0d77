import { readFileSync, writeFileSync } from "node:fs";

import { readModel, type Calibration } from "@assay/keeper";

import { CliError } from "../lib/errors.ts";
import { judgeData, manifestOf } from "./evaluate.ts";
import { calibrated, compare, fit, METHODS, type Candidate, type Method } from "./fit/choose.ts";
import { judgedRow } from "./fit/judged.ts";
import type { Quality } from "./metrics.ts";

export interface CalibrationReport {
  readonly model: string;
  readonly claims: number;
  readonly unusable: number;
  readonly calibration: Calibration;
  /** The prior written beside it. */
  readonly baseRate: number;
  /** Share of true claims in the data. */
  readonly trueShare: number;
  /** The claims without any calibration, and with the new one. */
  readonly before: Quality;
  readonly after: Quality;
  /** Methods on claims they were not fitted on, best first. */
  readonly candidates: readonly Candidate[];
  readonly warnings: readonly string[];
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
 * rate, into the manifest. Where no calibration wins over none, the base rate stays too.
 *
 * @param file manifest.json, or the model beside it
 * @param method auto: the one with the smallest cross-validated log loss
 * @throws CliError if the claims hold only one kind of truth
 */
export async function calibrateModel(
  file: string,
  data: string,
  method: Method | "auto",
): Promise<CalibrationReport> {
  const path = manifestOf(file);
  const { manifest, probabilities, truths } = await judgeData(file, data, { method: "none" });
  const rows = probabilities.flatMap((p, i) =>
    Number.isFinite(p) ? [judgedRow(p, truths[i] === true)] : [],
  );
  const trues = rows.filter(({ truth }) => truth).length;
  if (trues === 0 || trues === rows.length) {
    throw new CliError(
      "DATA_ONE_SIDED",
      "A calibration needs true and false claims",
      { file: data, true: trues, false: rows.length - trues },
      "Add claims of the other kind, as often as they come up in the domain.",
    );
  }
  const candidates = compare(method === "auto" ? METHODS : [...new Set<Method>(["none", method])], rows);
  const chosen = method === "auto" ? (candidates[0]?.method ?? "none") : method;
  const calibration = fit(chosen, rows);
  // Answers that were left as they are keep the prior they had.
  const untouched = chosen === "none" && readModel(path).manifest.calibration.method === "none";
  const baseRate = untouched ? manifest.baseRate : trues / rows.length;
  const report = {
    model: manifest.name,
    claims: rows.length,
    unusable: probabilities.length - rows.length,
    calibration,
    baseRate,
    trueShare: trues / rows.length,
    before: calibrated(rows, { method: "none" }),
    after: calibrated(rows, calibration),
    candidates,
  };
  write(path, calibration, baseRate);
  return { ...report, warnings: warningsOf(report) };
}

/** Changes two fields of the manifest and nothing else. */
function write(path: string, calibration: Calibration, baseRate: number): void {
  const manifest = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
  writeFileSync(path, `${JSON.stringify({ ...manifest, calibration, baseRate }, null, 2)}\n`);
}

function warningsOf({
  claims,
  trueShare,
  calibration,
  after,
  candidates,
}: Omit<CalibrationReport, "warnings">): string[] {
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
  const unseen = candidates.find(({ method }) => method === calibration.method)?.quality;
  if (unseen !== undefined && unseen.skill < NOTHING)
    warnings.push(
      "even calibrated it is no better than always answering the base rate: check the preprocessing in the manifest, no calibration mends that",
    );
  return warnings;
}
