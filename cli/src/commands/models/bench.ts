import { readRunConfig } from "@assay/keeper";
import type { Command } from "commander";

import { jsonOption, runOption } from "../../lib/options.ts";
import { createOutput, table } from "../../lib/output.ts";
import { benchModel, type Bench } from "../../models/bench.ts";
import { manifestOf } from "../../models/open.ts";

/** `assay models bench` */
export function benchCommand(models: Command): void {
  const command = jsonOption(
    models
      .command("bench")
      .description(
        "load time, time per claim at batches of 1, 8 and 64, and memory, in a process of its own or at a server",
      )
      .argument("<file>", "manifest.json or model.onnx with its manifest beside it")
      .option("--data <file>", "claims to judge; made-up ones without it"),
  );
  runOption(command).action(
    async (file: string, options: { data?: string; config?: string; json?: boolean }) => {
      const bench = await benchModel(manifestOf(file), options.data, readRunConfig(options.config));
      createOutput(options).result(bench, render(bench));
    },
  );
}

function render(bench: Bench): string {
  const { model, where, loadMs, batches, abstained, claims, trouble } = bench;
  return [
    where === "here"
      ? `${model}: loaded and tried in ${loadMs.toFixed(0)} ms`
      : `${model}: the server gave its first answer in ${loadMs.toFixed(0)} ms; the way there and back is in all times`,
    table(
      ["claims at once", "ms a claim (median)", "claims a second", "runs"],
      batches.map(({ size, msPerClaim, runs }) => [
        size,
        msPerClaim.toFixed(3),
        (1000 / msPerClaim).toFixed(0),
        runs,
      ]),
    ),
    memoryLine(bench),
    ...(abstained === 0 ? [] : [`WARNING: ${abstained} of ${claims} claims got no probability`]),
    ...trouble.map((reason) => `WARNING: ${reason}`),
  ].join("\n");
}

function memoryLine({ where, peakMb, bareMb }: Bench): string {
  if (where === "server") return "memory: skipped, it is the server's and the protocol does not tell";
  if (peakMb === 0) return "peak memory: not told by this system";
  return `peak memory of the model's process ${peakMb.toFixed(0)} MiB, of which ${bareMb.toFixed(0)} before it read the model; inference.memoryMb must be above`;
}
