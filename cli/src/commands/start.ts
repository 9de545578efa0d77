import { resolve } from "node:path";

import type { Command } from "commander";

import { toJson } from "../lib/output.ts";
import { DEFAULTS, runLocalNetwork } from "../start/run.ts";

/** `assay start`: the whole network on this machine, once. */
export function startCommand(program: Command): void {
  program
    .command("start")
    .description(
      "run the whole network on this machine: chain, contracts, nine keepers, real claims, verdicts, rewards",
    )
    .option("--params <file>", "protocol and domain parameters of the local chain", DEFAULTS.parameterFile)
    .option("--samples <file>", "claims with known truth, one JSON object a line", DEFAULTS.samples)
    .option(
      "--folder <dir>",
      "where logs, databases and the deployment go; emptied at each start",
      DEFAULTS.folder,
    )
    .option("--json", "print the result as JSON instead of tables")
    .action(async (options: { params: string; samples: string; folder: string; json?: boolean }) => {
      const say = options.json === true ? () => {} : (line: string) => console.log(line);
      const folder = resolve(options.folder);
      const report = await runLocalNetwork({
        parameterFile: resolve(options.params),
        samples: resolve(options.samples),
        folder,
        say,
      });
      if (options.json === true) {
        console.log(toJson(report));
        return;
      }
      say(`
Nothing is left running; logs and databases are in ${folder}.
What to try next:
  npm test                                  every test of contracts, keeper and models
  npm run assay -- --help                   requests, verdicts, explanations, your own keeper
  npm run assay -- models inspect models/grounded/hard-negative/manifest.json
  docs/operators.md, docs/requesters.md     running a keeper, acting on a verdict`);
    });
}
