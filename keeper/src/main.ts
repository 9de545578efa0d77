import { buildApp } from "./app.ts";
import { readConfig } from "./config.ts";
import { exitCodeOf, renderError } from "./lib/errors.ts";
import { createLogger } from "./lib/logger.ts";

/**
 * Runs a keeper until SIGINT or SIGTERM.
 *
 * @param path configuration file
 * @returns the exit code: 0 stopped on request, 1 fix me, 75 start me again
 */
export async function runKeeper(path: string, environment: NodeJS.ProcessEnv = process.env): Promise<number> {
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  process.once("SIGINT", onSignal);
  process.once("SIGTERM", onSignal);
  let log = createLogger({});
  try {
    const config = readConfig(path, environment);
    log = createLogger({ ...config.log, secrets: [config.hotKey] });
    const app = await buildApp({ config, log });
    log.info("keeper started", { owner: config.owner, domain: config.domain.name });
    await app.run(stop.signal);
    await app.close();
    log.info("keeper stopped");
    return 0;
  } catch (error) {
    log.error("keeper cannot go on", { error: log.scrub(renderError(error)) });
    return exitCodeOf(error);
  } finally {
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
  }
}
