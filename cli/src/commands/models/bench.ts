import type { Command } from "commander";

import { jsonOption } from "../../lib/options.ts";
import { createOutput, table } from "../../lib/output.ts";
import { benchModel, type Bench } from "../../models/bench.ts";
import { manifestOf } from "../../models/evaluate.ts";

/** `assay models bench` */
export function benchCommand(models: Command): void {
  jsonOption(
    models
      .command("bench")
      .description("load time, time per claim at batches of 1, 8 and 64, and memory, in a process of its own")
      .argument("<file>", "manifest.json or model.onnx with its manifest beside it")
      .option("--data <file>", "claims to judge; made-up ones without it"),
  ).action(async (file: string, options: { data?: string; json?: boolean }) => {
    const bench = await benchModel(manifestOf(file), options.data);
    createOutput(options).result(bench, render(bench));
  });
}

function render({ model, loadMs, firstMs, batches, peakBytes, bytesBefore }: Bench): string {
  const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
  return [
    `${model}: loaded in ${loadMs.toFixed(0)} ms, first claim in ${firstMs.toFixed(1)} ms`,
    table(
      ["claims at once", "ms a claim (median)", "claims a second", "runs"],
      batches.map(({ size, msPerClaim, runs }) => [
        size,
        msPerClaim.toFixed(3),
        (1000 / msPerClaim).toFixed(0),
        runs,
      ]),
    ),
    `peak memory ${mebibytes(peakBytes)}, of which ${mebibytes(bytesBefore)} before the model was read (Node and onnxruntime)`,
  ].join("\n");
}
