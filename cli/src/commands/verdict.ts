import type { Command } from "commander";
import type { Hex } from "viem";

import { connect } from "../chain/connection.ts";
import { chainOptions, requestIdArgument, type ChainOptions } from "../lib/options.ts";
import { createOutput } from "../lib/output.ts";
import { readVerdict, renderVerdict } from "../verdict/verdict.ts";

/** `assay verdict`: what a committee found, and whether that can still change. */
export function verdictCommand(program: Command): void {
  const verdict = program
    .command("verdict")
    .description(
      "phase, verdict of every claim and committee of a request, recomputed from the revealed votes",
    )
    .argument("<request id>", "id printed by assay request", requestIdArgument);
  chainOptions(verdict).action(async (requestId: Hex, options: ChainOptions) => {
    const found = await readVerdict(await connect(options), requestId);
    createOutput(options).result(found, renderVerdict(found));
    if (found.differences.length > 0) process.exitCode = 1;
  });
}
