import { readRunConfig } from "@assay/keeper";
import type { Command } from "commander";
import { InvalidArgumentError } from "commander";

import { jsonOption, runOption } from "../../lib/options.ts";
import { writeText } from "../../lib/files.ts";
import { createOutput, table } from "../../lib/output.ts";
import { evaluate, judgeData, type Evaluation } from "../../models/evaluate.ts";
import { reliabilityDiagram } from "../../models/reliability.ts";

interface EvalOptions {
  readonly data: string;
  readonly baseRate?: number;
  readonly plot?: string;
  readonly config?: string;
  readonly json?: boolean;
}

/** `assay models eval` */
export function evalCommand(models: Command): void {
  const command = jsonOption(
    models
      .command("eval")
      .description("accuracy, Brier, log loss, calibration and pay of a model on claims with known truth")
      .argument("<file>", "manifest.json or model.onnx with its manifest beside it")
      .requiredOption("--data <file>", "claims, one JSON object a line, each with a truth")
      .option(
        "--base-rate <share>",
        "share of true claims in the domain; default: that of the data",
        shareOption,
      )
      .option("--plot <file>", "writes a reliability diagram, SVG"),
  );
  runOption(command).action(async (file: string, { data, baseRate, plot, config, json }: EvalOptions) => {
    const judgement = await judgeData(file, data, readRunConfig(config));
    const evaluation = evaluate(judgement, baseRate);
    const { name } = judgement.manifest;
    const { quality, ...rest } = evaluation;
    createOutput({ json }).result(
      { model: name, data, ...quality, ...rest, ...(plot !== undefined && { plot }) },
      [
        `${name} on ${quality.claims} claims of ${data}`,
        renderEvaluation(evaluation),
        ...(plot === undefined ? [] : [`reliability diagram: ${plot}`]),
      ].join("\n"),
    );
    // Last: figures that took an hour must not be lost to a folder that is missing.
    if (plot !== undefined) writeText(plot, reliabilityDiagram(name, quality.bins));
  });
}

/** A share between 0 and 1, for commander. */
export function shareOption(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && value > 0 && value < 1) return value;
  throw new InvalidArgumentError("It must be a number between 0 and 1.");
}

function renderEvaluation({ quality: q, network: n, unusable, warnings, notes }: Evaluation): string {
  const shown = (value: number) => value.toFixed(4);
  const rows = [
    [
      "accuracy",
      shown(q.accuracy),
      `right side of ½; answering always the same: ${shown(q.majorityAccuracy)}`,
    ],
    ["Brier", shown(q.brier), "mean squared distance to the truth, smaller is better"],
    ["log loss", shown(q.logLoss), "nats, smaller is better"],
    ["ECE", shown(q.ece), "calibration error over ten bins, smaller is better"],
    ["AUC", shown(q.auc), "how often a true claim gets more than a false one; ½ is chance"],
    [
      "Brier skill",
      shown(q.skill),
      `against always answering ${shown(q.baseRate)}; above 0 it knows something`,
    ],
    [
      "paid skill",
      shown(n.skill),
      `mean s a claim as the network scores its bytes; knowing everything: ${shown(n.ceiling)}`,
    ],
  ];
  return [
    table(["measure", "value", "meaning"], rows),
    `paid skill: at base rate ${shown(n.baseRate)} (b = ${n.pinned}) beside a committee that finds the truth; times the price of a claim-seat`,
    ...(unusable === 0 ? [] : [`${unusable} claims could not be judged and count as the base rate`]),
    ...warnings.map((warning) => `WARNING: ${warning}`),
    ...notes.map((note) => `NOTE: ${note}`),
  ].join("\n");
}
