import { readRunConfig } from "@assay/keeper";
import type { Command } from "commander";

import { integer, jsonOption, runOption } from "../../lib/options.ts";
import { createOutput } from "../../lib/output.ts";
import { manifestOf } from "../../models/open.ts";
import { RUNS, verifyModel, type Check } from "../../models/verify.ts";

interface VerifyOptions {
  readonly runs: number;
  readonly config?: string;
  readonly json?: boolean;
}

/** `assay models verify` */
export function verifyCommand(models: Command): void {
  const command = jsonOption(
    models
      .command("verify")
      .description(
        "hashes, finite answers on made-up claims, batches like single claims, 100 equal runs; exit code 1 if one fails",
      )
      .argument("<file>", "manifest.json or model.onnx with its manifest beside it")
      .option("--runs <n>", "runs that must be equal", integer(2, 10_000), RUNS),
  );
  runOption(command).action(async (file: string, options: VerifyOptions) => {
    const verification = await verifyModel(manifestOf(file), {
      run: readRunConfig(options.config),
      runs: options.runs,
    });
    const { model, checks, votes, votesDiffer, trouble } = verification;
    const passed = checks.every((check) => check.passed);
    const said =
      votesDiffer === 0
        ? "no vote byte ever differs between batch sizes or runs"
        : `${votesDiffer} of ${votes} vote bytes differ between batch sizes or runs`;
    createOutput(options).result(
      { ...verification, passed },
      [
        model,
        ...checks.map((check) => `${wordOf(check)} ${check.name}: ${check.detail}`),
        ...(votes === 0 ? [] : [`     votes: ${said}`]),
        ...trouble.map((reason) => `     trouble: ${reason}`),
      ].join("\n"),
    );
    if (!passed) process.exitCode = 1;
  });
}

function wordOf({ passed, skipped }: Check): string {
  if (skipped === true) return "skip";
  return passed ? "ok  " : "FAIL";
}
