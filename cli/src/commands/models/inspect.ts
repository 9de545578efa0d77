import { ESTIMATE_BATCH, printable, readRunConfig, type DeclaredPort } from "@assay/keeper";
import type { Command } from "commander";

import { jsonOption, runOption } from "../../lib/options.ts";
import { createOutput, table } from "../../lib/output.ts";
import {
  inspectModel,
  type ChatInspection,
  type GraphInspection,
  type ServerCheck,
} from "../../models/inspect.ts";

/** `assay models inspect` */
export function inspectCommand(models: Command): void {
  const command = jsonOption(
    models
      .command("inspect")
      .description(
        "inputs, outputs, operators, opsets, size, memory and manifest of a model; exit code 1 if keepers would refuse it",
      )
      .argument("<file>", "manifest.json or model.onnx"),
  );
  runOption(command).action(async (file: string, options: { config?: string; json?: boolean }) => {
    const inspection = await inspectModel(file, readRunConfig(options.config));
    const isChat = inspection.kind === "chat";
    createOutput(options).result(inspection, isChat ? renderChat(inspection) : render(inspection));
    const isRefused = !isChat && (inspection.hashMatches === false || inspection.refused !== undefined);
    if (isRefused || inspection.server?.refused !== undefined) process.exitCode = 1;
  });
}

/** Of a stranger's list so much is shown. */
const SHOWN = 60;

function render(inspection: GraphInspection): string {
  const { model, bytes, sha256, inputs, outputs, manifest, hashMatches, refused } = inspection;
  const { opsets, operators, externalFiles, labels, server } = inspection;
  const row = (port: string) => (declared: DeclaredPort) => [
    port,
    declared.name,
    declared.type,
    declared.shape === undefined
      ? "not declared"
      : `[${declared.shape.map((size) => size || "?").join(", ")}]`,
  ];
  const fields = Object.entries(manifest ?? {}).filter(([name]) => name !== "inputs" && name !== "output");
  const ports = [...inputs.map(row("input")), ...outputs.map(row("output"))];
  return [
    `${model}: ${bytes} bytes`,
    `SHA-256 0x${sha256} (the modelHash to register)`,
    ...(refused === undefined
      ? []
      : [
          `REFUSED [${refused.code}]: ${printable(refused.given)}; allowed is ${printable(refused.allowed)}. ${refused.advice ?? ""}`,
        ]),
    table(["port", "name", "type", "shape"], ports.slice(0, SHOWN)),
    ...(ports.length > SHOWN ? [`and ${ports.length - SHOWN} more inputs and outputs`] : []),
    `opsets: ${list(counted(opsets, " "))}`,
    `operators: ${list(counted(operators, " × "))}`,
    `external data: ${list(externalFiles) || "none"}`,
    memoryLine(inspection),
    ...(labels === undefined ? [] : [`classes: ${list(labels)}`]),
    ...serverLine(server),
    hashMatches === undefined
      ? "no manifest beside it, so it was opened and not tried: assay models init writes one"
      : `the manifest ${hashMatches ? "names this file" : `names ANOTHER file: ${printable(JSON.stringify(manifest?.["files"]))}`}`,
    ...fields.map(([name, value]) => fieldLine(name, value)),
  ].join("\n");
}

function renderChat({ model, hash, manifest, conversation, server }: ChatInspection): string {
  const { $schema: _schema, prompt, ...fields } = manifest;
  const { answers } = prompt;
  return [
    `${model}: a chat model`,
    `${hash} (the modelHash to register: of this manifest)`,
    table(
      ["answer", "word", "stands for, without log-probabilities"],
      (["true", "false"] as const).map((name) => [name, answers[name].word, answers[name].probability]),
    ),
    "asked about a made-up claim:",
    ...conversation.map(({ role, content }) => `  ${role}: ${JSON.stringify(content)}`),
    ...(server === undefined
      ? ["no server was asked: name the keeper.json with --config"]
      : serverLine(server)),
    ...Object.entries(fields).map(([name, value]) => fieldLine(name, value)),
  ].join("\n");
}

function serverLine(server: ServerCheck | undefined): string[] {
  if (server === undefined) return [];
  const { url, refused } = server;
  return [refused === undefined ? `server ${url}: serves it` : `SERVER REFUSED ${url}: ${refused}`];
}

function fieldLine(name: string, value: unknown): string {
  return printable(`${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`, 2_000);
}

function counted(entries: Readonly<Record<string, number>>, between: string): string[] {
  return Object.entries(entries)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, number]) => `${name}${between}${number}`);
}

function list(texts: readonly string[]): string {
  const more = texts.length > SHOWN ? `, and ${texts.length - SHOWN} more` : "";
  return (
    texts
      .slice(0, SHOWN)
      .map((text) => printable(text, 120))
      .join(", ") + more
  );
}

function memoryLine({ memory: { weights, activations, unseen } }: GraphInspection): string {
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
