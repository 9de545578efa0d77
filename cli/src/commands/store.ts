import { once } from "node:events";

import { createLogger, startPayloadStore } from "@assay/keeper";
import type { Command } from "commander";

import { integer, jsonOption } from "../lib/options.ts";

interface Options {
  readonly folder: string;
  readonly port: number;
  readonly host: string;
  readonly publicUrl?: string;
  readonly json?: boolean;
}

/** `assay store serve`: a payload store until SIGINT or SIGTERM. */
export function storeCommand(program: Command): void {
  const serve = program
    .command("store")
    .description("payloads by their hash")
    .command("serve")
    .description("serve a folder of payloads: PUT / stores, GET /0x… reads, GET /health tells the state")
    .requiredOption("--folder <dir>", "where the payloads lie; made if it is missing")
    .option("--port <number>", "port to listen on, 0 for any free one", integer(0, 65_535), 8_787)
    .option("--host <address>", "address to listen on", "127.0.0.1")
    .option("--public-url <url>", "how others reach the store, for the URIs it hands out");
  jsonOption(serve).action(async ({ folder, port, host, publicUrl, json }: Options) => {
    const log = createLogger({ format: json === true ? "json" : "pretty" });
    const store = await startPayloadStore({
      folder,
      port,
      host,
      log,
      ...(publicUrl === undefined ? {} : { publicUrl }),
    });
    await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
    await store.close();
  });
}
