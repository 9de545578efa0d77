import type { Command } from "commander";

import { benchCommand } from "./models/bench.ts";
import { calibrateCommand } from "./models/calibrate.ts";
import { evalCommand } from "./models/eval.ts";
import { hashCommand } from "./models/hash.ts";
import { initCommand } from "./models/init.ts";
import { initChatCommand } from "./models/initChat.ts";
import { inspectCommand } from "./models/inspect.ts";
import { verifyCommand } from "./models/verify.ts";

/** `assay models`: from a model file to a model one can vote with. */
export function modelsCommand(program: Command): void {
  const models = program
    .command("models")
    .description("model files: describe, look into, measure, calibrate and try them")
    .addHelpText(
      "after",
      "\nFrom file to first vote: init (init-chat for a language model at a server), inspect, verify, eval, calibrate, bench, then register (docs/operators.md).",
    );
  initCommand(models);
  initChatCommand(models);
  inspectCommand(models);
  hashCommand(models);
  verifyCommand(models);
  evalCommand(models);
  calibrateCommand(models);
  benchCommand(models);
}
