import {
  buildWatches,
  createLogger,
  readWatchConfig,
  secretsOf,
  WATCH_KEY_VARIABLE,
  WATCHES,
  type Outcome,
  type WatchName,
} from "@assay/keeper";
import { InvalidArgumentError, type Command } from "commander";
import { formatEther } from "viem";

import { jsonOption } from "../lib/options.ts";
import { createOutput, table, work } from "../lib/output.ts";

interface Options {
  readonly config: string;
  readonly only?: readonly WatchName[];
  readonly once?: boolean;
  readonly json?: boolean;
}

/** `assay watch`: looks over others without voting. Its log is JSON lines under --json. */
export function watchCommand(program: Command): void {
  const watch = program
    .command("watch")
    .description(`watch over others without voting; the key that sends comes from ${WATCH_KEY_VARIABLE}`)
    .requiredOption("--config <file>", "configuration as of a keeper, see docs/operators.md, Watches")
    .option("--only <names>", `only these of the watches that are switched on: ${WATCHES.join(", ")}`, names)
    .option("--once", "look once, tell what was done and left undone, and stop");
  jsonOption(watch).action(async ({ config: path, only, once, json }: Options) => {
    const config = readWatchConfig(path);
    const log = createLogger({
      // The result of one look is the only output of it.
      level: once === true ? "error" : config.log.level,
      format: json === true ? "json" : config.log.format,
      secrets: secretsOf(config),
    });
    const app = await buildWatches({ config, log, ...(only !== undefined && { only }) });
    try {
      if (once === true) {
        const { outcomes, stats } = await app.once();
        createOutput({ json }).result({ outcomes, stats }, render(outcomes));
        return;
      }
      log.info("watches started", { watches: app.watchers.map(({ name }) => name) });
      await app.run(untilStopped());
    } finally {
      await app.close();
    }
  });
}

function untilStopped(): AbortSignal {
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort());
  process.once("SIGTERM", () => stop.abort());
  return stop.signal;
}

function names(text: string): WatchName[] {
  return text.split(",").map((name) => {
    const found = WATCHES.find((known) => known === name.trim());
    if (found === undefined) throw new InvalidArgumentError(`Watches are ${WATCHES.join(", ")}.`);
    return found;
  });
}

function render(outcomes: readonly Outcome[]): string {
  if (outcomes.length === 0) return "nothing is due";
  return table(
    ["watch", "outcome", "gain", "gas", "what"],
    outcomes.map(({ watch, outcome, gain, gas, data }) => [
      watch,
      outcome.replaceAll("_", " "),
      gain === undefined ? "–" : work(gain),
      gas === undefined ? "–" : `${formatEther(gas)} coin`,
      Object.entries(data)
        .map(([name, value]) => `${name} ${String(value)}`)
        .join(", "),
    ]),
  );
}
