import type { Command } from "commander";

import { jsonOption } from "../../lib/options.ts";
import { createOutput } from "../../lib/output.ts";
import { manifestOf } from "../../models/evaluate.ts";
import { verifyModel } from "../../models/verify.ts";

/** `assay models verify` */
export function verifyCommand(models: Command): void {
  jsonOption(
    models
      .command("verify")
      .description(
        "hashes, finite answers on made-up claims, batches like single claims, 100 equal runs; exit code 1 if one fails",
      )
      .argument("<file>", "manifest.json or model.onnx with its manifest beside it"),
  ).action(async (file: string, options: { json?: boolean }) => {
    const verification = await verifyModel(manifestOf(file));
    const { model, checks, votes, votesDiffer } = verification;
    const passed = checks.every((check) => check.passed);
    const said =
      votesDiffer === 0
        ? "no vote byte ever differs between batch sizes or runs"
        : `${votesDiffer} of ${votes} vote bytes differ between batch sizes or runs`;
    createOutput(options).result(
      { ...verification, passed },
      [
        model,
        ...checks.map(({ name, passed: ok, detail }) => `${ok ? "ok  " : "FAIL"} ${name}: ${detail}`),
        ...(votes === 0 ? [] : [`     votes: ${said}`]),
      ].join("\n"),
    );
    if (!passed) process.exitCode = 1;
  });
}
