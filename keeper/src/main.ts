import { setTimeout as sleep } from "node:timers/promises";

import { buildApp, type App } from "./app.ts";
import { brief } from "./chain/trouble.ts";
import { readConfig, secretsOf } from "./config.ts";
import { exitCodeOf, renderError } from "./lib/errors.ts";
import { createLogger } from "./lib/logger.ts";

/** Milliseconds a start that is stopped has to close what it opened. */
const GRACE_MS = 1_000;

/**
 * Runs a keeper until SIGINT or SIGTERM.
 *
 * @param path configuration file
 * @param json the log is JSON, whatever the file says
 * @returns the exit code: 0 stopped on request, 1 fix me, 75 start me again
 */
export async function runKeeper(
  path: string,
  environment: NodeJS.ProcessEnv = process.env,
  { json = false }: { json?: boolean | undefined } = {},
): Promise<number> {
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  let log = createLogger({});
  // A library's forgotten promise is told and is no reason to miss a reveal.
  const onRejection = (error: unknown): void => log.error("unhandled rejection", { error: brief(error) });
  process.once("SIGINT", onSignal);
  process.once("SIGTERM", onSignal);
  process.on("unhandledRejection", onRejection);
  let app: App | undefined;
  try {
    const config = readConfig(path, environment);
    log = createLogger({ ...config.log, ...(json && { format: "json" }), secrets: secretsOf(config) });
    const built = buildApp({ config, log, signal: stop.signal });
    app = await Promise.race([built, aborted(stop.signal)]);
    if (app !== undefined) {
      log.info("keeper started", { owner: config.owner, domain: config.domain.name });
      await app.run(stop.signal);
    } else {
      // A start that is stopped closes what it opened, unless it waits for somebody who does not answer.
      const closed = built.then(
        (late) => late.close(),
        () => undefined,
      );
      await Promise.race([closed, sleep(GRACE_MS, undefined, { ref: false })]);
    }
    log.info("keeper stopped");
    return 0;
  } catch (error) {
    log.error("keeper cannot go on", { error: log.scrub(renderError(error)) });
    return exitCodeOf(error);
  } finally {
    await app?.close();
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
    process.off("unhandledRejection", onRejection);
  }
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
}
