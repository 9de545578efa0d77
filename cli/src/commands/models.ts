import { dirname, join } from "node:path";

import { loadModel, readModel } from "@assay/keeper";
import type { Command } from "commander";

import { readClaims } from "../claims.ts";
import { CliError } from "../lib/errors.ts";
import { jsonOption } from "../lib/options.ts";
import { createOutput, table } from "../lib/output.ts";
import { inspectModel, type Inspection } from "../models/inspect.ts";
import { measure, type Quality } from "../models/metrics.ts";

/** `assay models inspect` and `assay models eval`. */
export function modelsCommand(program: Command): void {
  const models = program.command("models").description("model files: what they are, how good they are");

  jsonOption(
    models
      .command("inspect")
      .description(
        "inputs, outputs, size, SHA-256 and manifest of a model; exit code 1 if the hash does not match",
      )
      .argument("<file>", "manifest.json or model.onnx"),
  ).action(async (file: string, options: { json?: boolean }) => {
    const inspection = await inspectModel(file);
    createOutput(options).result(inspection, renderInspection(inspection));
    if (inspection.hashMatches === false) process.exitCode = 1;
  });

  jsonOption(
    models
      .command("eval")
      .description("accuracy, Brier, log loss, calibration and skill of a model on claims with known truth")
      .argument("<file>", "manifest.json or model.onnx with its manifest beside it")
      .requiredOption("--data <file>", "claims, one JSON object a line, each with a truth"),
  ).action(async (file: string, options: { data: string; json?: boolean }) => {
    const { model, quality, unusable } = await evaluate(file, options.data);
    const text = [
      `${model} on ${quality.claims} claims of ${options.data}`,
      renderQuality(quality),
      ...(unusable === 0 ? [] : [`${unusable} claims could not be judged and count as the base rate`]),
    ].join("\n");
    createOutput(options).result({ model, data: options.data, unusable, ...quality }, text);
  });
}

/** Judges the claims as the model does, before a keeper moves its probabilities to a request's base rate. */
async function evaluate(
  file: string,
  data: string,
): Promise<{ model: string; quality: Quality; unusable: number }> {
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
  const model = await loadModel(
    readModel(file.endsWith(".json") ? file : join(dirname(file), "manifest.json")),
  );
  try {
    const judged = await model.judge(claims);
    const unusable = judged.filter((p) => !Number.isFinite(p)).length;
    const quality = measure(
      judged.map((p) => (Number.isFinite(p) ? p : model.baseRate)),
      truths,
    );
    return { model: model.name, quality, unusable };
  } finally {
    await model.close();
  }
}

function renderQuality(q: Quality): string {
  const shown = (value: number) => value.toFixed(4);
  return table(
    ["measure", "value", "meaning"],
    [
      [
        "accuracy",
        shown(q.accuracy),
        `right side of ½; answering always the same: ${shown(q.majorityAccuracy)}`,
      ],
      ["Brier", shown(q.brier), "mean squared distance to the truth, smaller is better"],
      ["log loss", shown(q.logLoss), "nats, smaller is better"],
      ["ECE", shown(q.ece), "calibration error over ten bins, smaller is better"],
      [
        "skill",
        shown(q.skill),
        `against always answering the base rate ${shown(q.baseRate)}; above 0 it knows something`,
      ],
    ],
  );
}

function renderInspection({
  model,
  bytes,
  sha256,
  inputs,
  outputs,
  manifest,
  hashMatches,
}: Inspection): string {
  const ports = [
    ...inputs.map((port) => ["input", port.name, port.type, `[${port.shape.join(", ")}]`]),
    ...outputs.map((port) => ["output", port.name, port.type, `[${port.shape.join(", ")}]`]),
  ];
  const fields = Object.entries(manifest ?? {}).filter(([name]) => name !== "inputs" && name !== "output");
  return [
    `${model}: ${bytes} bytes`,
    `SHA-256 0x${sha256} (the modelHash to register)`,
    hashMatches === undefined
      ? "no manifest beside it"
      : `the manifest ${hashMatches ? "names this file" : `names ANOTHER file: ${JSON.stringify(manifest?.["files"])}`}`,
    table(["port", "name", "type", "shape"], ports),
    ...fields.map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`),
  ].join("\n");
}
