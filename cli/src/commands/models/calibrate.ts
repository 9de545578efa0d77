import { readRunConfig } from "@assay/keeper";
import { Option, type Command } from "commander";

import { jsonOption, runOption } from "../../lib/options.ts";
import { createOutput, table } from "../../lib/output.ts";
import { calibrateModel, type CalibrationReport } from "../../models/calibrate.ts";
import type { Method } from "../../models/fit/choose.ts";

interface CalibrateOptions {
  readonly data: string;
  readonly method: Method | "auto";
  readonly config?: string;
  readonly json?: boolean;
}

/** `assay models calibrate` */
export function calibrateCommand(models: Command): void {
  const command = jsonOption(
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
  );
  runOption(command).action(async (file: string, { data, method, config, json }: CalibrateOptions) => {
    const report = await calibrateModel(file, data, method, readRunConfig(config));
    createOutput({ json }).result(report, render(report));
  });
}

function render(report: CalibrationReport): string {
  const { model, claims, unusable, calibration, words, baseRate, before, after, candidates } = report;
  const { hash, hashChanged, warnings } = report;
  const shown = (value: number) => value.toFixed(4);
  return [
    `${model} on ${claims} claims${unusable === 0 ? "" : `, ${unusable} more could not be judged`}`,
    ...(candidates.length === 0
      ? ["the server gave no log-probabilities: bare words are measured, no curve is fitted"]
      : [
          table(
            ["method", "log loss", "Brier", "ECE"],
            candidates.map(({ method, quality: q }) => [
              method,
              shown(q.logLoss),
              shown(q.brier),
              shown(q.ece),
            ]),
          ),
          "(each part of the claims with what was fitted on the other parts)",
        ]),
    table(
      ["all claims", "log loss", "Brier", "ECE"],
      [
        ["before", shown(before.logLoss), shown(before.brier), shown(before.ece)],
        ["after", shown(after.logLoss), shown(after.brier), shown(after.ece)],
      ],
    ),
    `written into the manifest: ${summary(calibration)}, base rate ${shown(baseRate)}${words === undefined ? "" : `, true stands for ${shown(words.true)}, false for ${shown(words.false)}`}`,
    ...(hashChanged
      ? [`the modelHash is now ${hash}: to a chat model its calibration belongs; announce it with setModel`]
      : []),
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
