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

function render({ model, loadMs, batches, peakMb, bareMb, abstained, claims }: Bench): string {
  return [
    `${model}: loaded and tried in ${loadMs.toFixed(0)} ms`,
    table(
      ["claims at once", "ms a claim (median)", "claims a second", "runs"],
      batches.map(({ size, msPerClaim, runs }) => [
        size,
        msPerClaim.toFixed(3),
        (1000 / msPerClaim).toFixed(0),
        runs,
      ]),
    ),
    peakMb === 0
      ? "peak memory: not told by this system"
      : `peak memory of the model's process ${peakMb.toFixed(0)} MiB, of which ${bareMb.toFixed(0)} before it read the model; inference.memoryMb must be above`,
    ...(abstained === 0 ? [] : [`WARNING: ${abstained} of ${claims} claims got no probability`]),
  ].join("\n");
}
