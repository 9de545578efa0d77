import { HOT_KEY_VARIABLE, runKeeper } from "@assay/keeper";
import type { Command } from "commander";

/** `assay keeper run`: its log is its output. */
export function keeperCommand(program: Command): void {
  program
    .command("keeper")
    .description("the off-chain agent of an operator")
    .command("run")
    .description(`run a keeper until SIGINT or SIGTERM; its hot key comes from ${HOT_KEY_VARIABLE}`)
    .requiredOption("--config <file>", "configuration of the keeper, see docs/operators.md")
    .option("--json", "write the log as JSON, whatever log.format says")
    .action(async ({ config, json }: { config: string; json?: boolean }) => {
      // At once: a request to an endpoint that hangs may still be open.
      process.exit(await runKeeper(config, process.env, { json }));
    });
}
