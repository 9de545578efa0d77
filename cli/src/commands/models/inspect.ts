import { printable } from "@assay/keeper";
import type { Command } from "commander";

import { jsonOption } from "../../lib/options.ts";
import { createOutput, table } from "../../lib/output.ts";
import { ESTIMATE_BATCH, type DeclaredPort } from "../../models/graph.ts";
import { inspectModel, type Inspection } from "../../models/inspect.ts";

/** `assay models inspect` */
export function inspectCommand(models: Command): void {
  jsonOption(
    models
      .command("inspect")
      .description(
        "inputs, outputs, operators, opsets, size, memory and manifest of a model; exit code 1 if keepers would refuse it",
      )
      .argument("<file>", "manifest.json or model.onnx"),
  ).action(async (file: string, options: { json?: boolean }) => {
    const inspection = await inspectModel(file);
    createOutput(options).result(inspection, render(inspection));
    const { hashMatches, refused } = inspection;
    if (hashMatches === false || refused !== undefined) process.exitCode = 1;
  });
}

function render(inspection: Inspection): string {
  const { model, bytes, sha256, inputs, outputs, manifest, hashMatches, refused } = inspection;
  const { opsets, operators, externalFiles, labels } = inspection;
  const row = (port: string) => (declared: DeclaredPort) => [
    port,
    declared.name,
    declared.type,
    declared.shape === undefined
      ? "not declared"
      : `[${declared.shape.map((size) => size || "?").join(", ")}]`,
  ];
  const fields = Object.entries(manifest ?? {}).filter(([name]) => name !== "inputs" && name !== "output");
  return [
    `${model}: ${bytes} bytes`,
    `SHA-256 0x${sha256} (the modelHash to register)`,
    ...(refused === undefined
      ? []
      : [`REFUSED [${refused.code}]: ${printable(refused.given)}. ${refused.advice ?? ""}`]),
    table(["port", "name", "type", "shape"], [...inputs.map(row("input")), ...outputs.map(row("output"))]),
    `opsets: ${list(opsets, " ")}`,
    `operators: ${list(operators, " × ")}`,
    `external data: ${externalFiles.map((file) => printable(file)).join(", ") || "none"}`,
    memoryLine(inspection),
    ...(labels === undefined ? [] : [`classes: ${labels.join(", ")}`]),
    hashMatches === undefined
      ? "no manifest beside it: assay models init writes one"
      : `the manifest ${hashMatches ? "names this file" : `names ANOTHER file: ${JSON.stringify(manifest?.["files"])}`}`,
    ...fields.map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`),
  ].join("\n");
}

function list(entries: Readonly<Record<string, number>>, between: string): string {
  return Object.entries(entries)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, number]) => `${name}${between}${number}`)
    .join(", ");
}

function memoryLine({ memory: { weights, activations, unseen } }: Inspection): string {
  const unknown = unseen === 0 ? "" : `; ${unseen} inner results declare none and are not counted`;
  return (
    `estimated memory: ${size(weights + activations)} beside the runtime itself: weights ${size(weights)}, ` +
    `activations ${size(activations)} (twice the largest tensor with a declared shape, for ${ESTIMATE_BATCH} claims at ` +
    `once${unknown}); assay models bench measures`
  );
}

function size(bytes: number): string {
  const [value, unit] = bytes < 2 ** 20 ? [bytes / 2 ** 10, "KiB"] : [bytes / 2 ** 20, "MiB"];
  return `${value.toFixed(1)} ${unit}`;
}
