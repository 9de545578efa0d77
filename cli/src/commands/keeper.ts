import { HOT_KEY_VARIABLE, runKeeper } from "@assay/keeper";
import type { Command } from "commander";

/** `assay keeper run`. Its log is JSON already, so there is nothing for --json to change. */
export function keeperCommand(program: Command): void {
  program
    .command("keeper")
    .description("the off-chain agent of an operator")
    .command("run")
    .description(`run a keeper until SIGINT or SIGTERM; its hot key comes from ${HOT_KEY_VARIABLE}`)
    .requiredOption("--config <file>", "configuration of the keeper, see docs/operators.md")
    .option("--json", "has no effect: the log's format is set in the configuration")
    .action(async ({ config }: { config: string }) => {
      // At once: a request to an endpoint that hangs may still be open.
      process.exit(await runKeeper(config));
    });
}
