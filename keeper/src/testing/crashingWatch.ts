/**
 * Real watches in a process that looks once and kills itself at the step named by ASSAY_CRASH_AT. SIGKILL: no handler
 * runs, nothing is written that was not written before.
 */
import { readWatchConfig } from "../config.ts";
import { createLogger } from "../lib/logger.ts";
import { buildWatches } from "../watchApp.ts";

const path = process.argv[2];
if (path === undefined) throw new Error("usage: crashingWatch.ts CONFIG");
const config = readWatchConfig(path);
const app = await buildWatches({
  config,
  log: createLogger({ level: "warn", secrets: [config.hotKey] }),
  onStep: (step) => {
    if (step !== process.env["ASSAY_CRASH_AT"]) return;
    process.kill(process.pid, "SIGKILL");
    // The signal ends the process before this promise could.
    return new Promise(() => {});
  },
});
await app.once();
await app.close();
