/**
 * A real keeper process that kills itself, once, at the step named by ASSAY_CRASH_AT. Started by test/flows/keeperCrash.test.ts.
 * SIGKILL: no handler runs, nothing is flushed that was not flushed before.
 */
import { buildApp } from "../app.ts";
import { readConfig } from "../config.ts";
import { createLogger } from "../lib/logger.ts";

const path = process.argv[2];
if (path === undefined) throw new Error("usage: crashingKeeper.ts CONFIG");
const config = readConfig(path);
const log = createLogger({ ...config.log, secrets: [config.hotKey] });
const app = await buildApp({
  config,
  log,
  onStep: (step) => {
    if (step !== process.env["ASSAY_CRASH_AT"]) return;
    log.warn("crashing on purpose", { step });
    process.kill(process.pid, "SIGKILL");
    // The signal ends the process before this promise could.
    return new Promise(() => {});
  },
});
const stop = new AbortController();
process.once("SIGTERM", () => stop.abort());
await app.run(stop.signal);
await app.close();
