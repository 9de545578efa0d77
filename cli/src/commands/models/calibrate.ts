import { Option, type Command } from "commander";

import { jsonOption } from "../../lib/options.ts";
import { createOutput, table } from "../../lib/output.ts";
import { calibrateModel, type CalibrationReport } from "../../models/calibrate.ts";
import type { Method } from "../../models/fit/choose.ts";

interface CalibrateOptions {
  readonly data: string;
  readonly method: Method | "auto";
  readonly json?: boolean;
}

/** `assay models calibrate` */
export function calibrateCommand(models: Command): void {
  jsonOption(
    models
      .command("calibrate")
      .description("fits a calibration to claims with known truth and writes it into the manifest")
      .argument("<file>", "manifest.json or model.onnx with its manifest beside it")
      .requiredOption("--data <file>", "claims, one JSON object a line, each with a truth")
      .addOption(
        new Option("--method <method>", "auto takes the smallest cross-validated log loss")
          .choices(["auto", "none", "temperature", "platt", "isotonic"])
          .default("auto"),
      ),
  ).action(async (file: string, { data, method, json }: CalibrateOptions) => {
    const report = await calibrateModel(file, data, method);
    createOutput({ json }).result(report, render(report));
  });
}

function render(report: CalibrationReport): string {
  const { model, claims, unusable, calibration, baseRate, before, after, candidates, warnings } = report;
  const shown = (value: number) => value.toFixed(4);
  return [
    `${model} on ${claims} claims${unusable === 0 ? "" : `, ${unusable} more could not be judged`}`,
    table(
      ["method", "log loss", "Brier", "ECE"],
      candidates.map(({ method, quality: q }) => [method, shown(q.logLoss), shown(q.brier), shown(q.ece)]),
    ),
    "(each part of the claims with what was fitted on the other parts)",
    table(
      ["all claims", "log loss", "Brier", "ECE"],
      [
        ["before", shown(before.logLoss), shown(before.brier), shown(before.ece)],
        ["after", shown(after.logLoss), shown(after.brier), shown(after.ece)],
      ],
    ),
    `written into the manifest: ${summary(calibration)}, base rate ${shown(baseRate)}`,
    ...warnings.map((warning) => `WARNING: ${warning}`),
  ].join("\n");
}

function summary(calibration: CalibrationReport["calibration"]): string {
  switch (calibration.method) {
    case "none":
      return "no calibration";
    case "temperature":
      return `temperature ${calibration.temperature.toFixed(4)}`;
    case "platt":
      return `platt, slope ${calibration.slope.toFixed(4)}, offset ${calibration.offset.toFixed(4)}`;
    case "isotonic":
      return `isotonic, ${calibration.from.length} points`;
  }
}
